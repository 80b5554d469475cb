// When a row has become worse, and when it is only the machine's noise. The rule,
// as docs/dashboard.md tells it to readers:
//
//   what is compared  heddle ÷ Go, pair by pair, where both results have the same
//                     Go beside them: a slow minute of the machine slows both.
//                     Otherwise heddle's own samples.
//   a change          1. the samples are apart: Mann–Whitney's U test, exact and
//                        two-sided, gives p ≤ 0.05, or, with fewer than 4 samples
//                        on a side, the two intervals do not overlap; and
//                     2. the median moved by more than 5 %, and by more than 3
//                        times what it usually moves from result to result.
//   instructions      do not jitter: more than 3 % is a change.
//
// Test 1 alone would cry wolf: samples of one run share its layout of memory and
// its neighbours on the machine, so that two runs of the same binary differ by
// more than the samples within each.
import {mannWhitney, median, ratios, spread} from './stats.mjs';

export const rule = {
  alpha: 0.05,
  leastMove: 0.05,
  leastSamples: 4,
  usualMoves: 3, // times the usual move
  leastHistory: 5, // moves, before which none is usual
  instructions: 0.03,
};

// The samples by which rows of two results are compared, and their name.
export function comparable(now, then) {
  const sameGo = now.row.peers.go && then.row.peers.go && now.result.peers.go === then.result.peers.go;
  if (sameGo) {
    const pair = [now, then].map(({row}) => ratios(row.heddle, row.peers.go));
    if (pair.every((r) => r.length)) return {by: 'go', now: pair[0], then: pair[1]};
  }
  return {by: 'self', now: now.row.heddle, then: then.row.heddle};
}

function apart(a, b) {
  if (Math.min(a.length, b.length) < rule.leastSamples) {
    const [x, y] = [spread(a), spread(b)];
    return x.min > y.max || y.min > x.max;
  }
  return mannWhitney(a, b) <= rule.alpha;
}

// How far medians are apart, in logarithms: as far up as down. 0 has none.
function move(now, then) {
  const [x, y] = [median(now), median(then)];
  if (x === y) return 0;
  return x > 0 && y > 0 ? Math.log(x / y) : Math.sign(x - y) * Infinity;
}

// How far each of a row's results is from the one before. `points` are
// {row, result}, the oldest first.
export function moves(points) {
  return points.slice(1).map((point, i) => {
    const {now, then} = comparable(point, points[i]);
    return Math.abs(move(now, then));
  });
}

// What a row usually moves, by its moves so far; 0 where there are too few to say.
export function usualMove(soFar) {
  const finite = soFar.filter(Number.isFinite);
  return finite.length < rule.leastHistory ? 0 : median(finite);
}

// How `now` is beside `then`, both {row, result}; `usual` is usualMove() of the
// moves before `now`.
export function compare(now, then, usual = 0) {
  const samples = comparable(now, then);
  const far = move(samples.now, samples.then);
  const needed = Math.max(Math.log(1 + rule.leastMove), rule.usualMoves * usual);
  const changed = Math.abs(far) > needed && apart(samples.now, samples.then);
  return {
    by: samples.by,
    ratio: ratioOf(far),
    needed: Math.exp(needed),
    verdict: !changed ? 'same' : far > 0 ? 'worse' : 'better',
  };
}

export function compareInstructions(now, then) {
  const far = move([now], [then]);
  const changed = Math.abs(far) > Math.log(1 + rule.instructions);
  return {ratio: ratioOf(far), verdict: !changed ? 'same' : far > 0 ? 'worse' : 'better'};
}

// From nothing to something there is no ratio that JSON knows.
const ratioOf = (far) => (Number.isFinite(far) ? Math.exp(far) : null);
