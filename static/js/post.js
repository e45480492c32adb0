// A post that was opened from a search: n and p walk over what was found, into folds that are still closed.

const bar = () => document.querySelector('[data-matches]');
const links = () => [...document.querySelectorAll('#thread [data-match]')];
let here = -1;

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
    if (fold.open) htmx.trigger(fold, 'toggle'); // its request failed when it was opened
    else fold.open = true;
  });
}

async function reach(link) {
  for (const n of link.dataset.in.split(' ')) {
    const fold = n && document.getElementById('fold-' + n);
    if (fold?.matches('[data-fold]:not([data-loaded])')) await load(fold);
  }
  const comment = document.getElementById(link.dataset.match);
  if (!comment) return location.assign(link.href); // it could not be fetched: its own page has it
  for (const around of document.querySelectorAll('details.fold, details.shrunk')) if (around.contains(comment)) around.open = true;
  document.querySelector('.comment.is-current')?.classList.remove('is-current');
  comment.classList.add('is-current');
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  (comment.querySelector('.body mark') ?? comment).scrollIntoView({ block: 'center', behavior: calm ? 'instant' : 'smooth' });
}

async function go(to) {
  const all = links();
  here = to;
  for (const link of all) link.removeAttribute('aria-current');
  all[here].setAttribute('aria-current', 'true');
  const place = `${here + 1} / ${all.length}`;
  bar().querySelector('[data-place]').textContent = place;
  await reach(all[here]);
  document.getElementById('announce').textContent = place;
}

// The first step begins at the hit that the address names, if any.
function step(by) {
  const all = links();
  if (!all.length) return;
  if (here < 0) here = all.findIndex((link) => '#' + link.dataset.match === location.hash);
  go(here < 0 && by < 0 ? all.length - 1 : (here + by + all.length) % all.length);
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
  go(links().indexOf(link));
});

document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || !'np'.includes(event.key)) return;
  if (event.target.closest('input, textarea, select, [contenteditable]') || !bar()) return;
  event.preventDefault();
  step(event.key === 'n' ? 1 : -1);
});
