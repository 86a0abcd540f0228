// One switch: its ports, and where it sends which address.

import { h, section, table } from './dom.js';
import { bits, duration, rate } from './rates.js';

let wanted = '';

export function switchView(now, name) {
  const { addresses, ports, workers } = now.table;
  const found = addresses.filter(one => `${one.mac} ${one.vlan} ${one.port}`.includes(wanted.trim().toLowerCase()));
  return [
    h('h1', {}, `Switch ${name}`),
    section('Ports', `worked by ${workers.map(worker => `worker-${worker}`).join(', ')}`,
      h('ul', { class: 'chips' }, ports.map(port => h('li', {},
        h('a', { href: `#/port/${encodeURIComponent(port)}` }, port),
        ` in ${bits(rate(port, 'in.bytes'))}, out ${bits(rate(port, 'out.bytes'))}`)))),
    section('Addresses', `${addresses.length}`,
      h('label', { class: 'filter' }, 'Only those with ', h('input', {
        type: 'search', oninput: event => { wanted = event.target.value; },
      })),
      table('Addresses', [
        ['address', one => h('code', {}, one.mac)],
        ['VLAN', one => one.vlan || 'none', 'number'],
        ['port', one => h('a', { href: `#/port/${encodeURIComponent(one.port)}` }, one.port)],
        ['last seen', one => `${duration(one.ageSeconds)} ago`, 'number'],
      ], found, addresses.length ? 'No address is so.' : 'It has learned none yet: frames to any address are flooded.')),
  ];
}
