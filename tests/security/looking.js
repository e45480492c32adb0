// What tests/security/looking.py puts into every page: it tells what runs, and looks for what no text may make.

(() => {
  const say = (what) => window.__told('ran: ' + String(what).slice(0, 120));
  Object.defineProperty(window, '__ran', { value: (n) => say('script ' + n) });
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'msgbox']) {
    Object.defineProperty(window, name, { value: (...all) => say(name + ' ' + all) });
  }
})();

(() => {
  const TAGS = new Set((`html head meta title link script body header footer main nav aside section article form fieldset
    legend label input button textarea a p div span h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr
    th td figure figcaption picture source img details summary dialog time kbd code pre em strong b i u s small q mark
    del sub sup abbr ruby rt rp bdi br wbr hr blockquote noscript svg path rect circle g defs use`).split(/\s+/));
  const SVG = new Set(['svg', 'path', 'rect', 'circle', 'g', 'defs', 'use', 'a', 'title', 'line', 'polygon', 'ellipse']);
  const NAMES = new Set((`id class lang dir href src srcset sizes alt title width height loading decoding fetchpriority rel
    type name value content property charset media color placeholder maxlength autocomplete autocapitalize spellcheck
    enterkeyhint role for action method hidden open checked autofocus readonly rows tabindex datetime colspan rowspan
    align scope start reversed popover popovertarget popovertargetaction defer async itemprop http-equiv
    viewBox preserveAspectRatio d x y cx cy r rx ry fill focusable transform points x1 x2 y1 y2 opacity
    fill-opacity stroke stroke-width`).split(/\s+/));
  const DATA = new Set((`data-scheme data-search data-post data-source data-failed data-done data-do data-key data-copy
    data-share data-title data-fold data-opened data-here data-resume data-place data-hit data-in-place data-keep-open
    data-ime-guard data-acts data-fresh data-htmx-powered data-loaded data-theme data-text data-keys data-note
    data-url data-waiting data-hx-get data-hx-target data-hx-target:inherited data-hx-swap data-hx-swap:inherited
    data-hx-swap-oob data-hx-push-url data-hx-push-url:inherited data-hx-replace-url data-hx-sync data-hx-trigger
    data-hx-indicator data-hx-indicator:inherited data-hx-vals data-hx-status:4xx data-hx-status:5xx`).split(/\s+/));
  const IDS = /^(c-[a-z2-7]{16}|(fold|facet|year|by|user|tag|thread|list|post|search|month)-[a-z0-9-]+|[a-z]+(-[a-z]+)?)$/;
  const FIELDS = new Set((`q tag month user color post after before scope sort page view group name prefix theme text keys
    viewport color-scheme theme-color htmx-config robots description referrer order from
    twitter:card`).split(/\s+/));
  const ADDRESSES = new Set(['href', 'src', 'action', 'data-hx-get', 'data-fold', 'data-source', 'data-search',
    'data-acts', 'data-share', 'data-url']);
  const short = (e) => e.outerHTML.slice(0, 200);

  const address = (value, base, own) => {
    let url;
    try { url = new URL(value, base); } catch { return null; }
    if (!['http:', 'https:', ...(own ? [] : ['mailto:'])].includes(url.protocol)) return 'address of another kind';
    return own && url.origin !== location.origin ? 'address of another host' : null;
  };

  const audit = (doc, base, fragment, live) => {
    const found = [], bad = (what, e) => found.push(what + ': ' + short(e)), ids = new Map();
    const all = [...doc.querySelectorAll('*')];
    for (const one of doc.querySelectorAll('noscript, template')) {
      const inner = new DOMParser().parseFromString(one.innerHTML, 'text/html');
      for (const e of inner.body.querySelectorAll('*')) bad('element in noscript or template', e);
      for (const e of inner.head.querySelectorAll(':not(meta[http-equiv="refresh"][content="5"])')) bad('in noscript', e);
    }
    for (const e of all) {
      const tag = e.localName, svg = e.namespaceURI === 'http://www.w3.org/2000/svg';
      if (svg ? !SVG.has(tag) : e.namespaceURI !== 'http://www.w3.org/1999/xhtml' || !TAGS.has(tag)) bad('element', e);
      for (const { name, value } of e.attributes) {
        if (!NAMES.has(name) && !DATA.has(name) && !/^aria-[a-z]+$/.test(name)) {
          if (!(live && name === 'style' && e.closest('[popover], dialog, .place, .bars, .menu'))) bad('attribute ' + name, e);
        }
        if (name === 'id') {
          if (!IDS.test(value)) bad('id', e);
          if (ids.has(value)) bad('id twice', e);
          ids.set(value, e);
        }
        if (name === 'name' && !FIELDS.has(value)) bad('name', e);
        if (name === 'http-equiv' && !(value === 'refresh' && e.content === '5')) bad('http-equiv', e);
        if (name === 'data-hx-vals' && !/^\{"from": \d+\}$/.test(value)) bad('values', e);
        if (name.startsWith('data-hx-') && /[\[{]\s*[^"]*\(|js:|javascript:/i.test(value) && !/^\/|=/.test(value)) bad('htmx', e);
        if (name === 'srcset') for (const part of value.split(/,\s+/)) {
          const wrong = address(part.split(/\s/)[0], base, true);
          if (wrong) bad(wrong, e);
        }
        if (ADDRESSES.has(name)) {
          const wrong = address(value, base, !(tag === 'a' && name === 'href'));
          if (wrong && !fragment) bad(wrong, e);
          else if (fragment && address(value, base, false)) bad('address of another kind', e);
        }
      }
      if (tag === 'script') {
        const type = e.getAttribute('type') ?? '';
        if (type === 'application/ld+json') { try { JSON.parse(e.textContent); } catch { bad('data that is no JSON', e); } }
        else if (!e.hasAttribute('src') || e.textContent) bad('script', e);
        else if (!/^\/static\//.test(e.getAttribute('src'))) bad('script of others', e);
      }
      if (tag === 'form' && !/^(get|dialog)$/i.test(e.getAttribute('method') ?? '')) bad('form', e);
    }
    return found;
  };
  window.__audit = () => audit(document, document.baseURI, false, true);
  window.__auditSent = (text, url, fragment) =>
    audit(new DOMParser().parseFromString(text, 'text/html'), new URL(url, location.href).href, fragment, false);
  window.__fetchAndAudit = async (urls) => {
    const found = [];
    for (const url of urls) {
      const answer = await fetch(url);
      const text = await answer.text(), kind = (answer.headers.get('content-type') ?? '').split(';')[0];
      if (answer.status >= 500) found.push(url + ': ' + answer.status);
      if (/1787569/.test(text)) found.push(url + ': a template was worked out');
      const texts = kind === 'text/html' ? [[text, false]] : [];
      if (/xml$/.test(kind)) {
        const doc = new DOMParser().parseFromString(text, 'text/xml');
        if (doc.querySelector('parsererror')) found.push(url + ': no XML: ' + doc.querySelector('parsererror').textContent.slice(0, 200));
        for (const e of doc.getElementsByTagName('*')) {
          if (['encoded', 'content', 'description', 'summary'].includes(e.localName)) {
            if (e.children.length) found.push(url + ': elements in ' + e.localName);
            if (e.localName === 'encoded' || e.getAttribute('type') === 'html') texts.push([e.textContent, true]);
          }
          if (/^(script|img|svg|iframe|style|html)$/i.test(e.localName)) found.push(url + ': ' + e.localName);
          for (const { name, value } of e.attributes) {
            if (/^on/i.test(name) || (/^(href|url|src)$/.test(name) && !/^https?:/.test(value))) found.push(url + ': ' + name + '=' + value);
          }
        }
      } else if (kind === 'application/json') {
        JSON.parse(text, (key, value) => { if (key === 'html' || key === 'snippet') texts.push([value, true]); return value; });
      } else if (kind !== 'text/html' && kind !== 'text/plain') found.push(url + ': ' + kind);
      for (const [one, fragment] of texts) found.push(...window.__auditSent(one, answer.url, fragment).map((what) => url + ': ' + what));
    }
    return found;
  };
})();
