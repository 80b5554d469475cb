// Numbers and dates as the page writes them.

// Three significant digits, and all of the whole ones: 57.1, 1,150, 0.0162.
export function number(x) {
  if (x === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x))));
  return x.toLocaleString('en-US', {minimumFractionDigits: digits, maximumFractionDigits: digits});
}

// Three digits after the point, so that a target of two can be told from what just misses it.
export const ratio = (x) => (x >= 9.9995 ? number(x) : x.toFixed(3));

export const range = (s, one = number) => (s.min === s.max ? one(s.min) : `${one(s.min)}–${one(s.max)}`);

// A change as a share: +12.3 %.
export function percent(ratioOfMedians) {
  const p = ((ratioOfMedians - 1) * 100).toFixed(1);
  return Number(p) === 0 ? '0.0 %' : `${p < 0 ? '−' : '+'}${p.replace('-', '')} %`;
}

export const short = (commit) => commit.slice(0, 7);

// In UTC, as the files have it: the page looks the same to all who open it.
const form = (options) => (iso) => new Date(iso).toLocaleString('en-GB', {timeZone: 'UTC', ...options});
export const day = form({day: 'numeric', month: 'short'});
export const fullDate = (iso) => `${form({dateStyle: 'medium', timeStyle: 'short'})(iso)} UTC`;
