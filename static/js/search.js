// Searching by keyboard: what typing and Enter mean for requests and history, and the way from the box to the hits.

const box = () => document.getElementById('q');
const composing = (event) => event.isComposing || event.keyCode === 229;

// While an IME composes, its input events must not search; the committed text arrives by compositionend.
addEventListener('input', (event) => {
  if (event.isComposing && event.target.closest('[data-ime-guard]')) event.stopPropagation();
}, true);

// Enter that ends a composition must not send the form, nor Escape empty the box.
addEventListener('keydown', (event) => {
  if (['Enter', 'Escape'].includes(event.key) && composing(event) && event.target.closest('[data-ime-guard]')) event.preventDefault();
}, true);

// What an address asks for, however it is written.
function asked(address) {
  const url = new URL(address, location.href);
  const pairs = [...url.searchParams].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
  return url.pathname + '?' + new URLSearchParams(pairs);
}

// History. Typing replaces the address of its own entry; `over` is the address it has replaced there, if any. Enter
// makes an entry of what was typed, and gives the one before its address back.
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

document.addEventListener('htmx:config:request', (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement.id !== 'search') return;
  const enter = ctx.sourceEvent.type === 'submit';
  const wanted = asked(ctx.request.action + '?' + new URLSearchParams(ctx.request.body));
  const waiting = awaited?.wanted === wanted;
  if (waiting || (!awaited && wanted === asked(location.href) && document.querySelector('#main .search'))) {
    // It is shown, or on its way: nothing is asked again.
    event.preventDefault();
    if (enter && waiting) entered = true;
    else if (enter) enterShown();
  } else {
    awaited = { ctx, wanted };
    entered = enter;
  }
  if (enter && matchMedia('(pointer: coarse)').matches) box().blur(); // the keyboard of a phone covers the results
});
document.addEventListener('htmx:finally:request', (event) => {
  if (awaited?.ctx === event.detail.ctx) awaited = null;
});
function enterShown() {
  const here = location.href;
  if (typing && pushTyped(here)) history.pushState({ htmx: true }, '', here);
  settle();
}

document.addEventListener('htmx:before:history:update', (event) => {
  const { history: action, sourceElement, response } = event.detail;
  if (response?.status >= 400 || response?.status === 204) return;
  if (sourceElement.id !== 'search') {
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

// Keys. / goes to the box, ↓ from there into the hits, ↓ and ↑ along them, Esc back; Esc in the box empties it, then leaves.
const hits = () => [...document.querySelectorAll('.hit .to-comment')];

document.addEventListener('keydown', (event) => {
  if (composing(event) || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  const act = event.shiftKey ? null : target.id === 'q' ? inBox : target.closest('.hit') && inHits;
  if (act?.(event.key, target)) event.preventDefault();
  else if (event.key === '/' && box() && !target.closest('input, textarea, select, [contenteditable]')) {
    event.preventDefault();
    box().focus();
    box().select();
  }
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
  if (key === 'Escape' || (key === 'ArrowUp' && here === 0)) box().focus();
  else if (key === 'ArrowUp') links[here - 1].focus();
  else if (key === 'ArrowDown') links[here + 1]?.focus();
  else return false;
  return true;
}
