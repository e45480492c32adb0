// A post that was opened from a search: n and p walk over what was found, into folds that are still closed. What is
// like a comment opens below it.

const bar = () => document.querySelector('[data-matches]');
const links = () => [...document.querySelectorAll('#thread [data-match]')];
const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;
let here = -1;
let turn = 0; // of two steps that wait for folds, only the later one shows where it led

// What is in a fold arrives by htmx after it is opened.
function load(fold) {
  return new Promise((resolve) => {
    const finish = (event) => {
      if (event && event.detail.ctx.sourceElement !== fold) return;
      document.removeEventListener('htmx:finally:request', finish);
      clearTimeout(patience);
      resolve();
    };
    const patience = setTimeout(finish, 10000);
    document.addEventListener('htmx:finally:request', finish);
    if (!fold.open) fold.open = true;
    else if (!fold.matches('.htmx-request')) htmx.trigger(fold, 'toggle'); // its request failed when it was opened
  });
}
const isAway = (fold) => fold?.matches('[data-fold]:not([data-loaded])');

async function reach(link, withFocus) {
  const mine = ++turn;
  for (const n of link.dataset.in.split(' ').filter(Boolean)) {
    const fold = document.getElementById('fold-' + n);
    if (isAway(fold)) await load(fold);
    if (mine !== turn) return false;
  }
  const comment = document.getElementById(link.dataset.match);
  if (!comment) location.assign(link.href); // it could not be fetched: its own page has it
  else show(comment, withFocus);
  return Boolean(comment);
}

function show(comment, withFocus) {
  for (const around of document.querySelectorAll('details.fold, details.shrunk')) if (around.contains(comment)) around.open = true;
  for (const other of document.querySelectorAll('.comment.is-current, .comment.is-target')) other.classList.remove('is-current', 'is-target');
  comment.classList.add('is-current');
  document.getElementById('thread').dataset.walking = 'true';
  if (withFocus) {
    comment.tabIndex = -1;
    comment.focus({ preventScroll: true });
  }
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  (comment.querySelector('.body mark') ?? comment).scrollIntoView({ block: 'center', behavior: calm ? 'instant' : 'smooth' });
}

async function go(to, withFocus) {
  const all = links();
  here = to;
  for (const link of all) link.removeAttribute('aria-current');
  all[here].setAttribute('aria-current', 'true');
  inSight(all[here]);
  const place = `${here + 1} / ${all.length}`;
  bar().querySelector('[data-place]').textContent = place;
  if (await reach(all[here], withFocus)) document.getElementById('announce').textContent = place;
}

// The list of hits is one line; it moves along sideways, and the page stays where it is.
function inSight(link) {
  const list = link.closest('ol');
  const [outer, inner] = [list.getBoundingClientRect(), link.getBoundingClientRect()];
  list.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

// The first step begins at the hit that the address names, if any.
function step(by, withFocus) {
  const all = links();
  if (!all.length) return;
  if (here < 0) here = all.findIndex((link) => '#' + link.dataset.match === location.hash);
  go(here < 0 && by < 0 ? all.length - 1 : (here + by + all.length) % all.length, withFocus);
}

function prepare() {
  here = -1;
  turn += 1;
  delete document.getElementById('thread')?.dataset.walking;
  for (const button of bar()?.querySelectorAll('button') ?? []) button.hidden = false;
}
prepare();

// What came below a comment is read next; the menu it was asked for in has done its work.
function showSimilar(place) {
  const found = place.firstElementChild;
  place.closest('.comment').querySelector('.menu').open = false;
  found.tabIndex = -1;
  found.focus({ preventScroll: true });
  found.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('htmx:after:swap', (event) => {
  const { target, response } = event.detail.ctx;
  if (target?.id === 'thread') prepare();
  else if (target?.matches('[data-similar]') && response?.status < 400) showSimilar(target);
});

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-next], [data-previous]');
  if (button) return step(button.matches('[data-next]') ? 1 : -1);
  const link = event.target.closest('[data-match]');
  if (!link || event.button || event.shiftKey || hasModifier(event)) return;
  event.preventDefault();
  go(links().indexOf(link), true);
});

document.addEventListener('keydown', (event) => {
  if (event.isComposing || hasModifier(event) || !['n', 'p'].includes(event.key) || !bar()) return;
  if (event.target.closest('input, textarea, select, [contenteditable]')) return;
  event.preventDefault();
  step(event.key === 'n' ? 1 : -1, !event.target.closest('[data-matches]'));
});
