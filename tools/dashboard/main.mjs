// The command: see `usage`. tools/dashboard/dashboard starts it.
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, relative, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {githubAction} from './github.mjs';
import {Complaint, loadHistory} from './load.mjs';
import {makeModel} from './model.mjs';
import {root} from './packages.mjs';
import {makePage} from './page.mjs';

const usage = `usage: tools/dashboard/dashboard [--history FOLDER] [--out FILE.html] [--github-action FILE.json]
  --history        the folder of result files; benchmarks/history if not given
  --out            the page to write; with no option to write anything, .deps/dashboard/dashboard.html
  --github-action  what github-action-benchmark reads (tool: customSmallerIsBetter)
`;

function options() {
  const option = {type: 'string'};
  try {
    return parseArgs({options: {
      'history': {...option, default: `${root}benchmarks/history`},
      'out': option,
      'github-action': option,
      'help': {type: 'boolean', short: 'h'},
    }}).values;
  } catch (e) {
    throw new Complaint(`${e.message}\n${usage}`);
  }
}

function write(file, text) {
  try {
    mkdirSync(dirname(resolve(file)), {recursive: true});
    writeFileSync(file, text);
  } catch (e) {
    throw new Complaint(`${file}: cannot be written (${e.message}); name another file`);
  }
  console.log(`dashboard: wrote ${relative('', file)}`);
}

function main() {
  const {history: folder, out, help, 'github-action': github} = options();
  if (help) return process.stdout.write(usage);
  const history = loadHistory(folder);
  if (github) write(github, JSON.stringify(githubAction(history), null, 2) + '\n');
  if (out || !github) write(out ?? `${root}.deps/dashboard/dashboard.html`, makePage(makeModel(history)));
}

try {
  main();
} catch (e) {
  if (!(e instanceof Complaint)) throw e;
  console.error(`dashboard: error: ${e.message}`);
  process.exitCode = 1;
}
