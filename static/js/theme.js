// Theme, text size and keys, before anything is painted: chosen in #settings, remembered in this browser alone.
{
  const { dataset } = document.documentElement;
  const values = { theme: ['system', 'light', 'dark'], text: ['medium', 'small', 'large', 'huge'], keys: ['on', 'off'] };

  function use(name, value) {
    dataset[name] = values[name].includes(value) ? value : values[name][0];
    const { theme } = dataset;
    for (const meta of document.querySelectorAll('[data-scheme]')) {
      const { scheme } = meta.dataset;
      meta.media = theme === 'system' ? `(prefers-color-scheme: ${scheme})` : theme === scheme ? 'all' : 'not all';
    }
  }
  // Storage may be closed, and hold anything.
  function recall() {
    for (const name in values) {
      let value = dataset[name];
      try { value = localStorage['matome-' + name]; } catch {}
      use(name, value);
    }
  }
  recall();
  // Come to anew, no place on the page is kept: post.js lays it out bit by bit.
  if (!location.hash && performance.getEntriesByType('navigation')[0]?.type === 'navigate') dataset.fresh = '';
  addEventListener('storage', recall);
  addEventListener('pageshow', recall); // a page kept for Back may be behind
  addEventListener('beforetoggle', ({ target }) => {
    for (const input of target.querySelectorAll('[type=radio]')) input.checked = input.value === dataset[input.name];
  }, true);
  addEventListener('change', ({ target: { name, value } }) => {
    if (!values[name]) return;
    use(name, value);
    try { localStorage['matome-' + name] = value; } catch {}
  });
}
