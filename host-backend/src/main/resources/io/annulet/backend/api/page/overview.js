// Everything at a glance: sums, who is joined to whom, ports, drops, captures, reports.

import { bars, h, section, table } from './dom.js';
import { bits, count, frames, names, rate, short, size, sum, total } from './rates.js';
import { topology } from './topology.js';

export function overview(now) {
  const ports = now.ports.ports;
  const width = document.getElementById('main').clientWidth - 32;
  return [
    tiles(now, ports),
    section('Topology', null, topology(width, ports, now.switches.switches, now.links.links)),
    section('Ports', `${ports.length}`, portTable(ports)),
    section('Drops', 'by reason, since the back-end began', drops(ports.map(port => port.name))),
    section('Captures', null, captures(now.captures.captures)),
    now.reports.reports.length ? section('Reports', 'of studies', reports(now.reports.reports)) : null,
  ];
}

function tiles(now, ports) {
  const all = take => ports.reduce((whole, port) => whole + (take(port.name) ?? 0), 0);
  const known = ports.length > 0 && rate(ports[0].name, 'in.frames') !== null;
  const out = all(port => rate(port, 'out.bytes'));
  const outFrames = all(port => rate(port, 'out.frames'));
  const dropped = all(port => sum(port, 'in.dropped.', rate) + sum(port, 'out.dropped.', rate));
  const calls = all(port => rate(port, 'calls.sent'));
  const errors = Object.values(now.counters.workers).reduce((whole, worker) => whole + worker.errors, 0);
  const guests = ports.filter(port => port.attached !== null).length;
  const tile = (title, value, note, kind) => h('div', { class: `tile ${kind ?? ''}` },
    h('dt', {}, title), h('dd', {}, value), h('dd', { class: 'note' }, note));
  return h('dl', { class: 'tiles' },
    tile('Delivered', known ? bits(out) : '–', known ? `${frames(outFrames)} frames` : 'asking once more'),
    tile('Dropped', known ? frames(dropped) : '–', `${count(all(port =>
      sum(port, 'in.dropped.', total) + sum(port, 'out.dropped.', total)))} so far`, dropped > 0 ? 'bad' : ''),
    tile('Frames a call', known && calls > 0 ? short(outFrames / calls) : '–', known ? `${frames(calls)} calls to guests` : ''),
    tile('Front-ends', `${now.status.attached} of ${guests}`, 'attached'),
    tile('Workers', now.status.workers.length, errors ? `${count(errors)} errors: see the log` : `${now.status.poll} polling`,
      errors ? 'bad' : ''));
}

function portTable(ports) {
  return table('Ports', [
    ['port', port => h('a', { href: `#/port/${encodeURIComponent(port.name)}` }, port.name)],
    ['kind', port => port.config.kind],
    ['at', port => port.domain],
    ['state', port => port.attached === null ? 'open'
      : h('span', { class: port.attached ? 'good' : 'quiet' }, port.attached ? 'attached' : 'waiting')],
    ['in', port => bits(rate(port.name, 'in.bytes')), 'number'],
    ['frames in', port => frames(rate(port.name, 'in.frames')), 'number'],
    ['out', port => bits(rate(port.name, 'out.bytes')), 'number'],
    ['frames out', port => frames(rate(port.name, 'out.frames')), 'number'],
    ['dropped', port => {
      const now = sum(port.name, 'in.dropped.', rate) + sum(port.name, 'out.dropped.', rate);
      return h('span', { class: now > 0 ? 'bad' : null }, frames(now));
    }, 'number'],
  ], ports, 'There are no ports yet. annulet ctl add adds one.');
}

/** Drops of some ports together, those that were most first. */
export function drops(ports) {
  const found = new Map();
  for (const direction of ['in', 'out']) {
    for (const port of ports) {
      for (const reason of names(port, `${direction}.dropped.`)) {
        const name = `${direction}.dropped.${reason}`;
        const one = found.get(name) ?? { name: `${reason}, ${direction}`, all: 0, now: 0 };
        one.all += total(port, name);
        one.now += rate(port, name) ?? 0;
        found.set(name, one);
      }
    }
  }
  const some = [...found.values()].filter(one => one.all > 0).sort((a, b) => b.all - a.all);
  if (some.length === 0) return h('p', { class: 'empty' }, 'Nothing was dropped.');
  return bars(some.map(one => [one.name, one.all / some[0].all, count(one.all) + (one.now ? `, ${frames(one.now)}` : '')]), 'drops');
}

function captures(all) {
  return table('Captures', [
    ['number', one => one.id],
    ['what', one => h('code', {}, one.capture)],
    ['state', one => h('span', { class: one.state === 'running' ? 'good' : one.state === 'ended' ? 'quiet' : 'bad', title: one.why },
      one.state)],
    ['frames', one => count(one.frames), 'number'],
    ['size', one => size(one.bytes), 'number'],
    ['missed', one => count(one.missed), 'number'],
    ['file', one => one.state === 'ended' && one.file !== '-'
      ? h('a', { href: `/v1/captures/${one.id}/file`, download: '' }, 'download') : ''],
  ], all, h('span', {}, 'None. ', h('code', {}, 'annulet ctl capture FILE,port=A,drop=any'), ' begins one.'));
}

const reports = all => h('ul', { class: 'reports' },
  all.map(report => h('li', {}, h('a', { href: report.path, target: '_blank', rel: 'noopener' }, report.name))));
