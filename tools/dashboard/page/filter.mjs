// Which rows are shown, in the table and as charts.
import {$, h} from './dom.mjs';

const shows = {
  'all rows': () => true,
  'regressions': (r) => r.regressed,
  'all changes': (r) => r.regressed || (Boolean(r.change) && r.change.verdict !== 'same'),
  'targets missed': (r) => Object.values(r.peers).some((p) => p.met === false),
  'behind a peer': (r) => Object.values(r.peers).some((p) => p.ratio?.median >= 1),
};

let apply = () => {}; // of the machine that is shown

// Calls `changed` with a function that says whether a row is to be seen.
export function startFilter(rows, changed) {
  const procs = [...new Set(rows.map((r) => r.procs))].sort((a, b) => a - b);
  $('procs').replaceChildren(h('option', {value: ''}, 'any'), ...procs.map((n) => h('option', {}, String(n))));
  if (!$('show').children.length) $('show').append(...Object.keys(shows).map((name) => h('option', {}, name)));
  apply = () => {
    const words = $('text').value.toLowerCase().split(/\s+/).filter(Boolean);
    const keep = (r) => {
      const text = `${r.name} ${r.procs}P ${r.figure} ${r.unit} ${r.what}`.toLowerCase();
      return words.every((w) => text.includes(w)) && (!$('procs').value || r.procs === Number($('procs').value)) && shows[$('show').value](r);
    };
    $('count').textContent = `${rows.filter(keep).length} of ${rows.length}`;
    changed(keep);
  };
  apply();
}

export function startKeys() {
  $('filter').addEventListener('input', () => apply());
  $('filter').addEventListener('submit', (e) => e.preventDefault());
  document.addEventListener('keydown', (e) => {
    if (e.key !== '/' || /^(INPUT|SELECT)$/.test(document.activeElement.tagName)) return;
    e.preventDefault();
    $('text').focus();
  });
}
