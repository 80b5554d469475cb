// What the dashboard computes from samples. The simple parts are
// simple-statistics' own; it has no exact p-value of the rank test, so that is
// here.
import {load} from './packages.mjs';

const {median, min, max, geometricMean} = load('simple-statistics');
export {median, geometricMean};

// Samples as the page shows them; null for none.
export function spread(samples) {
  if (!samples?.length) return null;
  return {median: median(samples), min: min(samples), max: max(samples), n: samples.length};
}

// Pair by pair, as both samples of a pair were taken beside each other and share
// the machine's mood. A pair whose divisor is 0 has no ratio.
export function ratios(ours, theirs) {
  return ours.map((x, i) => [x, theirs[i]]).filter(([, y]) => y > 0).map(([x, y]) => x / y);
}

// Each value's place in sorted order, from 1, twice: equal values share the mean
// of their places, and doubling keeps that a whole number.
function doubledRanks(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((v) => sorted.indexOf(v) + sorted.lastIndexOf(v) + 2);
}

// Mann–Whitney U, two-sided and exact, ties included: of all ways to deal the
// pooled ranks to two sides of these sizes, the share whose rank sum is at least as
// far from the mean as the one seen. Counted sum by sum: ways[k][s] is the
// number of ways to take k ranks that sum up to s.
export function mannWhitney(a, b) {
  const ranks = doubledRanks([...a, ...b]);
  const total = ranks.reduce((x, y) => x + y, 0);
  const ways = Array.from({length: a.length + 1}, () => new Float64Array(total + 1));
  ways[0][0] = 1;
  ranks.forEach((rank, seen) => {
    for (let k = Math.min(seen + 1, a.length); k >= 1; k--) {
      for (let s = total; s >= rank; s--) ways[k][s] += ways[k - 1][s - rank];
    }
  });
  const mean = (total * a.length) / ranks.length;
  const distance = Math.abs(ranks.slice(0, a.length).reduce((x, y) => x + y, 0) - mean);
  let all = 0;
  let extreme = 0;
  ways[a.length].forEach((count, sum) => {
    all += count;
    // A whole number of halves at most: the slack is for the mean's division.
    if (Math.abs(sum - mean) >= distance - 1e-6) extreme += count;
  });
  return extreme / all;
}
