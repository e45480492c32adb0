// What htmx alone cannot do on any page: typing, history, keys, focus, failures. What posts need besides is in post.js.

const byId = (id) => document.getElementById(id);
const box = () => byId('q');
const SEARCHES = '#search, #user-search'; // the forms that search as one types, each with the hits below it
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
  if ((hasModifier(event) || event.shiftKey) && event.target.closest('a[hx-get]')) event.stopPropagation();
}, true);

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
  // An answer that is an error is not a place to come back to.
  if (response?.status >= 400 || response?.status === 204) return event.preventDefault();
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
  const { key, target } = event;
  const act = event.shiftKey ? null : target.matches('#q, #user-q') ? inBox : target.closest('.hit') && inHits;
  if (act?.(key, target)) event.preventDefault();
  else if (Object.hasOwn(shortcuts, key)) {
    event.preventDefault();
    shortcuts[key]();
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
  if (key === 'Escape' || (key === 'ArrowUp' && here === 0)) (byId('user-q') ?? box()).focus();
  else if (key === 'ArrowUp') links[here - 1].focus();
  else if (key === 'ArrowDown') links[here + 1]?.focus();
  else return false;
  return true;
}

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

// A request that failed is said, and shown until the next one.
const say = (look, text) => {
  byId('announce').className = look;
  if (text) byId('announce').textContent = text;
};
const fail = () => say('toast', byId('announce').dataset.failed);
on('htmx:error', fail);
on('htmx:response:error', (event) => event.detail.ctx.response.status >= 500 && fail());
on('htmx:before:request', () => say('hidden'));

// The text of a hit can be selected, so it is no link; a plain click on it follows the hit's link.
on('click', (event) => {
  const hit = event.target.closest('[data-hit]');
  if (!hit || event.button || event.shiftKey || hasModifier(event)) return;
  if (event.target.closest('a, details, .around') || !getSelection().isCollapsed) return;
  hit.querySelector('.to-comment').click();
});
