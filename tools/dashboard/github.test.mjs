// The form that github-action-benchmark asks of "customSmallerIsBetter".
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {githubAction} from './github.mjs';
import {result, row} from './testdata/rows.mjs';

const hop = row([57.1, 56.2, 58], {go: [114.2, 112.4, 232], boost_fiber: [100, 100, 100]}, {target: {go: 0.2}});
const peers = {go: 'go0.0', boost_fiber: '1.0'};
const made = githubAction([result([row([1])], {date: '2019-01-01T00:00:00Z'}), result([hop, row([4000], {}, {figure: 'bytes', unit: 'bytes'})], {peers, instructions: {spawn: 312}})]);

test('an entry for each row of the newest result, for its ratio to Go, and for instructions', () => {
  assert.deepEqual(made.map(({name, unit, value, range}) => ({name, unit, value, range})), [
    {name: 'hop/procs:1/ns', unit: 'ns/op', value: 57.1, range: '56.2–58'},
    {name: 'hop/procs:1/ns ÷ go', unit: 'ratio', value: 0.5, range: '0.25–0.5'},
    {name: 'hop/procs:1/bytes', unit: 'bytes', value: 4000, range: '4000–4000'},
    {name: 'instructions/spawn', unit: 'instructions/op', value: 312, range: '0'},
  ]);
});

test('extra tells peers, targets and the machine', () => {
  assert.equal(made[0].extra, 'a hop\n÷ go go0.0: 0.5 (0.25–0.5), target 0.2\n÷ boost_fiber 1.0: 0.571 (0.562–0.58)\nSynthetic CPU, 2 CPUs; g++ 0.0 -O2');
});

test('every field has the type that the action wants', () => {
  for (const entry of made) {
    assert.deepEqual(Object.keys(entry), ['name', 'unit', 'value', 'range', 'extra']);
    assert.equal(typeof entry.value, 'number');
    for (const name of ['name', 'unit', 'range', 'extra']) assert.equal(typeof entry[name], 'string');
  }
  assert.equal(new Set(made.map((e) => e.name)).size, made.length);
});
