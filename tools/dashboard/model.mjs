// All that the page shows, as plain data: the page draws and computes nothing.
// Results of one machine (CPU and number of CPUs) are one series; those of
// another are never set beside them.
import {baselineOf, verdictNow, steps} from './history.mjs';
import {geometricMean, ratios, spread} from './stats.mjs';
import {compareInstructions} from './regressions.mjs';
import {identity} from './schema.mjs';

const peerNames = {go: 'Go', boost_fiber: 'Boost.Fiber', onetbb: 'oneTBB'};
const nameOf = (peer) => peerNames[peer] ?? peer;

// Machines, the one of the newest result first.
export function makeModel(history) {
  const groups = new Map();
  for (const result of [...history].reverse()) {
    const machine = `${result.machine.cpu}, ${result.machine.cpus} CPUs`;
    groups.set(machine, [result, ...(groups.get(machine) ?? [])]);
  }
  return {machines: [...groups].map(([name, results]) => machineModel(name, results))};
}

function machineModel(name, results) {
  const last = results.at(-1);
  // The newest result's order; then those that only earlier ones had.
  const peers = [...new Set([last, ...results].flatMap((r) => [...Object.keys(r.peers), ...Object.keys(r.missing)]))];
  const flag = (r) => ({...r, regressed: regressed(r, results.length - 1)});
  const rows = last.rows.map((row) => flag(rowModel(row, results)));
  const instructions = Object.keys(last.instructions).map((path) => flag(instructionsModel(path, results)));
  const known = new Set(rows.map((r) => r.key));
  return {
    name,
    results: results.map(({rows: _, instructions: __, schema: ___, ...about}) => about),
    peers: peers.map((id) => ({
      id,
      name: nameOf(id),
      version: last.peers[id] ?? null,
      missing: last.missing[id] ?? null,
    })),
    rows,
    instructions,
    gone: goneRows(results, known),
    caveat: caveat(results, rows),
    summary: summary(rows, instructions, peers),
  };
}

// Worse than its baseline, or than the result before: what became slower since
// is not made good by what was won earlier.
function regressed({change, steps: changes}, last) {
  return change?.verdict === 'worse' || changes.some((s) => s.at === last && s.verdict === 'worse');
}

function rowModel(row, results) {
  const key = identity(row);
  const at = results.map((result) => {
    const same = result.rows.find((r) => identity(r) === key);
    return same ? {row: same, result} : null;
  });
  const peerIds = [...new Set(at.flatMap((p) => (p ? Object.keys(p.row.peers) : [])))];
  const each = (f) => Object.fromEntries(peerIds.map((peer) => [peer, at.map((p) => (p?.row.peers[peer] ? f(p.row, peer) : null))]));
  const now = spread(row.heddle);
  return {
    key,
    name: row.name,
    procs: row.procs,
    figure: row.figure,
    unit: row.unit,
    what: row.what,
    now,
    limit: row.limit ? {...row.limit, multiple: now.median / row.limit.value} : null,
    peers: Object.fromEntries(Object.keys(row.peers).map((peer) => [peer, besidePeer(row, peer)])),
    // Peers that there is a target for, but no samples.
    untold: Object.keys(row.target ?? {}).filter((peer) => !(peer in row.peers)),
    change: verdictNow(at),
    steps: steps(at),
    series: {
      heddle: at.map((p) => (p ? spread(p.row.heddle) : null)),
      peers: each((r, peer) => spread(r.peers[peer])),
      ratios: each((r, peer) => spread(ratios(r.heddle, r.peers[peer]))),
    },
  };
}

function besidePeer(row, peer) {
  const ratio = spread(ratios(row.heddle, row.peers[peer]));
  const target = row.target?.[peer] ?? null;
  return {ratio, target, met: ratio && target !== null ? ratio.median <= target : null};
}

function instructionsModel(path, results) {
  const values = results.map((r) => r.instructions[path] ?? null);
  const had = values.map((v, i) => (v === null ? -1 : i)).filter((i) => i >= 0);
  const against = baselineOf(results, had);
  const beside = (i, j) => compareInstructions(values[i], values[j]);
  return {
    path,
    now: values.at(-1),
    values,
    steps: had.slice(1).map((i, k) => ({at: i, ...beside(i, had[k])})).filter((s) => s.verdict !== 'same'),
    change: against && {...against, ...beside(had.at(-1), against.at)},
  };
}

// Rows that the newest result does not have, and which result had them last.
function goneRows(results, known) {
  const last = new Map();
  for (const result of results) {
    for (const row of result.rows) last.set(identity(row), {name: row.name, procs: row.procs, figure: row.figure, commit: result.commit});
  }
  return [...last].filter(([key]) => !known.has(key)).map(([, row]) => row);
}

// Results that rows are compared with, but were built otherwise.
function caveat(results, rows) {
  const now = results.at(-1);
  const others = [...new Set(rows.map((r) => r.change?.at))].filter((at) => at !== undefined).map((at) => results[at]);
  return others.filter((r) => r.compiler !== now.compiler || r.flags !== now.flags)
    .map(({commit, compiler, flags}) => ({commit, compiler, flags}));
}

function summary(rows, instructions, peers) {
  const beside = (peer) => rows.map((r) => r.peers[peer]).filter((p) => p?.ratio);
  const all = rows.flatMap((r) => Object.values(r.peers));
  const verdicts = [...rows, ...instructions].map((r) => r.change?.verdict);
  return {
    peers: peers.map((id) => {
      const medians = beside(id).map((p) => p.ratio.median);
      return {
        id,
        rows: medians.length,
        ahead: medians.filter((m) => m < 1).length,
        mean: medians.length && medians.every((m) => m > 0) ? geometricMean(medians) : null,
      };
    }),
    met: all.filter((p) => p.met === true).length,
    missed: all.filter((p) => p.met === false).length,
    unknown: rows.reduce((n, r) => n + r.untold.length, 0),
    worse: [...rows, ...instructions].filter((r) => r.regressed).length,
    better: verdicts.filter((v) => v === 'better').length,
    compared: verdicts.filter(Boolean).length,
  };
}
