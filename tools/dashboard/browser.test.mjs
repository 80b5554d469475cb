// The page in headless Chromium, opened as a file: what a reader sees and does.
// Skipped where there is no Chromium.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {loadHistory} from './load.mjs';
import {makeModel} from './model.mjs';
import {load, root} from './packages.mjs';
import {makePage} from './page.mjs';

const chromium = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => spawnSync('which', [name], {encoding: 'utf8'}).stdout?.trim()).find(Boolean);
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

describe('in Chromium', {skip: !chromium && 'there is no Chromium: the page is not tested; install the package chromium'}, () => {
  let browser;
  let folder;
  let url;
  let model;
  let page;
  let troubles; // errors on the console, and requests for anything but the page

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
    model = makeModel(loadHistory(`${root}tools/dashboard/testdata/history`));
    writeFileSync(join(folder, 'page.html'), makePage(model));
    url = pathToFileURL(join(folder, 'page.html')).href;
    browser = await load('playwright-core').chromium.launch({executablePath: chromium, args});
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, {recursive: true});
  });

  const open = async (colorScheme = 'light', viewport = {width: 1300, height: 900}) => {
    await page?.close();
    page = await browser.newPage({colorScheme, viewport});
    troubles = [];
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && troubles.push(m.text()));
    page.on('pageerror', (e) => troubles.push(String(e)));
    page.on('request', (r) => r.url() === url || r.url().startsWith('data:') || troubles.push(`request: ${r.url()}`));
    await page.goto(url);
    await page.waitForSelector('html[data-ready]');
  };
  const texts = (selector) => page.locator(selector).allInnerTexts().then((all) => all.map((t) => t.replace(/\s+/g, ' ').trim()));
  const names = () => texts('#table tbody tr:visible th > div:first-child');
  const cells = (key) => texts(`#table tr[data-key="${key}"] > *`);
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  // How many of a canvas's pixels have about this colour. Read from a copy: Chromium
  // warns of repeated readings of a canvas that is not made for it.
  const pixels = (chart, variable) => page.evaluate(([selector, name]) => {
    const canvas = document.querySelector(`${selector} canvas`);
    const [r, g, b] = getComputedStyle(document.documentElement).getPropertyValue(name).trim().match(/\w\w/g).map((x) => parseInt(x, 16));
    const copy = Object.assign(document.createElement('canvas'), {width: canvas.width, height: canvas.height}).getContext('2d', {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const {data} = copy.getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 200 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24) found++;
    }
    return found;
  }, [chart, variable]);

  for (const scheme of ['light', 'dark']) {
    test(`${scheme}: no error, no request, a chart for each row, lines in its colours`, async () => {
      await open(scheme);
      assert.equal(await paper(), scheme === 'dark' ? 'rgb(17, 20, 23)' : 'rgb(250, 249, 246)');
      assert.equal(await page.locator('#charts canvas').count(), model.machines[0].rows.length);
      assert.equal(await page.locator('#instructions canvas').count(), model.machines[0].instructions.length);
      for (const line of ['--heddle', '--go', '--boost']) assert.ok(await pixels('#chart-hop-procs-1-ns', line) > 20, line);
      assert.deepEqual(troubles, []);
    });
  }

  test('the head tells commit, machine, compiler, peers and what is missing', async () => {
    await open();
    const [about] = await texts('#about');
    for (const part of ['Spawn: checks of its stack', '7a20000', '22 Jan 2020, 12:00 UTC', 'Synthetic CPU A, 2 CPUs', 'Linux 0.0.0-synthetic, 8 GiB', 'g++ 0.0 (synthetic)',
      '-O2 -DNDEBUG', 'Go go0.0, Boost.Fiber 0.0', 'oneTBB is missing: synthetic data leaves it out', 'retired (1 P, ns), last in 2a20000']) {
      assert.ok(about.includes(part), `${part} is not in: ${about}`);
    }
    const tiles = await texts('.tile');
    assert.match(tiles[0], /^Ahead of Go 3 of 6 rows geometric mean 0\.5\d\d × Go’s$/);
    assert.match(tiles.at(-2), /^Targets met 4 of 7 3 missed, 1 unknown/);
    assert.match(tiles.at(-1), /^Regressions 2 of 8 compared 1 better; since release v0\.0\.1$/);
  });

  test('the table\'s values', async () => {
    assert.deepEqual(await cells('parked/procs:1/bytes'), ['parked1 P memory of a parked goroutine', '4,000 bytes 4,000',
      '1.000 = noise 0.0 % vs v0.0.1, by ÷ Go', '1.600 1.600 ✓ met ≤ 1.65', '–', '–', '', '2.00 × a page, 2,000']);
    const [, , , go, , tbb] = await cells('fib/procs:2/ns');
    assert.match(go, /✗ missed ≤ 0\.2$/);
    assert.equal(tbb, 'unknown');
    assert.equal((await cells('hello/procs:1/ms'))[2], 'new');
  });

  test('regressions are marked: in the table, on the card, on the chart', async () => {
    assert.match((await cells('spawn/procs:1/ns'))[2], /▲ worse \+2\d\.\d % vs v0\.0\.1, by ÷ Go/);
    assert.match((await cells('spawn/procs:2/ns'))[2], /▼ better −\d\d\.\d %/);
    assert.match((await cells('hop/procs:1/ns'))[2], /= noise/);
    assert.deepEqual(await texts('#charts .card.worse h3'), ['spawn1 P']);
    assert.ok(await pixels('#chart-spawn-procs-1-ns', '--worse') > 20);
    assert.equal(await pixels('#chart-hop-procs-1-ns', '--worse'), 0);
    assert.ok(await pixels('#chart-mutex-procs-1-ns', '--worse') > 20);
    assert.match((await texts('#instructions-table tr[data-key=spawn]'))[0], /330 1\.058 ▲ worse \+5\.8 %/);
  });

  test('sorting by a column, both ways; what has no value is last', async () => {
    const head = page.locator('#table th[data-column=go]');
    await head.locator('button').click();
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    const up = await names();
    assert.deepEqual([up[0], up.at(-2), up.at(-1)], ['spawn2 P', 'parked1 P', 'mutex1 P']);
    await head.locator('button').focus();
    await page.keyboard.press('Enter');
    assert.equal(await head.getAttribute('aria-sort'), 'descending');
    const down = await names();
    assert.deepEqual([down[0], down.at(-1)], ['parked1 P', 'mutex1 P']);
    await page.locator('#table th[data-column=name] button').click();
    assert.equal(await head.getAttribute('aria-sort'), null);
    assert.deepEqual((await names()).slice(0, 2), ['fib2 P', 'hello1 P']);
  });

  test('filtering: by text from the keyboard, by Ps, by what is wrong; charts follow', async () => {
    await open();
    await page.keyboard.press('/');
    await page.keyboard.type('spawn');
    assert.deepEqual(await names(), ['spawn1 P', 'spawn2 P']);
    assert.equal(await page.locator('#charts .card:visible').count(), 2);
    assert.equal(await page.locator('#count').innerText(), '2 of 7');
    await page.keyboard.type(' 2p');
    assert.deepEqual(await names(), ['spawn2 P']);
    await page.fill('#text', 'spawn');
    await page.selectOption('#procs', '2');
    assert.deepEqual(await names(), ['spawn2 P']);
    await page.selectOption('#procs', '');
    await page.fill('#text', '');
    for (const [show, rows] of [['regressions', ['spawn1 P']], ['all changes', ['spawn1 P', 'spawn2 P']], ['targets missed', ['hop1 P', 'spawn1 P', 'fib2 P']],
      ['behind a peer', ['parked1 P', 'fib2 P', 'hello1 P']]]) {
      await page.selectOption('#show', show);
      assert.deepEqual(await names(), rows, show);
    }
  });

  test('the toggle goes from the system\'s theme to light and dark, and charts follow', async () => {
    await open('dark');
    const light = 'rgb(250, 249, 246)';
    assert.notEqual(await paper(), light);
    await page.click('#theme');
    assert.equal(await page.locator('#theme').innerText(), 'Theme: light');
    assert.equal(await paper(), light);
    assert.ok(await pixels('#chart-hop-procs-1-ns', '--heddle') > 20);
    await page.click('#theme');
    assert.notEqual(await paper(), light);
    assert.ok(await pixels('#chart-hop-procs-1-ns', '--heddle') > 20);
    await page.reload();
    await page.waitForSelector('html[data-ready]');
    assert.equal(await page.locator('#theme').innerText(), 'Theme: dark');
  });

  test('a chart tells of its commits by keyboard and by pointer', async () => {
    await open();
    const plot = page.locator('#chart-spawn-procs-1-ns .plot');
    const tip = plot.locator('.tip');
    await plot.focus();
    await page.keyboard.press('End');
    assert.match((await tip.innerText()).replace(/\s+/g, ' '), /7a20000 .*Spawn: checks of its stack heddle \d\d\.\d ns\/op .*Go 4\d\d ns\/op.*▲ worse than the result before: \+\d\d\.\d %, by ÷ Go/);
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft');
    assert.match(await tip.innerText(), /Docs: <b>no markup<\/b> & no <\/script>/);
    await page.keyboard.press('Escape');
    assert.equal(await tip.isVisible(), false);
    const {x, y, width, height} = await plot.boundingBox();
    await page.mouse.move(x + width - 25, y + height / 2);
    assert.match(await tip.innerText(), /7a20000/);
    assert.deepEqual(troubles, []);
  });

  test('the legend hides a line; scales and values change', async () => {
    const card = page.locator('#chart-hop-procs-1-ns');
    const go = card.getByRole('button', {name: 'Go'});
    await go.click();
    assert.equal(await go.getAttribute('aria-pressed'), 'false');
    await page.waitForFunction(() => new Promise((done) => requestAnimationFrame(() => done(true))));
    assert.ok(await pixels('#chart-hop-procs-1-ns', '--go') < 5);
    await page.getByRole('radio', {name: 'linear'}).check({force: true});
    await page.getByRole('radio', {name: '÷ peers'}).check({force: true});
    assert.deepEqual(await texts('#chart-hop-procs-1-ns .lines button'), ['÷ Go', '÷ Boost.Fiber']);
    assert.equal(await page.locator('#charts canvas').count(), 7);
    assert.deepEqual(troubles, []);
  });

  test('another machine is another page: never one series', async () => {
    await open();
    await page.selectOption('#machine', {label: 'Synthetic CPU B, 8 CPUs'});
    const [about] = await texts('#about');
    assert.match(about, /2 results of this machine/);
    assert.match((await cells('hop/procs:1/ns'))[2], /vs 0a80000/);
    assert.equal(await page.locator('#charts canvas').count(), 7);
    await page.fill('#text', 'mutex');
    assert.deepEqual(await names(), ['mutex1 P']);
    assert.equal(await page.locator('#charts .card:visible').count(), 1);
  });

  test('a telephone\'s width: the page itself does not scroll sideways', async () => {
    await open('light', {width: 380, height: 800});
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 380);
    assert.deepEqual(troubles, []);
  });

  test('on paper it is light, and has no controls', async () => {
    await open('dark');
    await page.emulateMedia({media: 'print'});
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    assert.equal(await page.locator('#filter').isVisible(), false);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
    assert.ok(await pixels('#chart-hop-procs-1-ns', '--heddle') > 20);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'auto');
  });
});
