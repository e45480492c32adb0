// What htmx alone cannot do: load folds that failed once more, keep open what the reader opened, and show the comment a
// link means.

// htmx cancels a click with a modifier key without doing anything itself: keep it away, so that the new tab opens.
addEventListener('click', (event) => {
  if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest('a[hx-get]')) event.stopPropagation();
}, true);

// A fold is fetched when it is opened and not yet here; one whose request failed is fetched again at the next opening.
document.addEventListener('htmx:config:request', (event) => {
  const fold = event.detail.ctx.sourceElement;
  if (fold.matches('[data-fold]') && (!fold.open || fold.dataset.loaded)) event.preventDefault();
});
document.addEventListener('htmx:after:swap', (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (sourceElement.matches('[data-fold]') && response?.status < 400) {
    sourceElement.dataset.loaded = 'true';
    if (sourceElement.contains(document.getElementById(wanted()))) showComment(wanted());
  }
});

// A list that replaces another keeps its filters unfolded where they were, and takes over the focus that went with the old one.
let opened = [];
document.addEventListener('htmx:before:swap', () => {
  opened = [...document.querySelectorAll('details[data-keep-open][open]')].map((details) => details.id);
});
document.addEventListener('htmx:after:swap', (event) => {
  for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
  const { target } = event.detail.ctx;
  if (target?.id === 'main' && document.activeElement === document.body) target.focus({ preventScroll: true });
});

// The text of a hit can be selected, so it is no link; a plain click on it follows the hit's link all the same.
document.addEventListener('click', (event) => {
  const hit = event.target.closest('[data-hit]');
  if (!hit || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (event.target.closest('a, details, .around') || !getSelection().isCollapsed) return;
  hit.querySelector('.to-comment').click();
});

// An answer that is an error is not a place to come back to.
document.addEventListener('htmx:before:history:update', (event) => {
  const status = event.detail.response?.status;
  if (status >= 400 || status === 204) event.preventDefault();
});

// #c-… of a comment that is folded away: ask the server for the page on which its fold is open, if it knows the comment.
function wanted() {
  return /^#c-[a-z2-7]{16}$/.test(location.hash) ? location.hash.slice(1) : '';
}
function showComment(anchor) {
  const comment = document.getElementById(anchor);
  for (const fold of document.querySelectorAll('details')) if (fold.contains(comment)) fold.open = true;
  document.querySelector('.comment.is-target')?.classList.remove('is-target');
  comment.classList.add('is-target');
  comment.scrollIntoView({ block: 'center' });
}
async function followHash() {
  const anchor = wanted();
  if (!anchor) return;
  if (document.getElementById(anchor)) return showComment(anchor);
  if (!document.querySelector('[data-post]')) return;
  const q = new URLSearchParams(location.search).get('q');
  const permalink = '/c/' + anchor.slice(2) + (q ? '?' + new URLSearchParams({ q }) : '');
  const answer = await fetch(permalink, { method: 'HEAD' });
  if (answer.ok && wanted() === anchor) location.replace(permalink);
}
addEventListener('hashchange', followHash);
addEventListener('DOMContentLoaded', followHash);
