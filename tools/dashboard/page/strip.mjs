// The picture in a row of the table: each peer's ratio as a dot with its spread,
// and the target as a bar, on one logarithmic axis for all rows. Left of 1 heddle
// is ahead.
import {h} from './dom.mjs';
import {ratio} from './format.mjs';
import {look} from './peers.mjs';

const ticks = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100, 1000];

// A function from ratio to the place in percent, with the axis's marks.
export function makeAxis(rows) {
  const all = rows.flatMap((r) => Object.values(r.peers)).filter((p) => p.ratio)
    .flatMap((p) => [p.ratio.min, p.ratio.max, p.target ?? 1]).filter((x) => x > 0);
  const low = Math.log(Math.min(0.5, ...all) * 0.85);
  const high = Math.log(Math.max(1.5, ...all) * 1.15);
  const place = (x) => Math.min(100, Math.max(0, (100 * (Math.log(x) - low)) / (high - low)));
  const inside = ticks.filter((t) => Math.log(t) > low && Math.log(t) < high);
  // 1 first, then those that leave room.
  const marks = [1];
  for (const t of [0.1, 0.01, 10, 0.5, 0.2, 2, 0.05, 5, 0.02, 0.001, 100, 1000].filter((t) => inside.includes(t))) {
    if (marks.every((m) => Math.abs(place(m) - place(t)) > 10)) marks.push(t);
  }
  return {place, marks: marks.sort((a, b) => a - b)};
}

const at = (percent, more = {}) => ({left: `${percent.toFixed(2)}%`, ...more});

export function stripHead({place, marks}) {
  return h('div', {class: 'strip head', 'aria-hidden': 'true'},
    marks.map((m) => h('span', {class: 'tick', style: at(place(m))}, String(m))));
}

export function strip(row, {place, marks}, peers) {
  const shown = peers.filter((p) => row.peers[p.id]?.ratio);
  const lanes = shown.map(({id, name}, i) => {
    const {ratio: r, target} = row.peers[id];
    const lane = {'--colour': `var(${look(id).colour})`, top: `${(100 * (i + 1)) / (shown.length + 1)}%`};
    const [from, to] = [place(r.min), place(r.max)];
    return [
      h('span', {class: 'whisker', style: at(from, {...lane, width: `${Math.max(0, to - from).toFixed(2)}%`})}),
      target === null ? null : h('span', {class: 'aim', style: at(place(target), lane)}),
      h('span', {class: 'dot', title: `${ratio(r.median)} of ${name}’s`, style: at(place(r.median), lane)}),
    ];
  });
  return h('div', {class: 'strip', 'aria-hidden': 'true', style: {'--one': `${place(1).toFixed(2)}%`}},
    marks.map((m) => h('i', {class: m === 1 ? 'one' : '', style: at(place(m))})), lanes);
}
