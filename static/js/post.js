// Reading a post: its folds, the comment the reader is at, and where the reader left off. The rest is in acts.js.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
const on = (type, act, capture) => document.addEventListener(type, act, capture);
const announce = (text) => { byId('announce').textContent = text; };
const post = () => find('[data-post]')?.dataset.post;
const ask = (source, url, target) => htmx.ajax('GET', url, { source, target, swap: 'innerHTML' });

// Storage may be switched off, and hold anything.
function stored(storage, key, value) {
  try {
    if (value) window[storage][key] = JSON.stringify(value);
    return [...JSON.parse(window[storage][key])];
  } catch {
    return [];
  }
}

// A fold is fetched once: when it is opened, or it or the open one before it is pointed at; after a failure, again.
let unfolding = false;
async function load(fold) {
  if (!fold?.dataset.fold) return;
  await (fold.coming ??= ask(fold, fold.dataset.fold, find('.fold-body', fold)));
  fold.coming = null;
}
function arrived(fold) {
  fold.removeAttribute('data-fold');
  if (unfolding) openAll(true, fold);
  if (fold.open) announce(fold.dataset.opened);
  if (fold.contains(named())) show(named());
}
function openAll(open, root) {
  unfolding = open;
  for (const fold of all('.fold', root)) fold.open = open;
}
function toggle(fold) {
  if (!fold) return;
  fold.open = !fold.open;
  find('summary', fold).focus();
}
on('toggle', ({ target: fold }) => {
  if (!fold.matches('.fold')) return;
  if (fold.open && fold.dataset.fold) load(fold);
  else if (fold.open && fold.dataset.opened && !find('.is-current', fold)) announce(fold.dataset.opened);
  if (!find('.matches')) stored('sessionStorage', post(), all('.fold[open]').map((one) => one.id));
}, true);
function prefetch({ target }) {
  const folds = all('.fold');
  const fold = target.closest?.('.fold');
  if (!navigator.connection?.saveData) load(fold?.open ? folds[folds.indexOf(fold) + 1] : fold);
}
on('pointerover', prefetch);

// Show a comment, whatever is closed around it. It alone is marked, and in the list of hits, if it is one.
let still; // where the window was put, which is no scrolling of the reader's
function show(comment) {
  for (const around of all('.fold, .shrunk')) if (around.contains(comment)) around.open = true;
  find('.is-current')?.classList.remove('is-current');
  comment.classList.add('is-current');
  comment.tabIndex = -1;
  if (!document.activeElement.matches('.post button')) comment.focus();
  (find('.body mark', comment) ?? comment).scrollIntoView({ block: comment.offsetHeight < innerHeight * .7 ? 'center' : 'start' });
  still = scrollY;
  comeTo(comment);
  const link = find(`[data-match=${comment.id}]`);
  if (!link) return;
  const list = link.closest('ol');
  find('[aria-current]', list)?.removeAttribute('aria-current');
  link.ariaCurrent = 'true';
  list.scrollLeft = link.offsetLeft - list.clientWidth / 2;
  announce(find('[data-place]').textContent = `${all('a', list).indexOf(link) + 1} / ${list.children.length}`);
}

// The comment that the address names. When it is folded away, the server knows the page on which it is not.
const named = () => /^#c-\w{16}$/.test(location.hash) ? byId(location.hash.slice(1)) : null;
async function follow() {
  const { hash, search } = location;
  const permalink = '/c/' + hash.slice(3) + search;
  if (named()) show(named());
  else if (/^#c-/.test(hash) && post() && (await fetch(permalink, { method: 'HEAD' })).ok && location.hash === hash) location.replace(permalink);
}
addEventListener('hashchange', follow);

const middle = () => innerHeight * .45;
let place;
let from; // the comment that has the focus, was shown, or is in the middle of the window: steps lead on from there
function comeTo(comment) {
  const here = find('[data-here]');
  from = comment;
  if (!here) return;
  place = comment;
  find('.place').classList.add('on');
  here.textContent = find('.permalink', comment).textContent.slice(1);
  if (here.textContent > 3) find('[data-resume]').hidden = true;
}
on('focusin', (event) => {
  prefetch(event);
  from = event.target.closest('#thread :is(.comment, summary)') ?? from;
});
on('scroll', () => requestAnimationFrame(() => {
  const comment = document.elementFromPoint(innerWidth / 2, middle())?.closest('#thread .comment');
  if (comment && scrollY !== still) comeTo(comment);
}));

// Where the reader left off, in the fifty posts read last; only this browser knows.
on('visibilitychange', () => {
  if (!place?.isConnected) return;
  const others = stored('localStorage', 'read').filter(([name]) => name !== post());
  stored('localStorage', 'read', [[post(), place.id, +find('[data-here]').textContent], ...others].slice(0, 50));
});
function offer() {
  const [, id, number] = stored('localStorage', 'read').find(([name]) => name === post()) ?? [];
  if (location.hash || !(number > 3 && number < find('[data-here]')?.dataset.here)) return;
  const link = find('[data-resume]');
  link.href = '#' + id;
  find('span', link).textContent = '#' + number;
  link.hidden = false;
}

const STEPS = /^[jkhHnp]$/;
const LATER = /^(step|dots|copy|share)$/;
const ACTS = {
  close: (link) => toggle(link.closest('.fold')),
  all: () => openAll(Boolean(find('.fold:not([open])'))),
  match: (link) => { location.hash = link.hash; },
};

// Steps and the menu of a comment are fetched at the first press. If that fails, a link is followed, the next press tries again.
const context = { find, all, byId, announce, ask, load, show, from: () => from };
let acts;
async function later(name, target) {
  let made;
  try {
    made = await (acts ??= import(find('[data-acts]').dataset.acts).then((fetched) => fetched.default(context)));
  } catch {
    acts = null;
    return target.href && location.assign(target.href);
  }
  made[name](target);
}
on('click', (event) => {
  const target = event.target.closest('a, button');
  const name = target?.dataset.do ?? target?.className;
  if (!(ACTS[name] || LATER.test(name)) || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (ACTS[name]) ACTS[name](target);
  else later(name, target);
});
on('keydown', ({ key, ctrlKey, metaKey, altKey }) => {
  if (ctrlKey || metaKey || altKey) return;
  if (STEPS.test(key)) later('key', key);
  if (key === 'o') toggle(document.activeElement.closest('.fold') ?? all('.fold').find((one) => one.getBoundingClientRect().bottom > middle()));
});

function prepare() {
  place = from = null;
  unfolding = false;
  if (!find('.matches')) for (const id of stored('sessionStorage', post())) byId(id)?.setAttribute('open', '');
}
on('DOMContentLoaded', () => {
  prepare();
  offer();
  follow();
});
on('htmx:after:swap', ({ detail: { ctx: { sourceElement, target, response } } }) => {
  if (sourceElement.matches('.fold')) response?.status < 400 && arrived(sourceElement);
  else if (target.matches('.comment')) {
    later('similar', target);
  } else if (target.matches('#thread, body')) {
    byId('menu')?.hidePopover?.();
    prepare();
    if (document.activeElement === document.body) find('#thread [aria-current]')?.focus({ preventScroll: true });
  }
});
