// Which earlier result a row is compared with, and what comes of it. `at` has the
// row in each result of one machine, the oldest first: {row, result}, or null
// where a result has no such row.
import {compare, moves, usualMove} from './regressions.mjs';

// Of the results `had`, which have a value: the last release's, or where no
// release came before, the previous one; null for the first of all.
export function baselineOf(results, had) {
  const earlier = had.slice(0, -1);
  if (!earlier.length) return null;
  const release = earlier.filter((i) => results[i].release).at(-1);
  const at = release ?? earlier.at(-1);
  return {at, kind: release === undefined ? 'previous' : 'release', name: results[at].release ?? results[at].commit.slice(0, 7)};
}

const indices = (at) => at.map((p, i) => (p ? i : -1)).filter((i) => i >= 0);

// The newest result beside its baseline.
export function verdictNow(at) {
  const had = indices(at);
  const against = baselineOf(at.map((p) => p?.result ?? {}), had);
  if (!against) return null;
  const usual = usualMove(moves(had.slice(0, -1).map((i) => at[i])));
  return {...against, ...compare(at[had.at(-1)], at[against.at], usual)};
}

// Each result beside the one before, where that is a change: the chart's marks.
export function steps(at) {
  const had = indices(at);
  const all = moves(had.map((i) => at[i]));
  return had.slice(1).map((i, k) => ({at: i, ...compare(at[i], at[had[k]], usualMove(all.slice(0, k)))}))
    .filter((step) => step.verdict !== 'same');
}
