// What a page does while it is read, as Chromium itself notes it: run in every page before its own scripts.
// `observed` holds the largest paint (ms from the start), layout shifts, tasks of 50 ms and more, and frames when asked.
(() => {
  const observed = { paint: 0, painted: '', shifts: [], tasks: [], frames: [] };
  const name = (node) => {
    const element = node?.nodeType === 1 ? node : node?.parentElement;
    return element ? [element.localName, ...element.classList].join('.') : '';
  };
  const observe = (type, note) => {
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  };
  observe('largest-contentful-paint', (entry) => {
    observed.paint = entry.startTime;
    observed.painted = name(entry.element);
  });
  observe('layout-shift', (entry) => observed.shifts.push({
    value: entry.value,
    asked: entry.hadRecentInput,
    moved: entry.sources.map((source) => name(source.node)),
  }));
  observe('longtask', (entry) => observed.tasks.push(entry.duration));
  // Times between frames, from this call until the next one.
  let running = false;
  observed.watchFrames = () => {
    running = !running;
    let last = performance.now();
    const frame = (now) => {
      observed.frames.push(now - last);
      last = now;
      if (running) requestAnimationFrame(frame);
    };
    if (running) requestAnimationFrame(frame);
  };
  window.observed = observed;
})();
