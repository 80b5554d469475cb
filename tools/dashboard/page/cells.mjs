// The cells of a row of the table. Each is a number and, below it, what the number
// is to be taken with.
import {h} from './dom.mjs';
import {number, percent, range, ratio} from './format.mjs';
import {look} from './peers.mjs';

const two = (cls, above, below) => h('td', {class: cls}, h('div', {}, ...[above].flat()), h('div', {class: 'small'}, ...[below].flat()));
const none = () => h('td', {class: 'num none'}, '–');

export const anchor = (row) => `chart-${row.key.replace(/[^\w]+/g, '-')}`;

// A figure that its unit does not tell.
export const figure = (row) => (row.unit.startsWith(row.figure) ? '' : row.figure);

export function nameCell(row) {
  return h('th', {scope: 'row'},
    h('div', {}, h('a', {href: `#${anchor(row)}`}, row.name), h('span', {class: 'ps'}, `${row.procs} P`), figure(row) && h('span', {class: 'ps'}, figure(row))),
    h('div', {class: 'small'}, row.what));
}

export function nowCell(row) {
  return two('num', [h('b', {}, number(row.now.median)), h('span', {class: 'unit'}, ` ${row.unit}`)], range(row.now));
}

export const verdicts = {worse: '▲ worse', better: '▼ better', same: '= noise'};

// A row that its baseline does not tell of, but the result before does.
const sinceBefore = (step) => step && h('span', {class: `against verdict ${step.verdict}`},
  `${verdicts[step.verdict]}${step.ratio === null ? '' : ` ${percent(step.ratio)}`} vs result before`);

const needed = ({needed: least}) => least && `a change is samples that are apart, and a median that moved by more than ${percent(least).slice(1)}`;

export function changeCell({change, steps, regressed}, at, noise = verdicts.same) {
  if (!change) return h('td', {class: 'num none'}, 'new');
  const by = change.by === 'go' ? ', by ÷ Go' : '';
  const told = change.verdict === 'same' ? noise : verdicts[change.verdict];
  const step = change.kind === 'release' && steps.find((s) => s.at === at);
  return two(`num change ${regressed ? 'worse' : change.verdict}`,
    [change.ratio === null ? '–' : ratio(change.ratio)],
    [h('span', {class: `verdict ${change.verdict}`, title: needed(change)}, told), ` ${change.ratio === null ? '' : percent(change.ratio)}`,
      h('span', {class: 'against'}, ` vs ${change.name}${by}`), sinceBefore(step)]);
}

export function peerCell(row, {id, name}) {
  const p = row.peers[id];
  if (!p?.ratio) {
    return row.untold.includes(id) ? h('td', {class: 'num none', title: `there is a target, but no ${name} in this result`}, 'unknown') : none();
  }
  const target = p.met === null ? null :
    h('span', {class: `target ${p.met ? 'met' : 'missed'}`}, `${p.met ? '✓ met' : '✗ missed'} ≤ ${p.target}`);
  return two(`num peer ${p.ratio.median < 1 ? 'ahead' : 'behind'}`,
    [h('span', {class: 'key', style: {'--colour': `var(${look(id).colour})`}}), h('b', {}, ratio(p.ratio.median))],
    [h('span', {}, range(p.ratio, ratio)), target && h('br'), target]);
}

export function limitCell(row) {
  if (!row.limit) return none();
  return two('num', [`${number(row.limit.multiple)} ×`], `${row.limit.name}, ${number(row.limit.value)}`);
}
