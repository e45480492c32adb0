// What a post does once a key or button is pressed: steps from comment to comment, and the menu of a comment. post.js
// fetches it at the first press, so that a first visit need not wait for it.

export default ({ find, all, byId, announce, ask, load, show, from }) => {
  // A step leads from where the reader is to the next comment of a kind; folds that may hold one are fetched on the way.
  // Each step waits for the one before it.
  const COMMENT = '.comment:not(details:not([open]) *)';
  const LIT = '.lit, [data-fold]';
  const HIT = '.is-match, [data-fold]:has(.badge)';
  const STEPS = { j: [1, COMMENT], k: [-1, COMMENT], h: [1, LIT], H: [-1, LIT], n: [1, HIT], p: [-1, HIT] };
  let steps;
  async function step(key, before) {
    const [by, kind] = STEPS[key];
    await before;
    for (;;) {
      const here = from();
      const stops = all(`#thread :is(${kind})`);
      const ahead = stops.filter((one) => here ? here.compareDocumentPosition(one) & (by > 0 ? 4 : 2) : by > 0);
      const next = (ahead.length || kind !== HIT ? ahead : stops).at(by > 0 ? 0 : -1);
      if (!next?.matches('.fold')) return next && show(next);
      await load(next);
      if (next.dataset.fold) return location.assign(find('a', next).href); // it could not be fetched here
    }
  }
  const key = (name) => { steps = step(name, steps); };

  return {
    key,
    step: (button) => key(button.dataset.key),
    async dots(link) {
      const menu = byId('menu');
      menu.replaceChildren();
      await ask(link, link.getAttribute('href'), menu);
      const share = find('[data-share]', menu);
      if (!share) return;
      share.hidden = !navigator.share;
      menu.showPopover({ source: link });
      find('button', menu).focus();
    },
    async copy(button) {
      const { copy, done, failed } = button.dataset;
      let said = done;
      try { await navigator.clipboard.writeText(copy); } catch { said = failed; }
      announce(button.textContent = said);
    },
    share: ({ dataset }) => navigator.share({ title: dataset.title, url: dataset.share }).catch(() => {}),
    similar(comment) {
      byId('menu').hidePopover();
      const [found, old] = all('.similar', comment).reverse();
      old?.remove();
      found.tabIndex = -1;
      found.focus();
    },
  };
};
