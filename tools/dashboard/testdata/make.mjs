// Makes the synthetic history beside this file: `node make.mjs`. None of its
// numbers was measured. Each row is a case that the tests know:
//   hop       the machine has a slow day at the end, for Go as well: noise
//   spawn, 1  a regression in the newest result
//   spawn, 2  an improvement in the newest result
//   mutex     no Go: compared by itself; worse in the sixth result, then mended
//   parked    does not jitter at all
//   fib       its peer oneTBB is missing in the newest result; too slow for Go
//   hello     new in the newest result
//   retired   not in the newest result
import {mkdirSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

// The same numbers on every machine: a linear congruential generator.
let state = 1;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const noisy = (value, share) => Number((value * (1 + share * (2 * random() - 1))).toFixed(2));
const five = (value, share) => Array.from({length: 5}, () => noisy(value, share));

function row(name, procs, ours, peers, {figure = 'ns', unit = 'ns/op', what, target, limit = null, share = 0.02}) {
  return {name, procs, figure, unit, what, target, limit, heddle: five(ours, share),
    peers: Object.fromEntries(Object.entries(peers).map(([peer, value]) => [peer, five(value, share)]))};
}

const last = 7;
const limit = {name: 'register switch', value: 2};

function rows(i) {
  const slow = i === last ? 1.4 : 1; // the machine's bad day
  const tbb = i < 5 ? {onetbb: 131} : {};
  return [
    row('hop', 1, 57 * slow, {go: 160 * slow, boost_fiber: 121 * slow}, {what: 'one way over an unbuffered channel', target: {go: 0.4, boost_fiber: 0.35}, limit}),
    row('spawn', 1, 50 * slow * (i === last ? 1.25 : 1), {go: 320 * slow, boost_fiber: 203 * slow}, {what: 'spawn and finish', target: {go: 0.16}, limit}),
    row('spawn', 2, 70 * slow * (i === last ? 0.8 : 1), {go: 300 * slow}, {what: 'spawn and finish', target: {go: 0.25}, limit}),
    row('mutex', 1, i === 5 ? 6 : 5, {boost_fiber: 20}, {what: 'uncontended', target: {boost_fiber: 0.9}}),
    row('parked', 1, 4000, {go: 2500}, {figure: 'bytes', unit: 'bytes', what: 'memory of a parked goroutine', target: {go: 1.65}, limit: {name: 'a page', value: 2000}, share: 0}),
    row('fib', 2, 900 * slow, {go: 800 * slow, ...tbb}, {what: 'every call a goroutine', target: {go: 0.2, onetbb: 3}}),
    ...(i === last ? [row('hello', 1, 1.2, {go: 1.15}, {figure: 'ms', unit: 'ms', what: 'the whole process'})] : []),
    ...(i < 3 ? [row('retired', 1, 10, {}, {what: 'a row of old'})] : []),
  ];
}

const subjects = ['The first result', 'Spawn: stacks in pools', 'Release', 'Docs: <b>no markup</b> & no </script>', 'Hop: straight over', 'Mutex: a spin more', 'Mutex: a spin less', 'Spawn: checks of its stack'];

function result(i, {cpu, cpus, subject, release}) {
  const tbb = i < 5;
  return {
    schema: 1,
    commit: `${i}a${cpus}`.padEnd(40, '0'),
    subject,
    dirty: false,
    release,
    date: `2020-01-${String(i * 3 + 1).padStart(2, '0')}T12:00:00Z`,
    machine: {cpu, cpus, kernel: '0.0.0-synthetic', memory_gib: 8},
    compiler: 'g++ 0.0 (synthetic)',
    flags: '-O2 -DNDEBUG',
    peers: {go: 'go0.0', boost_fiber: '0.0', ...(tbb ? {onetbb: '0.0'} : {})},
    missing: tbb ? {} : {onetbb: 'synthetic data leaves it out, to show that'},
    rows: rows(i),
    instructions: {spawn: i === last ? 330 : 312, switch: 41},
  };
}

const folder = fileURLToPath(new URL('history/', import.meta.url));
mkdirSync(folder, {recursive: true});
const write = (r, name) => writeFileSync(`${folder}${r.date.slice(0, 10)}-${name}.json`, JSON.stringify(r) + '\n');
for (let i = 0; i <= last; i++) {
  const r = result(i, {cpu: 'Synthetic CPU A', cpus: 2, subject: subjects[i], release: i === 2 ? 'v0.0.1' : null});
  write(r, r.commit.slice(0, 7));
}
for (const i of [0, 1]) write(result(i, {cpu: 'Synthetic CPU B', cpus: 8, subject: subjects[i], release: null}), `b${i}`);
