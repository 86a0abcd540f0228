// Switches and links with their ports, and what moves between them, as pictures that fit the width there is.

import { h } from './dom.js';
import { bits, rate } from './rates.js';

const BOX = { width: 214, height: 58, gap: 16 };
const NARROW = 560;

/** All domains; ports are those of /v1/ports. */
export function topology(width, ports, switches, links) {
  const byName = new Map(ports.map(port => [port.name, port]));
  const members = domain => domain.ports.map(name => byName.get(name)).filter(port => port);
  return h('div', { class: 'topology' },
    switches.map(domain => star(width, domain.name, members(domain))),
    links.map(domain => wire(width, domain.name, members(domain))));
}

/** Whether a port can move frames: null if that is not known from here. */
const isUp = port => port.attached;

function box(port, x, y, width) {
  const into = rate(port.name, 'in.bytes');
  const out = rate(port.name, 'out.bytes');
  const state = isUp(port) === null ? 'open' : isUp(port) ? 'attached' : 'waiting';
  const words = { open: 'open', attached: 'front-end attached', waiting: 'no front-end' }[state];
  return h('svg:a', {
    href: `#/port/${encodeURIComponent(port.name)}`,
    class: `port ${state}`,
    'aria-label': `Port ${port.name}, ${port.config.kind}, ${words}, in ${bits(into)}, out ${bits(out)}`,
  },
  h('rect', { x, y, width, height: BOX.height, rx: 10 }),
  h('circle', { class: 'dot', cx: x + 16, cy: y + 17, r: 4.5 }),
  h('text', { class: 'name', x: x + 28, y: y + 22 }, clipped(port.name, 15)),
  h('text', { class: 'kind', x: x + width - 12, y: y + 22, 'text-anchor': 'end' }, port.config.kind),
  h('text', { class: 'rate in', x: x + 12, y: y + 45 }, `in ${bits(into)}`),
  h('text', { class: 'rate out', x: x + width - 12, y: y + 45, 'text-anchor': 'end' }, `out ${bits(out)}`));
}

const clipped = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** Two lines beside each other, one for each direction: wider and faster, the more goes there. */
function pipe(port, shape) {
  return h('g', { 'aria-hidden': 'true' },
    strand(shape(-4), 'in', rate(port.name, 'in.bytes')),
    strand(shape(4), 'out', rate(port.name, 'out.bytes')));
}

function strand(path, direction, bytes) {
  const level = bytes ? Math.max(1, Math.min(5, Math.floor(Math.log10(bytes * 8)) - 3)) : 0;
  return h('path', { d: path, class: `strand ${direction} level${level}` });
}

function star(width, name, ports) {
  return width < NARROW ? tree(width, name, ports) : twoColumns(width, name, ports);
}

function ring(name, cx, cy, r) {
  return h('svg:a', { href: `#/switch/${encodeURIComponent(name)}`, class: 'ring', 'aria-label': `Switch ${name}` },
    h('circle', { cx, cy, r }),
    h('text', { class: 'name', x: cx, y: cy + 1, 'text-anchor': 'middle' }, clipped(name, 10)),
    h('text', { class: 'kind', x: cx, y: cy + 17, 'text-anchor': 'middle' }, 'switch'));
}

const picture = (width, height, label, ...children) =>
  h('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': label }, ...children);

function twoColumns(available, name, ports) {
  const width = Math.min(available, 820);
  const step = BOX.height + BOX.gap;
  const rows = Math.ceil(ports.length / 2);
  const height = Math.max(rows * step + BOX.gap, 140);
  const center = { x: width / 2, y: height / 2, r: 46 };
  const place = i => {
    const isLeft = i % 2 === 0;
    const inColumn = isLeft ? rows : Math.floor(ports.length / 2);
    const row = Math.floor(i / 2);
    const top = (height - inColumn * step + BOX.gap) / 2;
    return { x: isLeft ? 2 : width - BOX.width - 2, y: top + row * step, isLeft };
  };
  const pipes = ports.map((port, i) => {
    const { x, y, isLeft } = place(i);
    const startX = isLeft ? x + BOX.width : x;
    const startY = y + BOX.height / 2;
    const lean = Math.max(-0.8, Math.min(0.8, (startY - center.y) / 160));
    const endX = center.x + (isLeft ? -1 : 1) * center.r * Math.sqrt(1 - lean * lean);
    const endY = center.y + center.r * lean;
    const bend = (startX + endX) / 2;
    return pipe(port, by => `M${startX} ${startY + by}C${bend} ${startY + by} ${bend} ${endY + by} ${endX} ${endY + by}`);
  });
  return picture(width, height, `Switch ${name}`, pipes, ring(name, center.x, center.y, center.r),
    ports.map((port, i) => box(port, place(i).x, place(i).y, BOX.width)));
}

function tree(width, name, ports) {
  const step = BOX.height + 12;
  const center = { x: 40, y: 40, r: 36 };
  const left = 64;
  const first = 92;
  const height = first + ports.length * step;
  const pipes = ports.map((port, i) => {
    const y = first + i * step + BOX.height / 2;
    return pipe(port, by => `M${left} ${y + by}H${center.x + by + 10}Q${center.x + by} ${y + by} ${center.x + by} ${y + by - 10}V${
      center.y + center.r}`);
  });
  return picture(width, height, `Switch ${name}`, pipes, ring(name, center.x, center.y, center.r),
    ports.map((port, i) => box(port, left, first + i * step, width - left - 2)));
}

function wire(available, name, [one, other]) {
  if (!one || !other) return null;
  if (available < NARROW) {
    const width = available;
    const far = BOX.height + 44;
    return picture(width, far + BOX.height + 4, `Link ${name}`,
      pipe(one, by => `M${width / 2 + by} ${BOX.height + 2}V${far}`),
      box(one, 2, 2, width - 4), box(other, 2, far, width - 4));
  }
  const width = Math.min(available, 820);
  const y = BOX.height / 2 + 2;
  return picture(width, BOX.height + 4, `Link ${name}`,
    pipe(one, by => `M${BOX.width + 2} ${y + by}H${width - BOX.width - 2}`),
    h('text', { class: 'kind', x: width / 2, y: y - 14, 'text-anchor': 'middle' }, 'link'),
    box(one, 2, 2, BOX.width), box(other, width - BOX.width - 2, 2, BOX.width));
}
