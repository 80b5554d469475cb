// The head of the page: what was measured, where, and what is missing.
import {$, h} from './dom.mjs';
import {fullDate, short} from './format.mjs';

const fact = (term, ...what) => h('div', {}, h('dt', {}, term), h('dd', {}, ...what));
const rowName = (r) => `${r.name} (${r.procs} P, ${r.figure})`;

function notices(machine) {
  const lines = machine.peers.filter((p) => !p.version).map((p) =>
    [h('b', {}, `${p.name} is missing: `), p.missing ?? 'the newest result does not have it']);
  if (machine.gone.length) {
    lines.push([h('b', {}, 'Rows that the newest result lacks: '), machine.gone.map((r) => `${rowName(r)}, last in ${short(r.commit)}`).join('; ')]);
  }
  for (const other of machine.caveat) {
    lines.push([h('b', {}, `Compared with a result that was built otherwise: `), `${short(other.commit)} by ${other.compiler}, ${other.flags}`]);
  }
  return lines.length ? h('ul', {class: 'notices'}, lines.map((line) => h('li', {}, ...line))) : null;
}

export function drawAbout(machine) {
  const last = machine.results.at(-1);
  const peers = machine.peers.filter((p) => p.version);
  $('about').replaceChildren(...[
    h('h1', {}, last.subject || '(no subject)'),
    h('p', {class: 'commit'},
      h('code', {}, short(last.commit)),
      last.release && h('span', {class: 'tag'}, last.release),
      last.dirty && h('span', {class: 'tag warn', title: 'the tree had changes that are in no commit'}, 'dirty'),
      h('time', {datetime: last.date}, fullDate(last.date)),
      h('span', {}, `${machine.results.length} result${machine.results.length === 1 ? '' : 's'} of this machine`)),
    h('dl', {class: 'facts'},
      fact('Machine', machine.name),
      fact('Kernel, memory', `Linux ${last.machine.kernel}, ${last.machine.memory_gib} GiB`),
      fact('Compiler', last.compiler),
      fact('Flags', h('code', {}, last.flags)),
      fact('Peers', peers.length ? peers.map((p) => `${p.name} ${p.version}`).join(', ') : 'none')),
    notices(machine)].filter(Boolean));
}
