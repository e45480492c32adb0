// Theme, text size and keys, in force before anything is painted. They are chosen in the panel #settings and remembered
// in this browser alone; what is stored may be anything and storage may be closed, then the first value holds.
{
  const root = document.documentElement;
  const values = { theme: ['system', 'light', 'dark'], text: ['medium', 'small', 'large', 'huge'], keys: ['on', 'off'] };

  const use = (name, value) => {
    root.dataset[name] = values[name].includes(value) ? value : values[name][0];
    for (const meta of document.querySelectorAll('meta[data-scheme]')) {
      const { scheme } = meta.dataset;
      const { theme } = root.dataset;
      meta.media = theme === 'system' ? `(prefers-color-scheme: ${scheme})` : theme === scheme ? 'all' : 'not all';
    }
  };
  const recall = () => {
    for (const name in values) {
      let value = root.dataset[name];
      try { value = localStorage.getItem('matome-' + name); } catch {}
      use(name, value);
    }
  };
  recall();
  addEventListener('storage', recall); // another tab chose
  addEventListener('pageshow', recall); // a page that was kept for Back may be behind
  addEventListener('beforetoggle', ({ target }) => {
    for (const input of target.querySelectorAll('input[type=radio]')) input.checked = input.value === root.dataset[input.name];
  }, true);
  addEventListener('change', ({ target }) => {
    if (!target.closest('#settings')) return;
    use(target.name, target.value);
    try { localStorage.setItem('matome-' + target.name, target.value); } catch {}
  });
}
