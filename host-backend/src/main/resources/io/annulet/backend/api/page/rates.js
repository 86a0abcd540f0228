// What the counters were in the last minutes, and how fast they move.

const KEPT = 120;
const LEAST_MILLIS = 20;
const snapshots = [];

/** Takes what /v1/counters answered. */
export function remember(counters) {
  const snapshot = { at: Date.parse(counters.taken), ports: counters.ports };
  const last = snapshots.at(-1);
  if (last && snapshot.at - last.at < LEAST_MILLIS) return;
  if (last && snapshot.at - last.at > 60_000) snapshots.length = 0;
  snapshots.push(snapshot);
  if (snapshots.length > KEPT) snapshots.shift();
}

const value = (snapshot, port, name) => snapshot.ports[port]?.[name] ?? 0;

function between(before, after, port, name) {
  const change = value(after, port, name) - value(before, port, name);
  return Math.max(0, change * 1000 / (after.at - before.at));
}

/** A counter's value now. */
export function total(port, name) {
  return snapshots.length ? value(snapshots.at(-1), port, name) : 0;
}

/** A counter's change a second, over the last two looks; null before there are two. */
export function rate(port, name) {
  return snapshots.length < 2 ? null : between(snapshots.at(-2), snapshots.at(-1), port, name);
}

/** Likewise for each look that is remembered, as [seconds ago, change a second]. */
export function series(port, name) {
  const now = snapshots.at(-1)?.at ?? 0;
  return snapshots.slice(1).map((after, i) => [(now - after.at) / 1000, between(snapshots[i], after, port, name)]);
}

/** Names of a port's counters that begin so, without that. */
export function names(port, beginning) {
  return Object.keys(snapshots.at(-1)?.ports[port] ?? {})
    .filter(name => name.startsWith(beginning)).map(name => name.slice(beginning.length));
}

/** Of counters whose names begin so: their sum of what is taken of each, by total or rate. */
export function sum(port, beginning, take) {
  return names(port, beginning).reduce((all, name) => all + (take(port, beginning + name) ?? 0), 0);
}

/** 12,345. */
export const count = number => Math.round(number).toLocaleString('en');

/** A number as people say it: 1.23 M. */
export function short(number) {
  const units = ['', ' k', ' M', ' G', ' T', ' P'];
  let unit = 0;
  while (number >= 999.5 && unit < units.length - 1) {
    number /= 1000;
    unit++;
  }
  const digits = unit === 0 ? (number > 0 && number < 10 && number % 1 ? 1 : 0) : number < 10 ? 2 : number < 100 ? 1 : 0;
  return number.toFixed(digits) + units[unit];
}

const unit = (number, name) => {
  const words = short(number);
  return words.includes(' ') ? words + name : `${words} ${name}`;
};

export const bits = bytes => bytes === null ? '–' : unit(bytes * 8, 'bit/s');
export const frames = number => number === null ? '–' : unit(number, '/s');
export const size = bytes => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (bytes >= 1024 && i < units.length - 1) {
    bytes /= 1024;
    i++;
  }
  return `${i > 0 && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[i]}`;
};

export function duration(seconds) {
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = parts.findIndex(([length]) => seconds >= length);
  if (first < 0) return '0 s';
  const [length, name] = parts[first];
  const rest = parts[first + 1];
  const whole = `${Math.floor(seconds / length)} ${name}`;
  const left = rest ? Math.floor(seconds % length / rest[0]) : 0;
  return left ? `${whole} ${left} ${rest[1]}` : whole;
}
