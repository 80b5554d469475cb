// The page's script: reads the data that is in the page, and draws it.
import {drawAbout} from './about.mjs';
import {drawCharts, redrawCharts, resizeCharts, showCharts, startCharts} from './charts.mjs';
import {$, h} from './dom.mjs';
import {startFilter, startKeys} from './filter.mjs';
import {drawInstructions} from './instructions.mjs';
import {startPrint} from './print.mjs';
import {drawSummary} from './summary.mjs';
import {drawTable} from './table.mjs';
import {startTheme} from './theme.mjs';

const {machines} = JSON.parse($('data').textContent);

function show(machine) {
  drawAbout(machine);
  drawSummary(machine);
  drawInstructions(machine);
  drawCharts(machine);
  const showRows = drawTable(machine);
  startFilter(machine.rows, (keep) => {
    showRows(keep);
    showCharts(keep);
  });
}

function startMachines() {
  const select = $('machine');
  select.append(...machines.map((m, i) => h('option', {value: String(i)}, m.name)));
  select.parentElement.hidden = machines.length === 1;
  select.addEventListener('change', () => show(machines[Number(select.value)]));
}

startTheme(redrawCharts);
// Canvases are drawn once: with the font that the page brings.
document.fonts.load('11px "Inter Variable"').catch(() => {}).then(() => {
  startMachines();
  startKeys();
  startCharts();
  show(machines[0]);
  startPrint(() => {
    resizeCharts();
    redrawCharts();
  });
  document.documentElement.dataset.ready = '';
});
