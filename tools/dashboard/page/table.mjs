// The table of ratios: sorted by any column, filtered together with the charts.
import {changeCell, limitCell, nameCell, nowCell, peerCell} from './cells.mjs';
import {$, h} from './dom.mjs';
import {look} from './peers.mjs';
import {makeAxis, strip, stripHead} from './strip.mjs';

// title, the value to sort by (none: cannot be sorted), the cell.
function columns(machine) {
  const peers = machine.peers.filter((p) => machine.rows.some((r) => r.peers[p.id] || r.untold.includes(p.id)));
  const axis = makeAxis(machine.rows);
  const kinds = new Set(machine.rows.map((r) => r.change?.kind).filter(Boolean));
  const since = kinds.size === 1 ? {release: '÷ last release', previous: '÷ previous'}[[...kinds][0]] : '÷ before';
  return [
    {id: 'name', title: 'Row', value: (r) => `${r.name} ${r.procs} ${r.figure}`, cell: nameCell},
    {id: 'now', title: 'heddle now', value: (r) => r.now.median, cell: nowCell},
    {id: 'change', title: since, value: (r) => r.change?.ratio ?? null, cell: (r) => changeCell(r, machine.results.length - 1)},
    ...peers.map((p) => ({id: p.id, title: `÷ ${p.name}`, value: (r) => r.peers[p.id]?.ratio?.median ?? null, cell: (r) => peerCell(r, p)})),
    ...(peers.length ? [{id: 'strip', head: stripHead(axis), cell: (r) => h('td', {class: 'picture'}, strip(r, axis, peers))}] : []),
    {id: 'limit', title: '× limit', value: (r) => r.limit?.multiple ?? null, cell: limitCell},
  ];
}

// What has no value comes last, whichever way.
function by(value, direction) {
  return (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return direction * (typeof x === 'string' ? x.localeCompare(y, 'en', {numeric: true}) : x - y);
  };
}

// Draws it; the function that comes back shows only rows that `keep` says yes to.
export function drawTable(machine) {
  const all = columns(machine);
  const lines = new Map(machine.rows.map((row) => [row, h('tr', {'data-key': row.key}, all.map((c) => c.cell(row)))]));
  const body = h('tbody', {}, [...lines.values()]);
  let sorted = null; // {id, direction}; null: as the file has them

  const sort = (column) => {
    const direction = sorted?.id !== column.id ? 1 : -sorted.direction;
    sorted = {id: column.id, direction};
    body.append(...[...lines.keys()].sort(by(column.value, direction)).map((row) => lines.get(row)));
    for (const head of heads) {
      if (head.dataset.column === column.id) head.setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    }
  };
  const heads = all.map((c) => h('th', {scope: 'col', 'data-column': c.id, 'data-title': c.title, class: {name: '', strip: 'picture'}[c.id] ?? 'num'},
    c.value ? h('button', {type: 'button', onclick: () => sort(c)}, c.title) : c.head));
  $('strip-legend').replaceChildren(...machine.peers.filter((p) => machine.rows.some((r) => r.peers[p.id])).map((p) =>
    h('span', {}, h('span', {class: 'key', style: {'--colour': `var(${look(p.id).colour})`}}), p.name)),
  h('span', {}, h('span', {class: 'key-aim'}), 'target'), h('span', {}, 'left of 1: heddle is ahead'));
  $('table').replaceChildren(h('thead', {}, h('tr', {}, heads)), body);
  return (keep) => {
    for (const [row, line] of lines) line.hidden = !keep(row);
  };
}
