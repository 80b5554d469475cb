// The statistics, against values worked out by hand or by counting all cases.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {mannWhitney, ratios, spread} from './stats.mjs';

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

test('spread: median, least, greatest', () => {
  assert.deepEqual(spread([3, 1, 2, 10]), {median: 2.5, min: 1, max: 10, n: 4});
  assert.equal(spread([]), null);
  assert.equal(spread(undefined), null);
});

test('ratios are taken pair by pair, and not of medians', () => {
  assert.deepEqual(ratios([1, 4, 9], [2, 4, 3]), [0.5, 1, 3]);
  assert.deepEqual(ratios([1, 4], [0, 8]), [0.5]);
});

test('Mann–Whitney: sides that do not overlap', () => {
  near(mannWhitney([1, 2, 3], [4, 5, 6]), 2 / 20);
  near(mannWhitney([1, 2, 3, 4], [5, 6, 7, 8]), 2 / 70);
  near(mannWhitney([15, 16, 17, 18, 19], [1, 2, 3, 4, 5]), 2 / 252);
});

test('Mann–Whitney: one overlap of four is not enough for 5 %', () => {
  near(mannWhitney([1, 2, 3, 5], [4, 6, 7, 8]), 4 / 70);
});

test('Mann–Whitney: the same on both sides', () => {
  near(mannWhitney([1, 1, 1, 1], [1, 1, 1, 1]), 1);
  near(mannWhitney([1, 4], [2, 3]), 1);
});

// All ways to deal the pooled values to sides, one by one.
function byCounting(a, b) {
  const pool = [...a, ...b];
  const wins = (x, y) => x.flatMap((p) => y.map((q) => (p > q) - (p < q))).reduce((s, v) => s + v, 0);
  const seen = Math.abs(wins(a, b));
  let all = 0;
  let extreme = 0;
  for (let set = 0; set < 1 << pool.length; set++) {
    const x = pool.filter((_, i) => set & (1 << i));
    if (x.length !== a.length) continue;
    all++;
    if (Math.abs(wins(x, pool.filter((_, i) => !(set & (1 << i))))) >= seen) extreme++;
  }
  return extreme / all;
}

test('Mann–Whitney: as counted, with ties and sides of unlike sizes', () => {
  for (const [a, b] of [[[1, 2, 2, 3], [2, 3, 3, 4, 4]], [[5, 1, 5], [5, 5, 9, 9]], [[1, 2, 3, 9], [4, 5, 6, 7, 8]], [[0, 0, 7, 7, 7], [7, 0, 7]]]) {
    near(mannWhitney(a, b), byCounting(a, b));
  }
});
