// One port: what moves, its rings, drops, bursts and calls, and which features are on, or why not.

import { bars, h, meter, section, table } from './dom.js';
import { chart } from './chart.js';
import { drops } from './overview.js';
import { count, names, short, size, total } from './rates.js';

let onlyOff = false;

export function portView(now, name) {
  const port = now.ports.ports.find(one => one.name === name);
  if (!port) return h('p', { class: 'empty' }, `There is no port ${name} any more.`);
  return [
    h('h1', {}, `Port ${name}`),
    facts(port, now.session),
    section('Traffic', null, chart(name, document.getElementById('main').clientWidth - 32)),
    now.rings ? section('Rings', null, ringTable(now.rings.rings)) : null,
    h('div', { class: 'pair' },
      section('Drops', 'by reason', drops([name])),
      section('Bursts', 'frames taken at once', bursts(name))),
    section('Calls', 'notifications to the guest', calls(name)),
    now.features ? features(now.features) : null,
  ];
}

function facts(port, session) {
  const { kind, target, ...options } = port.config;
  const all = [['Kind', kind], ['Target', target], ['At', port.domain], ['Interface', port.interface],
    ['Workers', port.workers.map(worker => `worker-${worker}`).join(', ')],
    ...Object.entries(options).map(([name, value]) => [name, value])];
  if (port.nic) {
    const { mac, linkUp, running, promiscuous, addresses } = port.nic;
    all.push(['Address', mac], ['Link', running ? linkUp ? 'up' : 'down' : 'stopped'],
      ['Receives', promiscuous ? 'everything' : `for ${addresses.length} address${addresses.length === 1 ? '' : 'es'}`]);
  }
  if (session) {
    all.push(['Front-end', session.attached ? `process ${session.process}` : 'none is attached']);
    if (session.attached) {
      const bytes = session.regions.reduce((sum, region) => sum + region.bytes, 0);
      all.push(['Shared memory', `${size(bytes)} in ${session.regions.length} region${session.regions.length === 1 ? '' : 's'}${session.sealed ? ', sealed' : ''}`]);
    }
  }
  return h('dl', { class: 'facts' }, all.filter(([, value]) => value)
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function ringTable(rings) {
  const known = value => value === null ? '–' : count(value);
  return table('Rings', [
    ['ring', ring => `${ring.index} ${ring.queue}`],
    ['state', ring => h('span', { class: ring.fault ? 'bad' : ring.state === 'started enabled' ? 'good' : 'quiet' },
      ring.fault ? `broken: ${ring.fault}` : ring.state)],
    ['layout', ring => ring.layout ? `${ring.layout}, ${ring.size}` : '–'],
    ['available', ring => ring.available === null ? '–' : h('span', { class: 'fill' },
      meter(ring.size ? ring.available / ring.size : 0), count(ring.available)), 'number'],
    ['borrowed', ring => known(ring.borrowed), 'number'],
    ['frames', ring => known(ring.frames), 'number'],
    ['drops', ring => known(ring.drops), 'number'],
    ['kicks', ring => known(ring.kicks), 'number'],
    ['calls', ring => known(ring.calls), 'number'],
  ], rings, 'No front-end has set up rings.');
}

function bursts(name) {
  const sizes = names(name, 'in.batches.').map(Number).sort((a, b) => a - b);
  const numbers = sizes.map(least => total(name, `in.batches.${least}`));
  const all = numbers.reduce((sum, number) => sum + number, 0);
  if (all === 0) return h('p', { class: 'empty' }, 'Nothing came yet.');
  const most = Math.max(...numbers);
  const mean = total(name, 'in.frames') / all;
  return [
    h('p', {}, `${short(mean)} frames on average`),
    bars(sizes.map((least, i) => [
      least === 1 ? '1' : i === sizes.length - 1 ? `${least}` : `${least} to ${2 * least - 1}`,
      numbers[i] / most, `${count(numbers[i])}, ${Math.round(numbers[i] * 100 / all)} %`]), 'bursts'),
  ];
}

function calls(name) {
  const kinds = [
    ['sent', 'the guest was called'],
    ['suppressed', 'the guest did not want to be called'],
    ['coalesced', 'went out with an earlier call'],
    ['failed', 'could not be made'],
  ];
  const numbers = kinds.map(([kind]) => total(name, `calls.${kind}`));
  const all = numbers.reduce((sum, number) => sum + number, 0);
  if (all === 0) return h('p', { class: 'empty' }, 'Nobody was called yet.');
  return bars(kinds.map(([kind, meaning], i) =>
    [kind, numbers[i] / all, `${count(numbers[i])}, ${meaning}`]).filter((one, i) => numbers[i] > 0), 'calls');
}

function features({ features: virtio, protocolFeatures }) {
  const shown = list => list.filter(one => !onlyOff || !one.acknowledged);
  const list = (title, all) => table(title, [
    ['feature', one => h('code', {}, one.name)],
    ['bit', one => one.bit, 'number'],
    ['state', one => h('span', { class: one.acknowledged ? 'good' : one.offered ? 'quiet' : 'off' },
      one.acknowledged ? 'on' : one.offered ? 'offered' : 'not offered')],
    ['why', one => one.acknowledged ? '' : one.why, 'wide'],
  ], shown(all), 'All of them are on.');
  const on = virtio.filter(one => one.acknowledged).length;
  return section('Features', `${on} of ${virtio.length} on`,
    h('label', { class: 'filter' }, h('input', {
      type: 'checkbox', onchange: event => { onlyOff = event.target.checked; },
    }), ' Only those that are off'),
    list('Features', virtio),
    h('details', {}, h('summary', {}, 'Of the vhost-user protocol'), list('Features of the protocol', protocolFeatures)));
}
