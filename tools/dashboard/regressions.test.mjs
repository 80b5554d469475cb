// The rule of docs/dashboard.md, clause by clause: each test breaks one, and only
// that one.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {compare, compareInstructions, moves, usualMove} from './regressions.mjs';
import {point} from './testdata/rows.mjs';

const verdict = (now, then, usual) => compare(now, then, usual).verdict;
const steady = [100, 101, 102, 103, 104];
const times = (samples, factor) => samples.map((x) => x * factor);

test('a row that is 20 % slower, its samples apart, is worse; the other way round, better', () => {
  const slower = point(times(steady, 1.2));
  assert.equal(verdict(slower, point(steady)), 'worse');
  assert.equal(verdict(point(steady), slower), 'better');
  assert.equal(compare(slower, point(steady)).ratio.toFixed(6), '1.200000');
});

test('samples that are apart, but by less than 5 %, are no change', () => {
  assert.equal(verdict(point(times(steady, 1.045)), point(steady)), 'same');
  assert.equal(verdict(point(times(steady, 1.055)), point(steady)), 'worse');
});

test('a median that moved far is no change while the samples mix', () => {
  const then = point([100, 101, 102, 140, 150]);
  const now = point([99, 120, 125, 130, 135]);
  assert.equal(verdict(now, then), 'same');
  assert.ok(compare(now, then).ratio > 1.2);
});

test('with four samples and more, the U test stands a straggler; with three, intervals do not', () => {
  assert.equal(verdict(point([90, 130, 131, 132, 133, 134]), point([100, 101, 102, 103, 104, 105])), 'same');
  assert.equal(verdict(point([103.5, 130, 131, 132, 133, 134]), point([100, 101, 102, 103, 104, 105])), 'worse');
  assert.equal(verdict(point([101.5, 130, 131]), point([100, 101, 102])), 'same');
  assert.equal(verdict(point([110, 130, 131]), point([100, 101, 102])), 'worse');
});

test('four samples a side must be apart without an overlap: p is 2/70, and 4/70 with one', () => {
  const then = point([100, 101, 102, 110]);
  assert.equal(verdict(point([111, 120, 121, 122]), then), 'worse');
  assert.equal(verdict(point([109, 120, 121, 122]), then), 'same');
});

test('a slow machine slows Go as well: no change', () => {
  assert.equal(verdict(point(times(steady, 1.5), times(steady, 3)), point(steady, times(steady, 2))), 'same');
  assert.equal(verdict(point(times(steady, 1.5)), point(steady)), 'worse');
});

test('a fast machine does not hide that heddle became slower beside Go', () => {
  const c = compare(point(steady, times(steady, 1.6)), point(steady, times(steady, 2)));
  assert.equal(c.verdict, 'worse');
  assert.equal(c.by, 'go');
  assert.equal(c.ratio.toFixed(6), '1.250000');
});

test('another Go is no measure: heddle by itself', () => {
  const c = compare(point(steady, times(steady, 1.6), 'go0.1'), point(steady, times(steady, 2)));
  assert.deepEqual([c.verdict, c.by], ['same', 'self']);
});

test('Go in one of the results only: heddle by itself', () => {
  assert.equal(compare(point(steady, steady), point(steady)).by, 'self');
  assert.equal(compare(point(steady), point(steady, steady)).by, 'self');
  assert.equal(compare(point(steady, times(steady, 0)), point(steady, steady)).by, 'self');
});

test('a row that jumps by 10 % from result to result must move by more than three times that', () => {
  const jumpy = [1, 1.1, 1, 1.1, 1, 1.1].map((f) => point(times(steady, f)));
  const usual = usualMove(moves(jumpy));
  assert.equal(Math.exp(usual).toFixed(6), '1.100000');
  assert.equal(verdict(point(times(steady, 1.3)), point(steady), usual), 'same');
  assert.equal(verdict(point(times(steady, 1.34)), point(steady), usual), 'worse');
  assert.equal(verdict(point(times(steady, 1.3)), point(steady), 0), 'worse');
});

test('fewer than five moves tell nothing of what is usual', () => {
  const jumpy = [1, 1.1, 1, 1.1, 1].map((f) => point(times(steady, f)));
  assert.equal(moves(jumpy).length, 4);
  assert.equal(usualMove(moves(jumpy)), 0);
});

test('one great move does not make moves usual', () => {
  const once = [1, 1, 1, 2, 2, 2, 2].map((f) => point(times(steady, f)));
  assert.equal(usualMove(moves(once)), 0);
});

test('from nothing to something is a change without a ratio', () => {
  assert.deepEqual([compare(point([1, 1, 1]), point([0, 0, 0]))].map(({verdict: v, ratio}) => [v, ratio]), [['worse', null]]);
  assert.equal(verdict(point([0, 0, 0]), point([0, 0, 0])), 'same');
});

test('instructions: more than 3 % is a change', () => {
  assert.equal(compareInstructions(102.9, 100).verdict, 'same');
  assert.equal(compareInstructions(103.1, 100).verdict, 'worse');
  assert.equal(compareInstructions(100, 103.1).verdict, 'better');
});
