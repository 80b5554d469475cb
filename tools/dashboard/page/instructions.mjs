// The small table of instructions per operation.
import {changeCell} from './cells.mjs';
import {$, h} from './dom.mjs';
import {number} from './format.mjs';

export function drawInstructions({instructions, results}) {
  $('instructions-section').hidden = !instructions.length;
  const head = h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'Path'), h('th', {scope: 'col', class: 'num'}, 'instructions/op'), h('th', {scope: 'col', class: 'num'}, '÷ before')));
  $('instructions-table').replaceChildren(head, h('tbody', {}, instructions.map((one) => h('tr', {'data-key': one.path},
    h('th', {scope: 'row'}, one.path),
    h('td', {class: 'num'}, h('b', {}, number(one.now))),
    changeCell(one, results.length - 1, '= same')))));
}
