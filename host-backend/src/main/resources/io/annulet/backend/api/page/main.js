// Asks the API once a second and shows what it answered; where the address says #/port/a, that port.

import { become, h } from './dom.js';
import { overview } from './overview.js';
import { portView } from './port.js';
import { switchView } from './switch.js';
import { duration, remember } from './rates.js';

const PERIOD = 1000;
const PATIENCE = 5000;
const $ = id => document.getElementById(id);
let isPaused = false;
let lastAnswer = null;
let shown = null;

async function ask(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store' });
  if (response.ok) return response.json();
  const text = await response.text();
  let why = text.trim();
  try {
    why = JSON.parse(text).error;
  } catch { /* the proxy's own words */ }
  throw Object.assign(new Error(why), { status: response.status });
}

/** What an address asks for: a view, what that needs beside what all need, and where one is. */
function route() {
  const [, kind, name] = location.hash.slice(1).split('/').map(part => {
    try {
      return decodeURIComponent(part);
    } catch {
      return '';
    }
  });
  const path = encodeURIComponent(name ?? '');
  if (kind === 'port' && name) {
    const own = part => ask(`/v1/ports/${path}/${part}`).catch(e => {
      if (e.status === 409) return null;
      throw e;
    });
    return {
      view: portView, title: `Port ${name}`, name,
      needs: { session: own('session'), rings: own('rings'), features: own('features') },
    };
  }
  if (kind === 'switch' && name) {
    return { view: switchView, title: `Switch ${name}`, name, needs: { table: ask(`/v1/switches/${path}`) } };
  }
  return { view: overview, title: null, needs: {} };
}

async function look() {
  const { view, title, name, needs } = route();
  const asked = {
    status: ask('/v1/status'), ports: ask('/v1/ports'), counters: ask('/v1/counters'), switches: ask('/v1/switches'),
    links: ask('/v1/links'), captures: ask('/v1/captures'), reports: ask('/v1/reports'), ...needs,
  };
  const keys = Object.keys(asked);
  const answers = await Promise.all(Object.values(asked));
  const now = Object.fromEntries(keys.map((key, i) => [key, answers[i]]));
  remember(now.counters);
  lastAnswer = Date.now();
  const hash = location.hash;
  show(() => view(now, name), hash);
  document.title = title ? `${title} – Annulet` : 'Annulet';
  become($('crumbs'), h('nav', { id: 'crumbs', 'aria-label': 'Where you are' },
    title ? [h('a', { href: '#/' }, 'All ports'), h('span', { 'aria-current': 'page' }, title)] : null));
  const up = (Date.parse(now.counters.taken) - Date.parse(now.status.began)) / 1000;
  $('about').textContent = `${now.status.version} · process ${now.status.process} · up ${duration(up)}`;
  say('live', 'live');
}

function show(make, hash) {
  const main = $('main');
  const wanted = h('main', { id: 'main', tabindex: -1 }, make());
  if (shown === hash) {
    become(main, wanted);
  } else {
    main.replaceChildren(...wanted.childNodes);
    if (shown !== null) {
      main.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    shown = hash;
  }
  redraw = () => show(make, hash);
}

let redraw = () => {};

function say(kind, words) {
  const state = $('state');
  if (state.textContent !== words) state.textContent = words;
  state.className = kind;
}

async function loop() {
  for (;;) {
    if (!isPaused && !document.hidden) {
      try {
        await look();
      } catch (e) {
        const since = lastAnswer ? ` for ${duration((Date.now() - lastAnswer) / 1000)}` : '';
        say('lost', e.status ? e.message : `no answer${since}`);
        if (e.status === 404 && location.hash !== '#/') {
          show(() => h('p', { class: 'empty' }, e.message), location.hash);
        }
      }
    }
    await new Promise(resolve => {
      wake = resolve;
      setTimeout(resolve, PERIOD);
    });
  }
}

let wake = () => {};

function pause() {
  isPaused = !isPaused;
  $('pause').setAttribute('aria-pressed', isPaused);
  $('pause').textContent = isPaused ? 'Go on' : 'Pause';
  if (isPaused) say('paused', 'paused');
  wake();
}

const THEMES = ['auto', 'light', 'dark'];

function theme(name) {
  document.documentElement.dataset.theme = name;
  $('theme').lastChild.textContent = name;
  $('theme').setAttribute('aria-label', `Theme: ${name}`);
  try {
    localStorage.setItem('theme', name);
  } catch { /* not kept, then */ }
}

let kept = 'auto';
try {
  kept = localStorage.getItem('theme') ?? 'auto';
} catch { /* the browser keeps nothing */ }
theme(THEMES.includes(kept) ? kept : 'auto');
$('theme').onclick = () => theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
$('pause').onclick = pause;
addEventListener('keydown', event => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key === 'p' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) pause();
});
addEventListener('hashchange', () => wake());
addEventListener('resize', () => redraw());
document.addEventListener('visibilitychange', () => wake());
loop();
