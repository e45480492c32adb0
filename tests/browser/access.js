// What tests of access measure on a page, put beside it by the tests: sizes of targets, the look of focus, motion, clipping.

(() => {
  const FOCUSABLE = 'a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], [tabindex]:not([tabindex^="-"])';
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });

  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const isOnScreen = (box) => box.width > 1 && box.height > 1 && box.right > 0;
  const shown = (element) => `${element.outerHTML.replaceAll(/\s+/g, ' ').slice(0, 110)}`;
  const inForm = (element) => element.matches('button, input, select, textarea, summary');

  function focusable() {
    return [...document.querySelectorAll(FOCUSABLE)].filter((one) => isShown(one) && !one.disabled && one.tabIndex >= 0);
  }

  // A link in a sentence or a heading takes the height of its line, which WCAG allows.
  function isInText(element) {
    if (inForm(element) || getComputedStyle(element).display !== 'inline') return false;
    if (element.closest('h1, h2, h3, h4, h5, h6, .body, .prose')) return true;
    const block = element.closest('p, li, dd, td, blockquote');
    return Boolean(block) && text(block).length > text(element).length;
  }
  const text = (element) => element.textContent.replaceAll(/\s+/g, '');

  // What a finger meets: the element, its label, or what is laid over its box by a pseudo-element.
  function touched(element) {
    const boxes = [element, ...(element.labels ?? [])].map((one) => one.getBoundingClientRect()).filter(isOnScreen);
    for (const pseudo of ['::before', '::after']) {
      const { position, content, width, height } = getComputedStyle(element, pseudo);
      if (position === 'absolute' && content !== 'none') boxes.push({ width: parseFloat(width), height: parseFloat(height) });
    }
    return { width: Math.max(...boxes.map((box) => box.width)), height: Math.max(...boxes.map((box) => box.height)), count: boxes.length };
  }

  // Controls have to be as high as they are wide; a link of two characters may be as narrow as a pointer needs it.
  function smallTargets(least) {
    return focusable().filter((one) => !isInText(one) && !one.matches('.skip')).map((one) => [one, touched(one)])
      .filter(([one, box]) => box.count && (box.height < least - 0.5 || box.width < (inForm(one) ? least : 24) - 0.5))
      .map(([one, box]) => `${box.width.toFixed()}x${box.height.toFixed()} ${shown(one)}`);
  }

  function rgba(color) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }
  function luminance(color) {
    return rgba(color).slice(0, 3).map((value) => value / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  }
  function contrast(one, other) {
    const [a, b] = [luminance(one), luminance(other)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  function behind(element) {
    for (let around = element; around; around = around.parentElement) {
      const color = getComputedStyle(around).backgroundColor;
      if (rgba(color)[3] === 255) return color;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'black' : 'white';
  }

  // The outline of whatever shows that the focus is here: the element, what it draws over its box, or a box around it.
  function ring(element) {
    for (let one = element, n = 0; one && n < 4; one = one.parentElement, n += 1) {
      for (const pseudo of [null, '::before', '::after']) {
        const { outlineStyle, outlineWidth, outlineColor, content, opacity } = getComputedStyle(one, pseudo);
        if ((pseudo && content === 'none') || opacity === '0') continue;
        if (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) return { element: one, color: outlineColor };
      }
    }
    return null;
  }

  // Some point of the focused element is what one sees there: nothing that sticks to the screen lies over all of it.
  function isUncovered(element) {
    const boxes = [...element.getClientRects()].filter(isOnScreen);
    return boxes.some((box) => [0.02, 0.5, 0.98].some((x) => [0.1, 0.5, 0.9].some((y) => {
      const there = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      return there && (element.contains(there) || there.contains(element) || element.labels?.[0]?.contains(there));
    })));
  }

  // Call it after a key was pressed: only then do browsers draw the focus that scripts set.
  function poorFocus() {
    const poor = [];
    const inside = document.querySelector('dialog[open], :popover-open'); // what lies behind is covered
    const all = focusable().filter((one) => !inside || inside.contains(one));
    for (const element of all) {
      element.focus();
      if (document.activeElement !== element) {
        poor.push(`takes no focus: ${shown(element)}`);
        continue;
      }
      const drawn = ring(element);
      if (!drawn) poor.push(`no outline: ${shown(element)}`);
      else {
        const ratio = contrast(drawn.color, behind(drawn.element.parentElement ?? drawn.element));
        if (ratio < 3) poor.push(`outline of ${ratio.toFixed(1)}: ${shown(element)}`);
      }
      if (!isUncovered(element)) poor.push(`covered: ${shown(element)}`);
    }
    return { seen: all.length, poor };
  }

  const seconds = (list) => Math.max(...list.split(',').map((one) => parseFloat(one) * (one.trim().endsWith('ms') ? 0.001 : 1)));
  function moving() {
    const found = document.getAnimations().filter((one) => one.playState === 'running').map((one) => `runs: ${shown(one.effect.target)}`);
    for (const element of document.querySelectorAll('*')) {
      for (const pseudo of [null, '::before', '::after']) {
        const style = getComputedStyle(element, pseudo);
        if (style.animationName !== 'none' && seconds(style.animationDuration) > 0.01) found.push(`animated: ${shown(element)}`);
        if (seconds(style.transitionDuration) > 0.01) found.push(`transition: ${shown(element)}`);
        if (style.scrollBehavior === 'smooth') found.push(`scrolls smoothly: ${shown(element)}`);
      }
    }
    return [...new Set(found)];
  }

  function widest() {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll('*')].filter((one) => isShown(one) && one.getBoundingClientRect().right > width + 0.5)
      .map(shown).slice(-3);
  }

  // Text that its own box cuts off, where neither scrolling nor an ellipsis is meant.
  function clipped() {
    return [...document.body.querySelectorAll('*')].filter((one) => {
      const style = getComputedStyle(one);
      if (!isShown(one) || !['hidden', 'clip'].includes(style.overflowY) || style.textOverflow === 'ellipsis') return false;
      if (style.webkitLineClamp !== 'none' || one.clientHeight < 4) return false;
      return one.scrollHeight > one.clientHeight + 3 && one.textContent.trim();
    }).map(shown);
  }

  function outline() {
    const shownAlone = document.querySelector('dialog:modal') ?? document; // a modal dialog has an outline of its own
    return [...shownAlone.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(isShown).map((one) => [Number(one.tagName[1]), one.textContent.trim()]);
  }

  window.access = { focusable: () => focusable().map(shown), smallTargets, poorFocus, moving, widest, clipped, outline };
})();
