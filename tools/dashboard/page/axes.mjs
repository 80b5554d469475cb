// The two axes of a chart: commits in their order, at equal distances, and values.
import {day, number} from './format.mjs';
import {colour} from './peers.mjs';

const font = '11px "Inter Variable", sans-serif';
const common = () => ({
  font,
  stroke: () => colour('--muted'),
  grid: {stroke: () => colour('--grid'), width: 1},
  ticks: {show: false},
});

// A release by its name, others by their day; a day is written once.
function commitLabels(results, places) {
  let before = '';
  return places.map((i) => {
    const result = results[i];
    if (!result) return '';
    const text = result.release ?? day(result.date);
    const told = text === before ? '' : text;
    before = text;
    return told;
  });
}

export function commitAxis(results) {
  return {
    ...common(),
    grid: {show: false},
    size: 26,
    gap: 4,
    splits: (u) => {
      const step = Math.max(1, Math.ceil(results.length / Math.max(1, Math.floor(u.width / 75))));
      const places = [];
      // From the newest back: it always has its label.
      for (let i = results.length - 1; i >= 0; i -= step) places.unshift(i);
      return places;
    },
    values: (u, places) => commitLabels(results, places),
  };
}

// Where a decade's steps are too few: a few round numbers at equal distances.
function evenSplits(low, high) {
  const rough = (high - low) / 3;
  const step = [1, 2, 2.5, 5, 10].map((s) => s * 10 ** Math.floor(Math.log10(rough))).find((s) => s >= rough);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) found.push(v);
  return found;
}

// 1, 2, 5, 10, … inside the scale.
function logSplits(low, high) {
  const inside = (steps) => {
    const found = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
      for (const s of steps) if (s * 10 ** decade >= low && s * 10 ** decade <= high) found.push(s * 10 ** decade);
    }
    return found;
  };
  for (const steps of [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]]) {
    const found = inside(steps);
    if (found.length >= 3) return found;
  }
  return evenSplits(low, high);
}

export function valueAxis(log) {
  return {
    ...common(),
    size: 52,
    gap: 6,
    space: 34,
    values: (u, values) => values.map((v) => (v === null ? '' : number(Number(v.toPrecision(3))).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''))),
    ...(log ? {splits: (u, axis, low, high) => logSplits(low, high), filter: (u, splits) => splits} : {}),
  };
}

// The range of values that are shown. `from` is zero for amounts; for counts
// that hardly move it is not, or 3 % could not be seen.
export function valueScale({log, fromZero, always}) {
  return {
    distr: log ? 3 : 1,
    range: (u, low, high) => {
      if (low === null) return log ? [1, 10] : [0, 1];
      const [l, h] = [Math.min(low, ...always), Math.max(high, ...always)];
      if (log) return [l / 1.12, h * 1.12];
      const room = (h - l) * 0.15 || Math.abs(h) * 0.05 || 1;
      return [fromZero ? 0 : Math.max(0, l - room), h + (fromZero ? h * 0.08 : room)];
    },
  };
}
