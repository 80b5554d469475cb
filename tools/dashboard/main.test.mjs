// The commands as a user has them: what they write, and what they say when
// something is wrong.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {root} from './packages.mjs';

const here = `${root}tools/dashboard`;
const history = `${here}/testdata/history`;
const temp = mkdtempSync(join(tmpdir(), 'dashboard-'));
after(() => rmSync(temp, {recursive: true}));

const run = (...args) => spawnSync(process.execPath, [`${here}/main.mjs`, ...args], {encoding: 'utf8', cwd: temp});

test('both files are written, in folders that were not there', () => {
  const {status, stdout, stderr} = run('--history', history, '--out', 'a/page.html', '--github-action', 'b/github.json');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /wrote b\/github\.json\n.*wrote a\/page\.html/);
  assert.match(readFileSync(join(temp, 'a/page.html'), 'utf8'), /^<!doctype html>/);
  assert.equal(JSON.parse(readFileSync(join(temp, 'b/github.json')))[0].name, 'hop/procs:1/ns');
});

test('--github-action alone makes no page', () => {
  assert.doesNotMatch(run('--history', history, '--github-action', 'github.json').stdout, /html/);
});

for (const [what, args, says] of [
  ['an option that there is not', ['--histroy', 'x'], /--histroy.*usage:/s],
  ['an argument', ['x'], /usage:/],
  ['a folder that there is not', ['--history', 'none'], /none: cannot be read.*--history must be/],
  ['a file that cannot be written', ['--history', history, '--out', '.'], /\.: cannot be written.*name another file/],
]) {
  test(`${what}: an error without a stack`, () => {
    const {status, stderr} = run(...args);
    assert.equal(status, 1);
    assert.match(stderr, /^dashboard: error: /);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /\n +at /);
  });
}

test('--help', () => {
  assert.match(run('--help').stdout, /^usage: tools\/dashboard\/dashboard/);
});

// `install` in a tree of its own, on a machine that has these programs only.
function install(name, programs) {
  const tree = join(temp, name);
  const bin = join(tree, 'bin');
  mkdirSync(join(tree, 'tools/dashboard'), {recursive: true});
  mkdirSync(bin);
  for (const file of ['install', 'package.json', 'package-lock.json', '.npmrc']) copyFileSync(`${here}/${file}`, join(tree, 'tools/dashboard', file));
  for (const tool of ['dirname', 'cat', 'cmp', 'cp', 'rm', 'mkdir', 'flock', 'grep', 'tail']) {
    symlinkSync(spawnSync('which', [tool], {encoding: 'utf8'}).stdout.trim(), join(bin, tool));
  }
  for (const [tool, script] of Object.entries(programs)) {
    writeFileSync(join(bin, tool), `#!/bin/bash\n${script}\n`);
    chmodSync(join(bin, tool), 0o755);
  }
  return () => spawnSync(join(tree, 'tools/dashboard/install'), [], {encoding: 'utf8', env: {PATH: bin}});
}

test('install: no node', () => {
  const {status, stderr} = install('none', {})();
  assert.deepEqual([status, stderr], [1, 'dashboard: error: there is no node: install Node.js 18 or newer, with npm, and run this again\n']);
});

test('install: no npm', () => {
  assert.match(install('no-npm', {node: 'echo v18.0.0'})().stderr, /there is no npm: install Node\.js 18/);
});

test('install: a node that is too old', () => {
  const {status, stderr} = install('old', {node: 'echo v16.20.2', npm: ''})();
  assert.deepEqual([status, stderr], [1, 'dashboard: error: node is v16.20.2, which is too old: install Node.js 18 or newer\n']);
});

test('install: npm that fails is told with its last words, and tried again', () => {
  const again = install('fails', {node: 'echo v18.0.0', npm: 'echo "npm error no network"; exit 1'});
  for (const {status, stderr} of [again(), again()]) {
    assert.equal(status, 1);
    assert.match(stderr, /npm cannot install.*npm error no network; check the network/);
  }
});

test('install: done once, there is nothing to do', () => {
  const again = install('works', {node: 'echo v18.0.0', npm: 'true'});
  assert.match(again().stderr, /installing npm packages/);
  const {status, stderr} = again();
  assert.deepEqual([status, stderr], [0, '']);
});
