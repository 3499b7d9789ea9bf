// What a screen must keep to, looked at inside the page. Installs window.juyanChecks.
(() => {
  const root = document.documentElement;
  const CONTROLS = 'a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button]';
  const MAIN = '.btn, .icon-btn, .tab, .tabbar a, .navlink, .menu__item, .choicecard, .people__b, .field input:not([type=checkbox]):not([type=radio]), .field select, .fold > summary';

  const name = (e) => {
    const text = (e.getAttribute('aria-label') || e.textContent || e.value || '').trim();
    const place = e.id ? '#' + e.id : e.className && e.className.baseVal === undefined
      ? '.' + String(e.className).trim().split(/\s+/)[0] : '';
    return e.tagName.toLowerCase() + place + ' ' + text.replace(/\s+/g, ' ').slice(0, 24);
  };
  const shown = (e) => {
    if (!e.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true })) return false;
    const r = e.getBoundingClientRect();
    return r.width > 1 && r.height > 1 && !e.closest('.vh');
  };
  const scrolls = (e) => {
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
      if (getComputedStyle(p).overflowX !== 'visible') return true;
    }
    return false;
  };
  const all = (selector, from) => [...(from || document).querySelectorAll(selector)].filter(shown);
  const area = (e) => {
    const label = e.matches('input, select, textarea') && e.closest('label');
    return (label || e).getBoundingClientRect();
  };
  // A link in the run of a sentence may be as high as its line (WCAG 2.5.8, "inline").
  const inSentence = (e) => e.tagName === 'A' && getComputedStyle(e).display === 'inline'
    && [...e.parentElement.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());

  function overflow() {
    const width = root.clientWidth, found = [];
    if (root.scrollWidth > width) {
      const out = all('body *').filter((e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e));
      found.push(`${root.scrollWidth - width} px: ${out.slice(0, 3).map(name).join(' | ')}`);
    }
    return found;
  }

  // Text that its box cuts off, where nothing says the whole of it.
  function cut() {
    return all('body *').filter((e) => {
      if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) return false;
      const s = getComputedStyle(e);
      if (e.closest('[title], svg') || s.webkitLineClamp !== 'none') return false;
      const hides = (way) => way === 'hidden' || way === 'clip';
      return (hides(s.overflowX) && e.scrollWidth > e.clientWidth + 1)
        || (hides(s.overflowY) && e.scrollHeight > e.clientHeight + 1);
    }).map(name);
  }

  function targets({ phone, large }) {
    const least = phone && large ? 60 : 44, found = [];
    for (const e of all(CONTROLS)) {
      if (e.disabled || inSentence(e)) continue;
      const r = area(e);
      const size = `${Math.round(r.width)}×${Math.round(r.height)}`;
      if (r.width < 23.5 || r.height < 23.5) found.push(`${size} ${name(e)}`);
      else if (e.matches(MAIN) && (phone || !e.matches('.btn--sm')) && r.height < least - 0.5) {
        found.push(`${size} < ${least} ${name(e)}`);
      }
    }
    return found;
  }

  const visibleOutline = (e) => {
    const s = getComputedStyle(e);
    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  };
  const spots = (r) => {
    const left = Math.max(r.left, 0), right = Math.min(r.right, innerWidth);
    const top = Math.max(r.top, 0), bottom = Math.min(r.bottom, innerHeight);
    if (right - left < 1 || bottom - top < 1) return [];
    const x = [0.5, 0.1, 0.9], y = [0.5, 0.15, 0.85];
    return x.flatMap((a) => y.map((b) => [left + (right - left) * a, top + (bottom - top) * b]));
  };
  const stands = (e, [x, y]) => {
    const at = document.elementFromPoint(x, y);
    return at && (e === at || e.contains(at) || (at.closest('label') && at.closest('label').contains(e)));
  };

  function stops() {
    const before = document.activeElement, found = [];
    const order = all(CONTROLS + ', [tabindex]').filter((e) => e.tabIndex >= 0 && !e.disabled);
    for (const e of order) {
      e.focus();
      if (document.activeElement !== e) { found.push(`takes no focus: ${name(e)}`); continue; }
      if (!visibleOutline(e)) found.push(`no outline: ${name(e)}`);
      // a link in two lines has a box for each, and what stands between them is not its own
      const places = [...e.getClientRects()].flatMap(spots);
      if (!places.length) { found.push(`off screen: ${name(e)}`); continue; }
      const free = places.filter((p) => stands(e, p)).length;
      // one free place in three is enough for what is seen of it
      if (free * 3 < places.length) {
        const over = document.elementFromPoint(...places[0]);
        found.push(`covered by ${over ? name(over) : 'nothing'}: ${name(e)}`);
      }
    }
    if (before && before.focus) before.focus();
    if (document.activeElement !== before && document.activeElement) document.activeElement.blur();
    scrollTo(0, 0);
    return { found, count: order.length };
  }

  // In forced colours what is current must differ by a line, not by a ground that is gone.
  function current() {
    const look = (e) => {
      const s = getComputedStyle(e);
      return [s.outlineStyle, s.outlineColor, s.borderTopWidth, s.borderBottomColor, s.borderColor].join();
    };
    return all('.tabs [aria-current], .sidenav [aria-current]').filter((e) => {
      const peers = all(e.classList.contains('tab') ? '.tab' : '.navlink').filter((p) => !p.matches('[aria-current]'));
      return peers.length && look(peers[0]) === look(e);
    }).map(name);
  }

  function heading() {
    const h = document.querySelector('h1'), found = [];
    const plain = (text) => text.replace(/\s+/g, '');
    if (!h) return ['no h1'];
    if (document.querySelectorAll('h1').length > 1) found.push('several h1');
    const copy = h.cloneNode(true);
    copy.querySelectorAll('.tag, .icon').forEach((e) => e.remove());
    const said = plain(document.title.split(' — ')[0]);
    if (!said) found.push('no title');
    const here = [...document.querySelectorAll('.sidenav [aria-current] .navlink__t')].map((e) => plain(e.textContent));
    if (said && !plain(copy.textContent).startsWith(said) && !here.includes(said)) {
      found.push(`title “${document.title}”, heading “${h.textContent.trim()}”`);
    }
    return found;
  }

  // Words of ours that stayed Chinese on an English page; what people wrote stays as it is.
  function chinese() {
    const own = 'th[scope=col], .step, dt, legend, .field__label, .btn, .tab, .navlink__t, .sidenav__h, .card__h, .hint, .field__hint, .tag, .flag, .empty p, summary, .skip-link, .foot__secret, .legend li, .steps li';
    return all(own).filter((e) => /[\u4e00-\u9fff]/.test([...e.childNodes]
      .filter((n) => n.nodeType === 3).map((n) => n.textContent).join('').replace(/“[^”]*”|\S*〔\d{4}〕\S*/g, '')) && !e.matches('.paper summary') && !e.closest('[lang=zh-CN]:not(html)')).map(name);
  }

  const unfold = (open) => document.querySelectorAll('details.fold, details.sealed__more')
    .forEach((d) => { d.open = open; });
  const nodes = () => document.querySelectorAll('*').length;

  window.juyanChecks = { overflow, cut, targets, stops, current, heading, chinese, unfold, nodes };
})();
