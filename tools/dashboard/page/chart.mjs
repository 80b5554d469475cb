// One chart: a card with its title, a uPlot, a legend and a tooltip. A spec has
//   id, title, ps, unit, what, now, change    for the card
//   results, steps                            for the commits
//   lines: [{name, look, values, band}]       ours first
//   levels: [{value, colour, dash}]           horizontal lines
//   log, fromZero, one                        scale, and how a value is written
import uPlot from 'uplot';
import {commitAxis, valueAxis, valueScale} from './axes.mjs';
import {h} from './dom.mjs';
import {drawMarks, mostDots} from './marks.mjs';
import {colour} from './peers.mjs';
import {tellResult} from './tooltip.mjs';

const height = () => (document.documentElement.dataset.print === undefined ? 190 : 140);

// Of values that have no neighbour, dots are all that is seen.
const alone = (values) => values.filter(Boolean).length === 1;

// uPlot's series and bands: the median, and two unseen lines between which the
// band is.
function plotted({results, lines}) {
  const series = [{}];
  const bands = [];
  const data = [results.map((_, i) => i)];
  for (const l of lines) {
    const stroke = () => colour(l.look.colour);
    l.indices = [series.length];
    series.push({
      label: l.name,
      stroke,
      width: l === lines[0] ? 2.25 : 1.5,
      dash: l.look.dash,
      points: {show: results.length <= mostDots || alone(l.values), size: (l === lines[0] ? 6 : 4) + (results.length <= 3 ? 4 : 0), fill: stroke, width: 0},
    });
    data.push(l.values.map((s) => s?.median ?? null));
    if (!l.band) continue;
    const unseen = {label: '', stroke: 'transparent', width: 0, points: {show: false}};
    bands.push({series: [series.length + 1, series.length], fill: () => `${colour(l.look.colour)}2e`});
    l.indices.push(series.length, series.length + 1);
    series.push(unseen, {...unseen});
    data.push(l.values.map((s) => s?.min ?? null), l.values.map((s) => s?.max ?? null));
  }
  return {series, bands, data};
}

export function makeChart(spec, width) {
  const {results, lines} = spec;
  const {series, bands, data} = plotted(spec);
  const box = h('div', {class: 'plot', tabindex: '0', role: 'group', 'aria-label': `Chart of ${spec.title}, ${spec.ps}: arrow keys move through ${results.length} commits`});
  const tip = h('div', {class: 'tip', role: 'status', hidden: true});
  const shown = (l) => u.series[l.indices[0]].show;

  const follow = (chart) => {
    const i = chart.cursor.idx;
    tip.hidden = i === null || i === undefined || chart.cursor.left < 0;
    if (tip.hidden) return;
    tip.replaceChildren(...tellResult(spec, i, shown));
    const place = chart.valToPos(i, 'x') + chart.bbox.left / devicePixelRatio;
    const right = place > chart.width / 2;
    tip.style.left = right ? '' : `${place + 14}px`;
    tip.style.right = right ? `${chart.width - place + 14}px` : '';
  };
  const u = new uPlot({
    width,
    height: height(),
    padding: [16, 18, 0, 0],
    legend: {show: false},
    cursor: {drag: {x: false, y: false}, y: false, points: {size: 9, width: 2}, focus: {prox: -1}},
    scales: {
      x: {time: false, range: () => [-0.4, results.length - 0.6]},
      y: valueScale({...spec, always: spec.levels.map((l) => l.value)}),
    },
    axes: [commitAxis(results), valueAxis(spec.log)],
    series,
    bands,
    hooks: {draw: [(chart) => drawMarks(chart, {...spec, shown: (l) => chart.series[l.indices[0]].show})], setCursor: [follow]},
  }, data, box);

  // `at` survives a blur, so that one comes back to where one was.
  let at = results.length - 1;
  const go = (i) => {
    at = Math.max(0, Math.min(results.length - 1, i));
    u.setCursor({left: u.valToPos(at, 'x'), top: 10});
  };
  const away = () => u.setCursor({left: -10, top: -10});
  box.addEventListener('keydown', (e) => {
    const to = {ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: results.length - 1}[e.key];
    if (to !== undefined) {
      go(u.cursor.left < 0 ? at : to);
      e.preventDefault();
    } else if (e.key === 'Escape') away();
  });
  box.addEventListener('blur', away);

  const legend = h('div', {class: 'lines'}, lines.map((l) => h('button', {
    type: 'button',
    'aria-pressed': 'true',
    onclick: (e) => {
      const show = !shown(l);
      l.indices.forEach((i) => u.setSeries(i, {show}));
      e.currentTarget.setAttribute('aria-pressed', String(show));
    },
  }, dash(l), l.name)));
  box.append(tip);
  return {
    card: h('article', {class: `card ${spec.change ?? ''}`, id: spec.id, 'data-key': spec.key}, cardHead(spec), box, legend),
    redraw: () => u.redraw(false),
    resize: (w) => u.setSize({width: w, height: height()}),
    destroy: () => u.destroy(),
  };
}

const stroke = ([on]) => (on === undefined ? '' : on > 2 ? 'dashed' : 'dotted');
const dash = (l) => h('span', {class: `swatch ${stroke(l.look.dash)}`, style: {'--colour': `var(${l.look.colour})`}});

function cardHead({title, ps, what, now, verdict}) {
  return h('header', {},
    h('h3', {}, title, ps && h('span', {class: 'ps'}, ps)),
    h('p', {class: 'value'}, verdict, h('b', {}, now.value), ` ${now.unit}`),
    h('p', {class: 'what'}, what));
}
