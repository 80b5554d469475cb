#!/bin/bash
# Runs benchmarks/stacks.cc and its Go twin in turn, and prints the figures of
# each and heddle's as ratios to Go's. A million goroutines: 4.4 GB of memory.
# Argument: rounds (3).
#
#   benchmarks/compare_stacks.sh
#
# No sh_binary: Bazel 9 has none of its own.
set -euo pipefail
root="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
rounds="${1:-3}"
goroutines=1000000
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$root"
tools/bazel build -c opt //benchmarks:stacks
stacks="$(tools/bazel info -c opt bazel-bin)/benchmarks/stacks"
benchmarks/peers/build_go stacks "$work/go_stacks"

# Lines of "name value" from a line of counters.
ours() {
  "$stacks" --benchmark_filter="^BM_Parked/$1/$2/$goroutines/" --benchmark_format=json 2>/dev/null |
    sed -n 's/^ *"\([a-z_]*_ns\|bytes[a-z_]*\)": \([0-9.e+-]*\),\{0,1\}$/\1 \2/p'
}

printf '%-6s %-6s %-7s %-16s %12s %12s %8s\n' round procs stack figure heddle Go ratio
for ((round = 1; round <= rounds; round++)); do
  for procs in 1 2; do
    for stack in 65536 2048; do
      ours "$procs" "$stack" | sort >"$work/ours"
      "$work/go_stacks" "$procs" "$goroutines" | sort >"$work/go"
      join "$work/ours" "$work/go" | while read -r name us them; do
        awk -v r="$round" -v p="$procs" -v s="$stack" -v n="$name" -v u="$us" -v t="$them" \
          'BEGIN { printf "%-6s %-6s %-7s %-16s %12.1f %12.1f %8.2f\n", r, p, s, n, u, t, u / t }'
      done
    done
  done
done
