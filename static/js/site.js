// What htmx alone cannot do on any page: composing, keys, focus, failures. What only searches need is in search.js, what
// posts need in post.js.

const byId = (id) => document.getElementById(id);
const box = () => byId('q');
const composing = (event) => event.isComposing || event.keyCode === 229;
const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;
const on = (name, act) => document.addEventListener(name, act);

// While an IME composes, nothing is searched; the committed text arrives by compositionend.
addEventListener('input', (event) => {
  if (event.isComposing && event.target.closest('[data-ime-guard]')) event.stopPropagation();
}, true);

// Enter that ends a composition must not send the form, nor Escape empty the box. Letters are keys, here and in post.js,
// only where nothing is typed, no dialog is open, and the reader has not turned them off.
addEventListener('keydown', (event) => {
  const { key, target } = event;
  if (['Enter', 'Escape'].includes(key) && composing(event) && target.closest('[data-ime-guard]')) event.preventDefault();
  const typed = hasModifier(event) || composing(event) || target.closest('input, textarea, select, [contenteditable], dialog, [popover]');
  if (key?.length === 1 && (typed || document.documentElement.dataset.keys === 'off')) event.stopImmediatePropagation();
}, true);

// htmx cancels a click with a modifier key without doing anything itself: keep it away, so that the new tab opens.
addEventListener('click', (event) => {
  if ((hasModifier(event) || event.shiftKey) && event.target.closest('a[data-hx-get]')) event.stopPropagation();
}, true);

// Keys that every page has.
const shortcuts = {
  '/': () => {
    box().focus();
    box().select();
  },
  '?': showKeys,
  t: () => {
    scrollTo(0, 0);
    byId('main').focus({ preventScroll: true });
  },
};

on('keydown', (event) => {
  if (composing(event) || event.defaultPrevented || hasModifier(event)) return;
  if (!Object.hasOwn(shortcuts, event.key)) return;
  event.preventDefault();
  shortcuts[event.key]();
});
// What searching needs besides is fetched where there are hits, or once a box for words has the focus.
const fetchSearch = () => import(document.querySelector('[data-search]').dataset.search).catch(() => {});
const begin = () => document.activeElement.closest('#search, #user-search') && fetchSearch();
if (document.querySelector('.search, #user-search')) fetchSearch();
on('focusin', begin);
begin();

// The map of keys is fetched once.
async function showKeys() {
  const dialog = byId('key-map');
  if (!dialog.childElementCount) await htmx.ajax('GET', dialog.dataset.source, { target: dialog, swap: 'innerHTML' });
  if (dialog.childElementCount) dialog.showModal();
}

// What replaces a part of the page keeps its filters unfolded, and takes over the focus that went with the old part.
let opened = [];
let hadFocus = false;
on('htmx:before:swap', ({ detail }) => {
  opened = [...document.querySelectorAll('details[data-keep-open][open]')].map((details) => details.id);
  hadFocus = detail.ctx.target?.contains(document.activeElement);
});
on('htmx:after:swap', ({ detail }) => {
  for (const id of opened) byId(id)?.setAttribute('open', '');
  const { target } = detail.ctx;
  if (!hadFocus || document.activeElement !== document.body) return;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
});

// While a first build runs, a list that is not full takes in what has come, and any list does at the end: rows come below
// those that are there, which stay.
on('htmx:after:swap', ({ detail }) => {
  const [old, { dataset }] = [detail.ctx.target, byId('progress')];
  const items = document.querySelectorAll('#main > .list .item').length;
  if (old?.id !== 'progress' || !document.querySelector('#main > .list') || document.activeElement === box()) return;
  if ('done' in dataset || (items < 20 && dataset.posts !== old.dataset.posts)) {
    htmx.ajax('GET', location.pathname + location.search, { target: '#main', swap: 'innerMorph' });
  }
});

// An answer that is an error is not a place to come back to.
on('htmx:before:history:update', (event) => {
  const status = event.detail.response?.status;
  if (status >= 400 || status === 204) event.preventDefault();
});

// A request that failed is said, and shown until the next one.
const say = (look, text) => {
  byId('announce').className = look;
  if (text) byId('announce').textContent = text;
};
const fail = () => say('toast', byId('announce').dataset.failed);
on('htmx:error', fail);
on('htmx:response:error', (event) => event.detail.ctx.response.status >= 500 && fail());
on('htmx:before:request', () => say('hidden'));

// A hundred links to tags ask as links with data-hx-get do, without htmx looking at each of them beforehand.
on('click', (event) => {
  const link = event.target.closest('[data-in-place] a');
  if (!link || event.button || event.shiftKey || hasModifier(event)) return;
  event.preventDefault();
  htmx.ajax('GET', link.getAttribute('href'), { source: link });
});

// Of a page come to anew (theme.js), what is not on the screen at first is laid out later, a few comments or rows a frame.
addEventListener('load', function lay() {
  const some = [...document.querySelectorAll('[data-fresh] :is(.comment, .item):not(.laid)')].slice(0, 8);
  for (const one of some) one.classList.add('laid');
  if (some.length) requestAnimationFrame(() => setTimeout(lay));
  else delete document.documentElement.dataset.fresh;
});
