#!/bin/bash
# Runs benchmarks/timers.cc and its Go twin in turn, and prints the figures of
# each and heddle's as ratios to Go's. Arguments: the number of rounds (3).
#
#   benchmarks/compare_timers.sh
#
# No sh_binary: Bazel 9 has none of its own.
set -euo pipefail
root="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
rounds="${1:-3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$root"
tools/bazel build -c opt //benchmarks:timers
timers="$(tools/bazel info -c opt bazel-bin)/benchmarks/timers"
benchmarks/peers/build_go timers "$work/go_timers"

# Lines of "row/procs/figure value", of procs $1: each counter, and the time per
# item.
ours() {
  "$timers" --benchmark_filter="^BM_(Sleepers/$1/1000000|(SleepIdle|StartStop|Reset|AfterFunc)/$1)/" \
    --benchmark_format=json 2>/dev/null |
    sed -n 's/^ *"\(name\|real_time\|items_per_second\|cpu_s\|late_[a-z0-9_]*\)": "\{0,1\}\([^",]*\).*/\1 \2/p' |
    awk -v procs="$1" '
      $1 == "name" { split($2, part, "/"); row = substr(part[1], 4) "/" procs; next }
      $1 == "items_per_second" { print row "/ns", 1e9 / $2; next }
      $1 == "real_time" { if (row ~ /^(StartStop|Reset)/) print row "/ns", $2; next }
      { print row "/" $1, $2 }'
}

printf '%-6s %-26s %12s %12s %8s\n' round figure heddle Go ratio
for ((round = 1; round <= rounds; round++)); do
  for procs in 1 2; do
    ours "$procs" | sort >"$work/ours"
    "$work/go_timers" "$procs" 1000000 | sed 's| |/|' | sort >"$work/go"
    join "$work/ours" "$work/go" | while read -r name us them; do
      awk -v r="$round" -v n="$name" -v u="$us" -v t="$them" \
        'BEGIN { printf "%-6s %-26s %12.3f %12.3f %8.2f\n", r, n, u, t, u / t }'
    done
  done
done
