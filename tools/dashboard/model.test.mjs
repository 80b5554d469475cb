// What the page is told: of the synthetic history, whose cases testdata/make.mjs
// lists, and of small ones.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {loadHistory} from './load.mjs';
import {makeModel} from './model.mjs';
import {root} from './packages.mjs';
import {result, row} from './testdata/rows.mjs';

const model = makeModel(loadHistory(`${root}tools/dashboard/testdata/history`));
const [machine] = model.machines;
const rowOf = (name, procs = 1) => machine.rows.find((r) => r.name === name && r.procs === procs);

test('machines are apart, the newest result\'s first', () => {
  assert.deepEqual(model.machines.map((m) => [m.name, m.results.length]), [['Synthetic CPU A, 2 CPUs', 8], ['Synthetic CPU B, 8 CPUs', 2]]);
  for (const m of model.machines) for (const r of m.rows) assert.equal(r.series.heddle.length, m.results.length);
});

test('one CPU with another number of CPUs is another machine', () => {
  const {machines} = makeModel([2, 4].map((cpus) => result([row([1])], {machine: {...result([]).machine, cpus}})));
  assert.equal(machines.length, 2);
  assert.equal(machines[0].rows[0].change, null);
});

test('the machine\'s slow day is no regression; spawn\'s is one', () => {
  assert.equal(rowOf('hop').change.verdict, 'same');
  assert.equal(rowOf('hop').change.by, 'go');
  assert.ok(rowOf('hop').series.heddle[7].min > 1.2 * rowOf('hop').series.heddle[6].max);
  assert.equal(rowOf('spawn').change.verdict, 'worse');
  assert.equal(rowOf('spawn', 2).change.verdict, 'better');
  assert.deepEqual(machine.rows.filter((r) => r.regressed).map((r) => r.key), ['spawn/procs:1/ns']);
});

test('what was worse and was mended is marked where it was', () => {
  assert.equal(rowOf('mutex').change.verdict, 'same');
  assert.deepEqual(rowOf('mutex').steps.map((s) => [s.at, s.verdict, s.by]), [[5, 'worse', 'self'], [6, 'better', 'self']]);
});

test('the baseline is the last release before, else the previous result, else none', () => {
  assert.deepEqual([rowOf('hop').change.kind, rowOf('hop').change.name, rowOf('hop').change.at], ['release', 'v0.0.1', 2]);
  assert.deepEqual([1, 2].map((i) => model.machines[1].rows[0].change[['kind', 'at'][i - 1]]), ['previous', 0]);
  assert.equal(rowOf('hello').change, null);
  const releases = ['v1', null, 'v2'].map((release) => result([row([1])], {release}));
  assert.equal(makeModel(releases).machines[0].rows[0].change.name, 'v1');
});

test('worse than the result before, though better than the release, is a regression', () => {
  const history = [['v1', 10], [null, 4], [null, 6]].map(([release, x]) => result([row([x, x, x])], {release}));
  const [r] = makeModel(history).machines[0].rows;
  assert.deepEqual([r.change.verdict, r.regressed], ['better', true]);
});

test('ratios, targets and limits', () => {
  const parked = rowOf('parked');
  assert.deepEqual(parked.peers.go, {ratio: {median: 1.6, min: 1.6, max: 1.6, n: 5}, target: 1.65, met: true});
  assert.equal(parked.limit.multiple, 2);
  assert.equal(rowOf('fib', 2).peers.go.met, false);
  assert.equal(rowOf('hello').peers.go.met, null);
  assert.deepEqual(rowOf('fib', 2).untold, ['onetbb']);
});

test('a ratio is the median of pairs, not the ratio of medians', () => {
  const [r] = makeModel([result([row([1, 10, 100], {go: [100, 10, 50]})])]).machines[0].rows;
  assert.deepEqual(r.peers.go.ratio, {median: 1, min: 0.01, max: 2, n: 3});
});

test('the summary counts', () => {
  const {peers, ...rest} = machine.summary;
  assert.deepEqual(rest, {met: 4, missed: 3, unknown: 1, worse: 2, better: 1, compared: 8});
  assert.deepEqual(peers.map((p) => [p.id, p.ahead, p.rows]), [['go', 3, 6], ['boost_fiber', 3, 3], ['onetbb', 0, 0]]);
});

test('the geometric mean of ratios', () => {
  const rows = [row([1], {go: [4]}), row([4], {go: [1]}, {procs: 2}), row([1], {go: [8]}, {procs: 3})];
  assert.equal(makeModel([result(rows)]).machines[0].summary.peers[0].mean.toFixed(9), '0.500000000');
});

test('what is missing is told: peers, rows, another compiler', () => {
  assert.match(machine.peers.find((p) => p.id === 'onetbb').missing, /synthetic/);
  assert.deepEqual(machine.gone.map((r) => [r.name, r.commit.slice(0, 3)]), [['retired', '2a2']]);
  assert.deepEqual(machine.caveat, []);
  const built = makeModel([result([row([1])], {compiler: 'clang 0'}), result([row([1])])]).machines[0];
  assert.deepEqual(built.caveat.map((c) => c.compiler), ['clang 0']);
});

test('instructions', () => {
  const [spawn, other] = machine.instructions;
  assert.deepEqual([spawn.path, spawn.now, spawn.change.verdict, spawn.steps.map((s) => s.at)], ['spawn', 330, 'worse', [7]]);
  assert.deepEqual([other.change.verdict, other.steps], ['same', []]);
});
