// What is told of a commit when the pointer, or the arrow keys, are at it.
import {h} from './dom.mjs';
import {fullDate, number, percent, range, short} from './format.mjs';

export function tellResult({results, lines, steps, unit, one}, i, shown) {
  const result = results[i];
  const before = results[i - 1];
  const step = steps.find((s) => s.at === i);
  const built = before && (before.compiler !== result.compiler || before.flags !== result.flags);
  return [
    h('p', {class: 'head'}, h('code', {}, short(result.commit)), result.release && h('span', {class: 'tag'}, result.release),
      result.dirty && h('span', {class: 'tag warn'}, 'dirty'), h('time', {}, fullDate(result.date))),
    h('p', {class: 'subject'}, result.subject),
    h('table', {}, lines.filter((l) => l.values[i] && shown(l)).map((l) => h('tr', {},
      h('th', {scope: 'row'}, h('span', {class: 'key', style: {'--colour': `var(${l.look.colour})`}}), l.name),
      h('td', {}, h('b', {}, (one ?? number)(l.values[i].median)), ` ${unit}`),
      h('td', {class: 'muted'}, l.values[i].n > 1 ? range(l.values[i], one ?? number) : '')))),
    step && h('p', {class: step.verdict}, `${step.verdict === 'worse' ? '▲ worse' : '▼ better'} than the result before` +
      `${step.ratio === null ? '' : `: ${percent(step.ratio)}`}${step.by === 'go' ? ', by ÷ Go' : ''}`),
    built && h('p', {class: 'muted'}, `built otherwise: ${result.compiler}, ${result.flags}`),
  ].filter(Boolean);
}
