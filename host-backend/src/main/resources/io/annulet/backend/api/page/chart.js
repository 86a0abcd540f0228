// Bits a second over the last two minutes, in and out.

import { h } from './dom.js';
import { bits, frames, rate, series } from './rates.js';

const HEIGHT = 150;
const BOTTOM = 20;
const SECONDS = 120;

export function chart(port, available) {
  const width = Math.max(240, Math.min(available, 1150));
  const lines = [['in', series(port, 'in.bytes')], ['out', series(port, 'out.bytes')]];
  const most = Math.max(1, ...lines.flatMap(([, points]) => points.map(([, value]) => value)));
  const top = nice(most * 8) / 8;
  const plot = HEIGHT - BOTTOM;
  const x = ago => width - Math.min(ago, SECONDS) / SECONDS * width;
  const y = value => plot - value / top * (plot - 14);
  const path = points => points.length < 2 ? '' : `M${points.map(([ago, value]) => `${x(ago).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('L')}`;
  const words = direction => `${bits(rate(port, `${direction}.bytes`))}, ${frames(rate(port, `${direction}.frames`))} frames`;
  return h('figure', { class: 'chart' },
    h('figcaption', {}, lines.map(([name]) => h('span', { class: `key ${name}` }, `${name} ${words(name)}`))),
    h('svg', {
      viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: 'img',
      'aria-label': `Bits a second over two minutes: in ${words('in')}, out ${words('out')}`,
    },
    [0, 0.5, 1].map(part => h('line', { class: 'grid', x1: 0, x2: width, y1: y(top * part), y2: y(top * part) })),
    h('text', { class: 'axis', x: 0, y: y(top) - 4 }, bits(top)),
    h('text', { class: 'axis', x: 0, y: HEIGHT - 5 }, '2 min ago'),
    h('text', { class: 'axis', x: width, y: HEIGHT - 5, 'text-anchor': 'end' }, 'now'),
    lines.map(([name, points]) => h('path', { class: `line ${name}`, d: path(points) }))));
}

/** The next of 1, 2, 5, 10, … */
function nice(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= number * 0.999);
}
