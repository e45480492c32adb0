// What htmx alone cannot do: leave an IME in peace, load folds that failed once more, and show the comment a link means.

// While an IME composes, its input events must not search; the committed text arrives by compositionend.
addEventListener('input', (event) => {
  if (event.isComposing && event.target.closest('[data-ime-guard]')) event.stopPropagation();
}, true);

// Enter that ends a composition must not send the form either.
addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.isComposing || event.keyCode === 229) && event.target.closest('[data-ime-guard]')) event.preventDefault();
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
    if (location.hash.startsWith('#c-')) showComment(location.hash.slice(1), false);
  }
});

// An answer that is an error is not a place to come back to.
document.addEventListener('htmx:before:history:update', (event) => {
  const status = event.detail.response?.status;
  if (status >= 400 || status === 204) event.preventDefault();
});

// #c-… of a comment that is folded away: ask the server for the page on which its fold is open.
function showComment(anchor, ask) {
  const comment = document.getElementById(anchor);
  if (!comment) {
    if (ask && document.querySelector('[data-post]')) location.replace('/c/' + encodeURIComponent(anchor.slice(2)));
    return;
  }
  for (const fold of document.querySelectorAll('details')) if (fold.contains(comment)) fold.open = true;
  document.querySelector('.comment.is-target')?.classList.remove('is-target');
  comment.classList.add('is-target');
  comment.scrollIntoView({ block: 'center' });
}
function followHash() {
  if (location.hash.startsWith('#c-')) showComment(decodeURIComponent(location.hash.slice(1)), true);
}
addEventListener('hashchange', followHash);
addEventListener('DOMContentLoaded', followHash);
