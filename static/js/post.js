// A post that was opened from a search: n and p walk over what was found, into folds that are still closed.

const bar = () => document.querySelector('[data-matches]');
const links = () => [...document.querySelectorAll('#thread [data-match]')];
let here = -1;

// What is loaded of a fold arrives by htmx after it is opened; false when nothing came.
function opened(fold) {
  return new Promise((resolve) => {
    const done = (event) => {
      if (event.detail.ctx.sourceElement !== fold) return;
      document.removeEventListener('htmx:finally:request', done);
      resolve(true);
    };
    document.addEventListener('htmx:finally:request', done);
    setTimeout(() => resolve(false), 10000);
    fold.open = true;
  });
}

async function reach(link) {
  const { match, in: n } = link.dataset;
  const fold = n === '0' ? null : document.getElementById('fold-' + n);
  if (fold?.matches('[data-fold]:not([data-loaded])')) await opened(fold);
  const comment = document.getElementById(match);
  if (!comment) return location.assign(link.href); // inside a fold that is not here: its page has it
  for (const around of document.querySelectorAll('details.fold, details.shrunk')) if (around.contains(comment)) around.open = true;
  document.querySelector('.comment.is-current')?.classList.remove('is-current');
  comment.classList.add('is-current');
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  (comment.querySelector('.body mark') ?? comment).scrollIntoView({ block: 'center', behavior: calm ? 'instant' : 'smooth' });
}

async function step(by) {
  const all = links();
  if (!all.length) return;
  if (here < 0) {
    // From where the reader is: the hit that the address names, else the first below the top of the window.
    here = all.findIndex((link) => '#' + link.dataset.match === location.hash);
    if (here < 0 && by < 0) here = 0;
  }
  here = (here + by + all.length) % all.length;
  for (const link of all) link.toggleAttribute('aria-current', link === all[here]);
  const place = `${here + 1} / ${all.length}`;
  bar().querySelector('[data-place]').textContent = place;
  await reach(all[here]);
  document.getElementById('announce').textContent = place;
}

function prepare() {
  here = -1;
  for (const button of bar()?.querySelectorAll('button') ?? []) button.hidden = false;
}
prepare();
document.addEventListener('htmx:after:swap', (event) => {
  if (event.detail.ctx.target?.id === 'thread') prepare();
});

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-next], [data-previous]');
  if (button) return step(button.matches('[data-next]') ? 1 : -1);
  const link = event.target.closest('[data-match]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  here = links().indexOf(link) - 1;
  step(1);
});

document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || !'np'.includes(event.key)) return;
  if (event.target.closest('input, textarea, select, [contenteditable]') || !bar()) return;
  event.preventDefault();
  step(event.key === 'n' ? 1 : -1);
});
