// Makes the one HTML file of a model: styles, fonts, script and data within.
//
// Charts are uPlot's: made for series over an ordered axis, with bands, in 50 kB and
// without a dependency, quick enough for a page with a hundred. ECharts is twenty
// times as large; Chart.js has no bands of its own; Observable Plot brings D3, and
// draws anew to hide a line. esbuild bundles it. Numbers are set in Inter,
// whose digits can be of one width.
//
// The policy in the head lets the browser fetch nothing at all, and run no script
// but ours.
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {load, packagesFolder} from './packages.mjs';

const {buildSync} = load('esbuild');
const source = (name) => fileURLToPath(new URL(`page/${name}`, import.meta.url));

function bundle(entry) {
  const {outputFiles} = buildSync({
    entryPoints: [source(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['es2020'],
    charset: 'utf8',
    nodePaths: [packagesFolder],
    loader: {'.woff2': 'dataurl'},
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

// JSON that ends no <script>, with no more digits than the page can show.
const sixDigits = (_, v) => (typeof v === 'number' ? Number(v.toPrecision(6)) : v);
const inert = (value) => JSON.stringify(value, sixDigits).replaceAll('<', '\\u003c');
const hash = (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`;

export function makePage(model) {
  const script = bundle('main.mjs').replaceAll('</script', '<\\/script');
  const parts = {
    policy: `default-src 'none'; script-src ${hash(script)}; style-src 'unsafe-inline'; font-src data:; img-src data:`,
    style: bundle('style.css'),
    data: inert(model),
    script,
  };
  // A function, as text in the parts may hold a $&.
  return readFileSync(source('page.html'), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}
