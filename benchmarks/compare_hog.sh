#!/bin/bash
# Runs benchmarks/hog.cc and its Go twin in turn, and prints the lateness of
# each and heddle's as a ratio to Go's. Arguments: the number of rounds (3).
#
#   benchmarks/compare_hog.sh
#
# No sh_binary: Bazel 9 has none of its own.
set -euo pipefail
root="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
rounds="${1:-3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$root"
tools/bazel build -c opt //benchmarks:hog
hog="$(tools/bazel info -c opt bazel-bin)/benchmarks/hog"
benchmarks/peers/build_go hog "$work/hog"

printf '%-6s %-12s %10s %10s %10s | %10s %10s %10s | %s\n' \
  round 'procs hogs' 'p50 us' 'p99' 'max' 'Go p50 us' 'p99' 'max' 'ratio p50, p99'
for ((round = 1; round <= rounds; round++)); do
  "$hog" --benchmark_format=csv 2>/dev/null |
    sed -n 's|^"BM_SleeperBesideHogs/\([0-9]*\)/\([0-9]*\)/.*|\1 \2,&|p' |
    awk -F, '{ n = NF; print $1, $(n - 1), $n, $(n - 2) }' >"$work/ours"
  "$work/hog" >"$work/go"
  paste -d' ' "$work/ours" "$work/go" | while read -r procs hogs p50 p99 max _ _ g50 g99 gmax; do
    awk -v r="$round" -v a="$procs $hogs" -v p="$p50" -v q="$p99" -v m="$max" -v gp="$g50" -v gq="$g99" -v gm="$gmax" \
      'BEGIN { printf "%-6s %-12s %10.0f %10.0f %10.0f | %10.0f %10.0f %10.0f | %.3f %.3f\n", r, a, p, q, m, gp, gq, gm, p / gp, q / gq }'
  done
done
