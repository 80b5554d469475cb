// A result file's form, as benchmarks/compare writes it, and what is said of one
// that has another. Fields that are not named here are passed over, so that newer
// files can have more.
import {load} from './packages.mjs';

const {z} = load('zod');

// Zod's own words for what is wrong, then ours for what it should be.
const must = (what) => ({
  error: (issue) => (issue.input === undefined ? 'is missing' : `is ${JSON.stringify(issue.input).slice(0, 60)}`) + `; it must be ${what}`,
});
const text = (what) => z.string(must(what)).min(1, must(what));
const number = (what) => z.number(must(what)).nonnegative(must(what));
const samples = (what) => z.array(number(what), must(what)).min(1, must(what));
const byName = (value) => z.record(z.string(), value, must('an object, by names of peers; {} for none'));

const row = z.object({
  name: text('the workload, "hop" say'),
  procs: z.int(must('the number of Ps, 1 or more')).positive(must('the number of Ps, 1 or more')),
  figure: text('what is measured, "ns" or "p99" say'),
  unit: text('the unit, "ns/op" say'),
  what: text('a few words on what is done'),
  target: byName(z.number(must('the greatest ratio to the peer that is good')).positive(must('more than 0'))).nullish(),
  limit: z.object({
    name: text('what the machine cannot do faster'),
    value: z.number(must('a number, in the row\'s unit')).positive(must('more than 0')),
  }, must('an object of name and value, or null')).nullish(),
  heddle: samples('an array of numbers, one a round, none less than 0'),
  peers: byName(samples('an array of numbers, one a round, none less than 0')),
}, must('an object'));

const result = z.object({
  schema: z.literal(1, must('1, which is all that this dashboard reads')),
  commit: z.string(must('40 hex digits')).regex(/^[0-9a-f]{40}$/, must('40 hex digits')),
  subject: z.string(must('the first line of the commit\'s message')),
  dirty: z.boolean(must('true or false')),
  release: text('a tag, or null').nullable(),
  date: z.iso.datetime({offset: true, ...must('a time with its zone, "2026-11-26T05:00:00Z" say')}),
  machine: z.object({
    cpu: text('the CPU\'s name'),
    cpus: z.int(must('the number of CPUs')).positive(must('the number of CPUs')),
    kernel: text('the kernel\'s version'),
    memory_gib: number('the memory in GiB'),
  }, must('an object of cpu, cpus, kernel and memory_gib')),
  compiler: text('the compiler\'s name and version'),
  flags: z.string(must('the compiler\'s flags')),
  peers: byName(text('the peer\'s version')),
  missing: byName(text('why the peer could not be had')),
  rows: z.array(row, must('an array of rows')),
  instructions: z.record(z.string(), number('instructions per operation'), must('an object, by names of paths; {} for none')),
}, must('an object'));

export const identity = (r) => `${r.name}/procs:${r.procs}/${r.figure}`;

const field = (path) => path.map((p, i) => (typeof p === 'number' ? `[${p}]` : (i ? '.' : '') + p)).join('');

// What no single field can be blamed for.
function* contradictions(parsed) {
  const seen = new Map();
  for (const [i, r] of parsed.rows.entries()) {
    const at = `rows[${i}]`;
    const before = seen.get(identity(r));
    if (before !== undefined) yield `${at}: is ${identity(r)}, as rows[${before}] is; a row must be there once`;
    seen.set(identity(r), i);
    for (const [peer, theirs] of Object.entries(r.peers)) {
      if (theirs.length !== r.heddle.length) {
        yield `${at}.peers.${peer}: has ${theirs.length} samples beside heddle's ${r.heddle.length}; each must be taken beside one of heddle's`;
      }
      if (!(peer in parsed.peers)) yield `${at}.peers.${peer}: is no peer of this result; peers.${peer} must have its version`;
    }
  }
}

// {result} or {complaints}, each `FIELD: what is wrong; what it must be`.
export function check(value) {
  const {data, error} = result.safeParse(value, {reportInput: true});
  const complaints = error ?
    error.issues.map((issue) => `${field(issue.path) || 'the file'}: ${issue.message}`) :
    [...contradictions(data)];
  return complaints.length ? {complaints} : {result: data};
}
