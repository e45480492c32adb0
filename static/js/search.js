// Searching by keyboard: what typing and Enter mean for requests and history, and the way from the box to the hits.

const SEARCHES = '#search, #user-search'; // the forms that search as one types, each with the hits below it
const byId = (id) => document.getElementById(id);
const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
const on = (name, act) => document.addEventListener(name, act);

// What an address asks for, however it is written.
function asked(address) {
  const url = new URL(address, location.href);
  const pairs = [...url.searchParams].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
  return url.pathname + '?' + new URLSearchParams(pairs);
}

// Typing replaces the address of its own entry in history; `over` is what it replaced. Enter makes an entry of what was
// typed, and gives the one before its address back.
let typing = false;
let over = '';
let entered = false; // whether the answer that is awaited was asked for by Enter
let awaited = null;

function settle() {
  typing = false;
  over = '';
}
function pushTyped(next) {
  if (over && asked(over) !== asked(next)) {
    history.replaceState({ htmx: true }, '', over);
    return true;
  }
  return !typing && asked(location.href) !== asked(next);
}

on('htmx:config:request', (event) => {
  const { ctx } = event.detail;
  if (!ctx.sourceElement.matches(SEARCHES)) return;
  const enter = ctx.sourceEvent.type === 'submit';
  const wanted = asked(ctx.request.action + '?' + new URLSearchParams(ctx.request.body));
  const waiting = awaited?.wanted === wanted;
  if (waiting || (!awaited && wanted === asked(location.href) && document.querySelector('#main .search'))) {
    // It is shown, or on its way.
    event.preventDefault();
    if (enter && waiting) entered = true;
    else if (enter) enterShown();
  } else {
    awaited = { ctx, wanted };
    entered = enter;
  }
  if (enter && matchMedia('(pointer: coarse)').matches) document.activeElement.blur(); // the keyboard of a phone covers the results
});
on('htmx:finally:request', (event) => {
  if (awaited?.ctx === event.detail.ctx) awaited = null;
});
function enterShown() {
  const here = location.href;
  if (typing && pushTyped(here)) history.pushState({ htmx: true }, '', here);
  settle();
}

on('htmx:before:history:update', (event) => {
  const { history: action, sourceElement, response } = event.detail;
  if (response?.status >= 400 || response?.status === 204) return; // no place to come back to
  if (!sourceElement.matches(SEARCHES)) {
    if (action.type === 'push') settle();
  } else if (entered) {
    action.type = pushTyped(action.path) ? 'push' : 'replace';
    settle();
  } else {
    if (!typing && action.type === 'replace') over = location.href;
    typing = true;
  }
});
addEventListener('popstate', settle);

// ↓ leads from the box into the hits, ↓ and ↑ along them, Esc back; Esc in the box empties it, then leaves.
const hits = () => [...document.querySelectorAll('.hit .to-comment')];
on('keydown', (event) => {
  const { key, target } = event;
  // A key that ends a composition, by itself or (229) by the browser's telling, is the input method's.
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || hasModifier(event)) return;
  const act = target.matches('#q, #user-q') ? inBox : target.closest('.hit') && inHits;
  if (act?.(key, target)) event.preventDefault();
});
function inBox(key, field) {
  if (key === 'ArrowDown') {
    hits()[0]?.focus();
    return hits().length > 0;
  }
  if (key !== 'Escape') return false;
  if (field.value) {
    field.value = '';
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  } else field.blur();
  return true;
}
function inHits(key, target) {
  const links = hits();
  const here = links.indexOf(target.closest('.hit').querySelector('.to-comment'));
  if (key === 'Escape' || (key === 'ArrowUp' && here === 0)) (byId('user-q') ?? byId('q')).focus();
  else if (key === 'ArrowUp') links[here - 1].focus();
  else if (key === 'ArrowDown') links[here + 1]?.focus();
  else return false;
  return true;
}

// The text of a hit can be selected, so it is no link; a plain click on it follows the hit's link.
on('click', (event) => {
  const hit = event.target.closest('[data-hit]');
  if (!hit || event.button || hasModifier(event)) return;
  if (event.target.closest('a, details, .around') || !getSelection().isCollapsed) return;
  hit.querySelector('.to-comment').click();
});
