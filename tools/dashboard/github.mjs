// The newest result for github-action-benchmark's tool "customSmallerIsBetter": an
// array of {name, unit, value, range, extra}. It draws a line for each name, so
// names stay as they are from commit to commit.
import {ratios, spread} from './stats.mjs';
import {identity} from './schema.mjs';

const short = (x) => String(Number(x.toPrecision(4)));
const range = (s) => `${short(s.min)}–${short(s.max)}`;

export function githubAction(history) {
  const result = history.at(-1);
  const from = `${result.machine.cpu}, ${result.machine.cpus} CPUs; ${result.compiler} ${result.flags}`;
  const rows = result.rows.flatMap((row) => {
    const name = identity(row);
    const ours = spread(row.heddle);
    const peers = Object.entries(row.peers).map(([peer, samples]) => ({peer, ratio: spread(ratios(row.heddle, samples))}));
    const told = peers.filter((p) => p.ratio).map((p) =>
      `÷ ${p.peer} ${result.peers[p.peer]}: ${short(p.ratio.median)} (${range(p.ratio)})${row.target?.[p.peer] ? `, target ${row.target[p.peer]}` : ''}`);
    // On a machine with neighbours, ratios are the lines worth an alert.
    const go = peers.find((p) => p.peer === 'go')?.ratio;
    return [
      {name, unit: row.unit, value: ours.median, range: range(ours), extra: [row.what, ...told, from].join('\n')},
      ...(go ? [{name: `${name} ÷ go`, unit: 'ratio', value: go.median, range: range(go), extra: `${row.what}\nheddle ÷ Go ${result.peers.go}\n${from}`}] : []),
    ];
  });
  const instructions = Object.entries(result.instructions).map(([path, value]) =>
    ({name: `instructions/${path}`, unit: 'instructions/op', value, range: '0', extra: `does not jitter\n${from}`}));
  return [...rows, ...instructions];
}
