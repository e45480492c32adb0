// Reading a post: its folds, walking over comments, a comment's menu, and where the reader left off.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
const on = (type, act, options) => document.addEventListener(type, act, options);
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

// A fold is fetched once, when it is opened or pointed at; when that failed, at the next opening.
let unfolding = false;
async function load(fold) {
  if (!fold.dataset.fold) return;
  await (fold.coming ??= ask(fold, fold.dataset.fold, find('.fold-body', fold)));
  fold.coming = null;
}
function arrived(fold) {
  fold.removeAttribute('data-fold');
  if (unfolding) setAll(true, fold);
  if (fold.open) announce(fold.dataset.opened);
  if (fold.contains(byId(wanted()))) showWanted();
}
function setAll(open, root) {
  unfolding = open;
  for (const fold of all('.fold', root)) fold.open = open;
}
function close(fold) {
  const summary = find('summary', fold);
  fold.open = false;
  summary.focus({ preventScroll: true });
  summary.scrollIntoView({ block: 'center' });
}
on('toggle', ({ target: fold }) => {
  if (!fold.matches('.fold')) return;
  if (fold.open && fold.dataset.fold) load(fold);
  else if (fold.open && fold.dataset.opened && !find('.is-current', fold)) announce(fold.dataset.opened);
  if (!find('[data-matches]')) stored('sessionStorage', post(), all('.fold[open]').map((one) => one.id));
}, true);
// Pointing at a closed fold fetches it; pointing at an open one fetches the next.
function prefetch({ target }) {
  let fold = target.closest?.('.fold');
  if (fold?.open) fold = all('.fold')[all('.fold').indexOf(fold) + 1];
  if (fold && !navigator.connection?.saveData) load(fold);
}
on('pointerover', prefetch);
on('focusin', prefetch);

// Show a comment, whatever is closed around it. It alone is marked, and in the list of hits, if it is one.
function show(comment, mark, withFocus) {
  for (const around of all('.fold, .shrunk')) if (around.contains(comment)) around.open = true;
  for (const other of all('.is-current, .is-target')) other.classList.remove('is-current', 'is-target');
  comment.classList.add(mark);
  if (withFocus) {
    comment.tabIndex = -1;
    comment.focus({ preventScroll: true });
  }
  const block = comment.offsetHeight > innerHeight * .7 ? 'start' : 'center';
  const calm = mark === 'is-target' || matchMedia('(prefers-reduced-motion: reduce)').matches;
  (find('.body mark', comment) ?? comment).scrollIntoView({ block, behavior: calm ? 'instant' : 'smooth' });
  comeTo(comment);
  const link = find(`[data-match="${comment.id}"]`);
  if (!link) return;
  const list = link.closest('ol');
  find('[aria-current]', list)?.removeAttribute('aria-current');
  link.ariaCurrent = 'true';
  list.scrollLeft = link.offsetLeft - list.clientWidth / 2; // sideways: the page stays where it is
  find('[data-place]').textContent = `${all('a', list).indexOf(link) + 1} / ${list.children.length}`;
  announce(find('[data-place]').textContent);
}

// The comment that the address names: where it is folded away, the server knows the page on which it is not.
const wanted = () => /^#c-[a-z2-7]{16}$/.test(location.hash) ? location.hash.slice(1) : '';
const showWanted = () => show(byId(wanted()), 'is-target');
async function follow() {
  const anchor = wanted();
  if (byId(anchor)) return showWanted();
  if (!anchor || !post()) return;
  const q = new URLSearchParams(location.search).get('q');
  const permalink = '/c/' + anchor.slice(2) + (q ? '?' + new URLSearchParams({ q }) : '');
  const answer = await fetch(permalink, { method: 'HEAD' });
  if (answer.ok && wanted() === anchor) location.replace(permalink);
}
addEventListener('hashchange', follow);

// Walk from where the reader is (the focus, the mark, the comment in the middle of the window) to the next of some
// kind. Folds on the way are fetched if they are of the kind, one step after the other.
const COMMENT = '.comment:not(details:not([open]) *)';
const LIT = '.lit, [data-fold]';
const HIT = '.is-match, [data-fold]:has(.badge)';
let place;
let stepped = 0;
const isMoving = () => Date.now() - stepped < 1000;
let steps = Promise.resolve();
const walk = (...step) => { steps = steps.then(() => walkNow(...step)); };
async function walkNow(by, kind, withFocus, round) {
  const focus = document.activeElement;
  const marked = [focus.closest('.comment') ?? focus.closest('.fold summary'), find('.is-current, .is-target')].find((one) => {
    const box = one?.getBoundingClientRect();
    return box && (isMoving() || (box.bottom > 0 && box.top < innerHeight));
  });
  for (let from = marked ?? place; ;) {
    const stops = all(`#thread :is(${kind})`);
    const ahead = stops.filter((one) => from?.isConnected ? from.compareDocumentPosition(one) & (by > 0 ? 4 : 2) : by > 0);
    const next = (ahead.length || !round ? ahead : stops).at(by > 0 ? 0 : -1);
    if (!next) return;
    if (next.matches('.comment')) {
      stepped = Date.now();
      return show(next, 'is-current', withFocus);
    }
    await load(next);
    if (next.dataset.fold) return location.assign(find('a', next).href); // it could not be fetched here
  }
}
async function showHit(link) {
  for (const id of link.dataset.in.split(' ')) if (id) await load(byId('fold-' + id));
  const comment = byId(link.dataset.match);
  if (comment) show(comment, 'is-current', true);
  else location.assign(link.href);
}
function comeTo(comment) {
  if (!find('[data-here]')) return;
  place = comment;
  const number = find('.permalink', comment).textContent.slice(1);
  find('[data-here]').textContent = number;
  if (number > 3) find('[data-resume]').hidden = true;
}
addEventListener('scroll', () => requestAnimationFrame(() => {
  const comment = document.elementFromPoint(innerWidth / 2, innerHeight * .45)?.closest('#thread .comment');
  if (comment && !isMoving()) comeTo(comment);
}), { passive: true });
function toggleNearest() {
  const folds = all('.fold');
  const fold = document.activeElement.closest('.fold') ?? folds.find((one) => one.getBoundingClientRect().bottom > innerHeight * .45) ?? folds.at(-1);
  if (fold?.open) return close(fold);
  find('summary', fold).focus();
  fold.open = true;
}

// Where the reader left off, in the fifty posts read last; only this browser knows.
on('visibilitychange', () => {
  const here = find('[data-here]');
  if (!place?.isConnected || !here) return;
  const others = stored('localStorage', 'read').filter(([name]) => name !== post());
  const number = +here.textContent;
  if (number > 3 && number < here.dataset.here) others.unshift([post(), place.id, number]);
  stored('localStorage', 'read', others.slice(0, 50));
});
function offer() {
  const link = find('[data-resume]');
  const entry = stored('localStorage', 'read').find(([name]) => name === post());
  if (!link || !entry || location.hash) return;
  link.href = '#' + entry[1];
  find('span', link).textContent = '#' + entry[2];
  link.hidden = false;
}

// A comment's menu comes into the one box for it.
async function openMenu(link) {
  const menu = byId('menu');
  menu.replaceChildren();
  await ask(link, link.getAttribute('href'), menu);
  if (!menu.firstChild) return;
  menu.showPopover({ source: link });
  find('button', menu).focus();
}
async function copy(button) {
  let said = button.dataset.done;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    said = button.dataset.failed;
  }
  announce(button.textContent = said);
}
function showSimilar(comment) {
  const [found, ...old] = all('.similar', comment).reverse();
  for (const one of old) one.remove();
  found.tabIndex = -1;
  found.focus({ preventScroll: true });
  found.scrollIntoView({ block: 'nearest' });
}

// What only a script can do is hidden until there is one.
function reveal() {
  for (const button of all('main button[hidden]')) button.hidden = 'share' in button.dataset && !navigator.share;
}
function prepare() {
  place = null;
  unfolding = false;
  reveal();
  if (!find('[data-matches]')) for (const id of stored('sessionStorage', post())) byId(id)?.setAttribute('open', '');
}
on('DOMContentLoaded', () => {
  prepare();
  offer();
  follow();
});
on('htmx:after:swap', ({ detail: { ctx: { sourceElement, target, response } } }) => {
  const well = response?.status < 400;
  if (sourceElement.matches('.fold')) return well && arrived(sourceElement);
  if (target.id === 'menu') return reveal();
  if (target.matches('.post *')) byId('menu')?.hidePopover?.();
  if (target.matches('.comment')) well && showSimilar(target);
  else if (target.matches('#thread, body')) {
    prepare();
    if (document.activeElement === document.body) find('#thread [aria-current]')?.focus({ preventScroll: true });
  }
});

const CLICKS = {
  '[data-next]': () => walk(1, HIT, false, true),
  '[data-previous]': () => walk(-1, HIT, false, true),
  '[data-jump]': (button) => walk(button.dataset.jump, LIT),
  '[data-match]': showHit,
  '[data-close]': (link) => close(link.closest('.fold')),
  '[data-all]': () => setAll(Boolean(find('.fold:not([open])'))),
  '[data-copy]': copy,
  '[data-share]': ({ dataset: { title, share: url } }) => navigator.share({ title, url }).catch(() => {}),
  [HTMLElement.prototype.showPopover ? '.post:has(#menu) .dots' : '#none']: openMenu,
};
on('click', (event) => {
  const target = event.target.closest('a, button');
  const known = Object.keys(CLICKS).find((selector) => target?.matches(selector));
  if (!known || event.button || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  CLICKS[known](target);
});
const inBar = () => document.activeElement.closest('[data-matches]');
const KEYS = {
  j: () => walk(1, COMMENT, true),
  k: () => walk(-1, COMMENT, true),
  h: () => walk(1, LIT, true),
  H: () => walk(-1, LIT, true),
  n: () => walk(1, HIT, !inBar(), true),
  p: () => walk(-1, HIT, !inBar(), true),
  o: toggleNearest,
};
on('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !find('#thread')) return;
  KEYS[event.key]?.();
});
