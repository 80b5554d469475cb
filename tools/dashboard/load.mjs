// Reads a folder of result files: all of them good, or an error that names file,
// field and cure. A result that is passed over in silence would be missed by
// nobody.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {check} from './schema.mjs';

// An error of the user's, or of the files': told without a stack.
export class Complaint extends Error {}

const cure = 'mend or remove the file, or measure again: tools/bazel run //benchmarks:compare -- --out FOLDER';

function readResult(file) {
  let value;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (e) {
    throw new Complaint(`${file}: ${e.code ? 'cannot be read' : 'is not JSON'} (${e.message}); ${cure}`);
  }
  const {result, complaints} = check(value);
  if (complaints) {
    const more = complaints.length > 5 ? [`and ${complaints.length - 5} more`] : [];
    throw new Complaint([...complaints.slice(0, 5), ...more].map((c) => `${file}: ${c}`).concat(cure).join('\n'));
  }
  return result;
}

// The results of a folder, the oldest first; of one date, by file name.
export function loadHistory(folder) {
  let names;
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  } catch (e) {
    throw new Complaint(`${folder}: cannot be read (${e.message}); --history must be a folder of result files: to make one, tools/bazel run //benchmarks:compare -- --out FOLDER`);
  }
  if (!names.length) throw new Complaint(`${folder}: has no result file (*.json); ${cure}`);
  return names.map((name) => readResult(join(folder, name)))
    .sort((a, b) => Date.parse(a.date) - Date.parse(b.date));
}
