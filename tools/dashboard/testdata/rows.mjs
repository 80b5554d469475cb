// Small rows and results for tests, with only what a test says.
export const result = (rows, more = {}) => ({
  schema: 1,
  commit: 'c0ffee'.padEnd(40, '0'),
  subject: 'Synthetic',
  dirty: false,
  release: null,
  date: '2020-01-01T00:00:00Z',
  machine: {cpu: 'Synthetic CPU', cpus: 2, kernel: '0.0.0', memory_gib: 8},
  compiler: 'g++ 0.0',
  flags: '-O2',
  peers: {go: 'go0.0'},
  missing: {},
  rows,
  instructions: {},
  ...more,
});

export const row = (heddle, peers = {}, more = {}) =>
  ({name: 'hop', procs: 1, figure: 'ns', unit: 'ns/op', what: 'a hop', target: {}, limit: null, heddle, peers, ...more});

// What regressions.mjs compares: a row in its result.
export const point = (heddle, go, version = 'go0.0') => {
  const one = row(heddle, go ? {go} : {});
  return {row: one, result: result([one], {peers: {go: version}})};
};
