// Reading a folder, and what is said of bad files: each complaint names file, field
// and cure.
import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {loadHistory} from './load.mjs';
import {root} from './packages.mjs';
import {result, row} from './testdata/rows.mjs';

const folders = [];
after(() => folders.forEach((f) => rmSync(f, {recursive: true})));

function folder(files) {
  const path = mkdtempSync(join(tmpdir(), 'dashboard-'));
  folders.push(path);
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(path, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  return path;
}

// The message when this is the one result.
function complaint(value) {
  try {
    loadHistory(folder({'one.json': value}));
  } catch (e) {
    assert.match(e.message, /one\.json/);
    assert.match(e.message, /benchmarks:compare/);
    return e.message;
  }
  return assert.fail('nothing is wrong with it');
}

test('results come sorted by date, whatever their zones and names; other files are passed over', () => {
  const at = (date) => result([], {date});
  const history = loadHistory(folder({
    'a.json': at('2020-03-01T00:00:00Z'),
    'b.json': at('2020-02-01T01:00:00+02:00'),
    'c.json': at('2020-01-31T23:30:00Z'),
    'README.md': 'not a result',
  }));
  assert.deepEqual(history.map((r) => r.date.slice(0, 10)), ['2020-02-01', '2020-01-31', '2020-03-01']);
});

test('a good row is good: with and without target, limit and peers', () => {
  const {target: _, limit: __, ...bare} = row([1]);
  const rows = [row([1, 2], {go: [3, 4]}, {target: {go: 0.5}, limit: {name: 'switch', value: 2}}), {...bare, procs: 2}];
  assert.equal(loadHistory(folder({'a.json': result(rows)}))[0].rows.length, 2);
});

const bad = {
  'no JSON': ['{', /one\.json: is not JSON/],
  'no object': [[], /one\.json: the file: is \[\]; it must be an object/],
  'a schema to come': [result([], {schema: 2}), /: schema: is 2; it must be 1/],
  'a short commit': [result([], {commit: 'c0ffee'}), /: commit: is "c0ffee"; it must be 40 hex digits/],
  'a date that is none': [result([], {date: 'yesterday'}), /: date: is "yesterday"; it must be a time/],
  'no machine': [result([], {machine: undefined}), /: machine: is missing; it must be an object/],
  'no CPUs': [result([], {machine: {...result([]).machine, cpus: 0}}), /: machine\.cpus: is 0; it must be/],
  'no samples': [result([row([])]), /: rows\[0\]\.heddle: is \[\]; it must be an array of numbers/],
  'a sample that is text': [result([row([1, '2'])]), /: rows\[0\]\.heddle\[1\]: is "2"; it must be/],
  'a sample below nothing': [result([row([1]), row([-1], {}, {procs: 2})]), /: rows\[1\]\.heddle\[0\]: is -1; it must be/],
  'samples without a pair': [result([row([1, 2], {go: [1]})]), /: rows\[0\]\.peers\.go: has 1 samples beside heddle's 2/],
  'a peer without a version': [result([row([1], {rust: [1]})]), /: rows\[0\]\.peers\.rust: is no peer of this result/],
  'a row twice': [result([row([1]), row([2])]), /: rows\[1\]: is hop\/procs:1\/ns, as rows\[0\] is/],
  'a target that is none': [result([row([1], {go: [1]}, {target: {go: 0}})]), /: rows\[0\]\.target\.go: is 0; it must be more than 0/],
  'a limit of nothing': [result([row([1], {}, {limit: {name: 'switch', value: 0}})]), /: rows\[0\]\.limit\.value: is 0/],
  'instructions that are text': [result([], {instructions: {spawn: 'many'}}), /: instructions\.spawn: is "many"; it must be instructions per operation/],
};
for (const [what, [value, says]] of Object.entries(bad)) {
  test(`a bad file: ${what}`, () => assert.match(complaint(value), says));
}

test('many complaints of one file are cut short, and counted', () => {
  const lines = complaint({}).split('\n');
  assert.equal(lines.length, 7);
  assert.match(lines[5], /and \d+ more$/);
});

test('a folder without results, and none at all', () => {
  assert.throws(() => loadHistory(folder({})), /has no result file.*benchmarks:compare/);
  assert.throws(() => loadHistory(join(folder({}), 'none')), /cannot be read.*--history/);
});

const stored = `${root}benchmarks/history`;
const any = (() => {
  try {
    return readdirSync(stored).some((name) => name.endsWith('.json'));
  } catch {
    return false;
  }
})();
test('the results of benchmarks/history are good', {skip: !any && 'there are none yet'}, () => {
  assert.ok(loadHistory(stored).length > 0);
});
