// The charts of all rows, and of instructions: what each is to show, in which of
// the ways that the reader can choose.
import {anchor, figure, verdicts} from './cells.mjs';
import {makeChart} from './chart.mjs';
import {$, choices, h} from './dom.mjs';
import {number, ratio} from './format.mjs';
import {heddle, look} from './peers.mjs';

const state = {value: 'measured', scale: 'log'};
let machine;
let charts = []; // {chart, row}
let keep = () => true;

const nameOf = (id) => machine.peers.find((p) => p.id === id)?.name ?? id;
const told = ({regressed, change}) => (regressed ? 'worse' : change?.verdict ?? 'same');
const verdict = (row) => told(row) !== 'same' && h('span', {class: `verdict ${told(row)}`}, verdicts[told(row)]);
const positive = (lines) => lines.every((l) => l.values.every((s) => !s || s.min > 0));

function rowSpec(row) {
  const asRatio = state.value === 'ratio' && Object.keys(row.series.ratios).length;
  const lines = asRatio ?
    Object.entries(row.series.ratios).map(([id, values]) => ({name: `÷ ${nameOf(id)}`, look: {...look(id), dash: []}, values, band: true})) :
    [{name: 'heddle', look: heddle, values: row.series.heddle, band: true},
      ...Object.entries(row.series.peers).map(([id, values]) => ({name: nameOf(id), look: look(id), values, band: false}))];
  const targets = Object.entries(row.peers).filter(([, p]) => p.target !== null)
    .map(([id, p]) => ({value: p.target, colour: look(id).colour, dash: [1, 4]}));
  return {
    key: row.key,
    id: anchor(row),
    title: row.name,
    ps: [`${row.procs} P`, figure(row)].filter(Boolean).join(', '),
    what: row.what,
    unit: asRatio ? '' : row.unit,
    now: {value: number(row.now.median), unit: row.unit},
    change: told(row),
    verdict: verdict(row),
    results: machine.results,
    steps: row.steps,
    lines,
    levels: asRatio ? [{value: 1, colour: '--muted', dash: []}, ...targets] : [],
    log: state.scale === 'log' && positive(lines),
    fromZero: true,
    one: asRatio ? ratio : number,
  };
}

function instructionsSpec(one) {
  const values = one.values.map((v) => (v === null ? null : {median: v, min: v, max: v, n: 1}));
  return {
    key: one.path,
    id: `instructions-${one.path.replace(/[^\w]+/g, '-')}`,
    title: one.path,
    ps: '',
    what: '',
    unit: 'instructions',
    now: {value: number(one.now), unit: 'instructions/op'},
    change: told(one),
    verdict: verdict(one),
    results: machine.results,
    steps: one.steps,
    lines: [{name: 'heddle', look: heddle, values, band: false}],
    levels: [],
    log: false,
    fromZero: false,
  };
}

// Cards are as wide as their column; the plot is what is left within.
function plotWidth(grid) {
  const columns = getComputedStyle(grid).gridTemplateColumns.split(' ');
  return Math.max(220, Math.floor(parseFloat(columns[0]) || 0) - 26);
}

function draw() {
  charts.forEach(({chart}) => chart.destroy());
  const fill = (grid, items, spec) => {
    const width = plotWidth(grid);
    const made = items.map((row) => ({row, grid, chart: makeChart(spec(row), width)}));
    grid.replaceChildren(...made.map((m) => m.chart.card));
    return made;
  };
  charts = [...fill($('charts'), machine.rows, rowSpec), ...fill($('instructions'), machine.instructions, instructionsSpec)];
  showCharts(keep);
}

export function showCharts(which) {
  keep = which;
  for (const {row, grid, chart} of charts) if (grid.id === 'charts') chart.card.hidden = !keep(row);
}

export function drawCharts(which) {
  machine = which;
  draw();
}

export const redrawCharts = () => charts.forEach(({chart}) => chart.redraw());
export const resizeCharts = () => charts.forEach(({grid, chart}) => chart.resize(plotWidth(grid)));

export function startCharts() {
  const set = (name) => (value) => {
    state[name] = value;
    draw();
  };
  choices($('value'), 'value', {measured: 'as measured', ratio: '÷ peers'}, state.value, set('value'));
  choices($('scale'), 'scale', {log: 'log', linear: 'linear'}, state.scale, set('scale'));
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth !== width) resizeCharts();
    width = innerWidth;
  });
}
