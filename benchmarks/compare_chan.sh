#!/bin/bash
# Runs benchmarks/chan.cc and its Go twin in turn, row by row, and prints the
# nanoseconds of each and heddle's as a ratio to Go's. Arguments: rounds (3), a
# regular expression for rows (all but the smoke test's).
#
#   benchmarks/compare_chan.sh
#
# No sh_binary: Bazel 9 has none of its own.
set -euo pipefail
root="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
rounds="${1:-3}"
rows="${2:-.}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$root"
tools/bazel build -c opt //benchmarks:chan
chan="$(tools/bazel info -c opt bazel-bin)/benchmarks/chan"
benchmarks/peers/build_go chan "$work/go_chan"

# Names as "BM_Buffered/1/100000/4".
"$chan" --benchmark_list_tests | sed 's|/iterations:.*||; s|/manual_time||' |
  grep -Ev '/1000$|/12$' | grep -E "$rows" >"$work/rows"
printf '%-6s %-36s %12s %12s %8s\n' round row heddle Go ratio
for ((round = 1; round <= rounds; round++)); do
  while read -r row; do
    IFS=/ read -r name procs args <<<"$row"
    us="$("$chan" --benchmark_filter="^$row/(iterations|manual_time)" --benchmark_min_time=0.25 --benchmark_format=json 2>/dev/null |
      sed -n 's/^ *"ns": \([0-9.e+-]*\),\{0,1\}$/\1/p')"
    # shellcheck disable=SC2086
    them="$("$work/go_chan" "$procs" "$name" ${args//\// })"
    awk -v r="$round" -v n="$row" -v u="$us" -v t="$them" \
      'BEGIN { printf "%-6s %-36s %12.1f %12.1f %8.3f\n", r, n, u, t, u / t }'
  done <"$work/rows"
done
