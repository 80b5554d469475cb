// The few numbers that are read from across the room.
import {$, h} from './dom.mjs';
import {ratio} from './format.mjs';
import {look} from './peers.mjs';

function tile(title, big, of, share, note, colour, kind = '') {
  return h('div', {class: `tile ${kind}`},
    h('h3', {}, title),
    h('p', {class: 'big'}, h('b', {}, String(big)), h('span', {}, of)),
    share === null ? null : h('div', {class: 'share', style: {'--share': share, '--colour': `var(${colour})`}}),
    h('p', {class: 'note'}, note));
}

function baseline(machine) {
  const names = [...new Set(machine.rows.map((r) => r.change && `${r.change.kind} ${r.change.name}`).filter(Boolean))];
  if (names.length !== 1) return names.length ? 'since each row’s baseline' : '';
  const [kind, name] = names[0].split(' ');
  return kind === 'release' ? `since release ${name}` : `since the previous result, ${name}`;
}

export function drawSummary(machine) {
  const s = machine.summary;
  const targets = s.met + s.missed;
  const peers = s.peers.filter((p) => p.rows).map((p) => {
    const {name} = machine.peers.find((q) => q.id === p.id);
    return tile(`Ahead of ${name}`, p.ahead, `of ${p.rows} rows`, p.ahead / p.rows,
      p.mean === null ? '' : `geometric mean ${ratio(p.mean)} × ${name}’s`, look(p.id).colour);
  });
  $('summary').replaceChildren(
    ...peers,
    targets ? tile('Targets met', s.met, `of ${targets}`, s.met / targets,
      `${s.missed} missed${s.unknown ? `, ${s.unknown} unknown: the peer is not there` : ''}`, '--ink') :
      tile('Targets met', '–', '', null, 'no row has a target and its peer'),
    s.compared ? tile('Regressions', s.worse, `of ${s.compared} compared`, null,
      `${s.better} better; ${baseline(machine)}`, '--worse', s.worse ? 'bad' : '') :
      tile('Regressions', '–', '', null, 'the first result: nothing to compare with'));
}
