#!/bin/bash
# Runs benchmarks/NAME.cc and its Go twin in turn, row by row, and prints the
# nanoseconds of each and heddle's as a ratio to Go's. NAME is chan or sync.
# Further arguments: rounds (3), a regular expression for rows (all but those of
# the smoke test's alone).
#
#   benchmarks/compare_rows.sh chan
#
# No sh_binary: Bazel 9 has none of its own.
set -euo pipefail
root="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
name="${1:?which benchmark: chan or sync}"
rounds="${2:-3}"
rows="${3:-.}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$root"
tools/bazel build -c opt "//benchmarks:$name"
ours="$(tools/bazel info -c opt bazel-bin)/benchmarks/$name"
benchmarks/peers/build_go "$name" "$work/go"

# Names as "BM_Buffered/1/100000/4".
"$ours" --benchmark_list_tests | sed 's|/iterations:.*||; s|/manual_time||' |
  grep -Ev 'Skynet/./1000$|Fib/./12$' | grep -E "$rows" >"$work/rows"
printf '%-6s %-36s %12s %12s %8s\n' round row heddle Go ratio
for ((round = 1; round <= rounds; round++)); do
  while read -r row; do
    IFS=/ read -r bm procs args <<<"$row"
    us="$("$ours" --benchmark_filter="^$row/(iterations|manual_time)" --benchmark_min_time=0.25 --benchmark_format=json 2>/dev/null |
      sed -n 's/^ *"ns": \([0-9.e+-]*\),\{0,1\}$/\1/p')"
    # shellcheck disable=SC2086
    them="$("$work/go" "$procs" "$bm" ${args//\// })"
    awk -v r="$round" -v n="$row" -v u="$us" -v t="$them" \
      'BEGIN { printf "%-6s %-36s %12.1f %12.1f %8.3f\n", r, n, u, t, u / t }'
  done <"$work/rows"
done
