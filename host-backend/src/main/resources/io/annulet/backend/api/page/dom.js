// Elements as values, and the least change that makes one tree another: what has the focus keeps it.

const SVG = 'http://www.w3.org/2000/svg';
const SVG_TAGS = new Set(['svg', 'g', 'path', 'circle', 'rect', 'line', 'text', 'tspan', 'title']);

/** An element; children are elements, text, lists of these, or null. In SVG a link is written 'svg:a'. */
export function h(tag, attributes, ...children) {
  const inSvg = SVG_TAGS.has(tag) || tag.startsWith('svg:');
  const element = inSvg ? document.createElementNS(SVG, tag.replace('svg:', '')) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false)
    .map(child => child instanceof Node ? child : String(child)));
  return element;
}

/** Makes one element what another is. */
export function become(old, wanted) {
  if (old.nodeType !== wanted.nodeType || old.nodeName !== wanted.nodeName || old.id !== wanted.id) {
    old.replaceWith(wanted);
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    const isUsers = name === 'open' && old.nodeName === 'DETAILS';
    if (!wanted.hasAttribute(name) && !isUsers) old.removeAttribute(name);
  }
  for (const { name, value } of [...wanted.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of ['onclick', 'onchange', 'oninput']) {
    if (old[name] !== wanted[name]) old[name] = wanted[name];
  }
  const before = [...old.childNodes];
  const after = [...wanted.childNodes];
  after.forEach((child, i) => i < before.length ? become(before[i], child) : old.append(child));
  before.slice(after.length).forEach(child => child.remove());
}

/** A table: a caption, columns as [heading, cell of an item, class], and items. */
export function table(caption, columns, items, nothing) {
  if (items.length === 0) return h('p', { class: 'empty' }, nothing);
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', {},
      h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, columns.map(([heading, , kind]) => h('th', { scope: 'col', class: kind }, heading)))),
      h('tbody', {}, items.map(item => h('tr', {}, columns.map(([heading, cell, kind], i) =>
        i === 0
          ? h('th', { scope: 'row', class: kind }, cell(item))
          : h('td', { class: kind, 'data-label': heading }, cell(item))))))));
}

/** A section with a heading. */
export function section(title, note, ...children) {
  return h('section', {}, h('h2', {}, title, note ? h('small', {}, ' ', note) : null), ...children);
}

/** Bars with their values in words: items are [name, share of the longest from 0 to 1, words, explanation]. */
export function bars(items, kind) {
  return h('ul', { class: `bars ${kind}` }, items.map(([name, share, words, explanation]) =>
    h('li', { title: explanation || null },
      h('span', { class: 'name' }, name),
      meter(share),
      h('span', { class: 'value' }, words))));
}

/** How full something is, from 0 to 1; the number stands beside it. */
export function meter(share) {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return h('svg', { class: 'meter', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    h('rect', { class: 'all', width: 100, height: 8 }),
    h('rect', { class: 'part', width: share > 0 ? Math.max(1, width) : 0, height: 8 }));
}
