// Every control below is also a plain link or form: this only makes the way shorter.
(function () {
  'use strict';
  var root = document.documentElement;
  root.classList.add('js');

  function each(selector, run, from) {
    Array.prototype.forEach.call((from || document).querySelectorAll(selector), run);
  }
  function closest(event, selector) {
    return event.target.closest ? event.target.closest(selector) : null;
  }

  // Text size: at once here, and in a cookie so that the server draws it next time.
  function setSize(button) {
    root.setAttribute('data-size', button.value);
    each('[data-size-set]', function (b) { b.setAttribute('aria-pressed', String(b.value === button.value)); });
    document.cookie = 'size=' + button.value + '; path=/; max-age=31536000; SameSite=Lax';
    // On a phone the one that was pressed goes: the other one stands there now.
    if (!button.checkVisibility()) each('[data-size-set]', function (b) { if (b !== button) b.focus(); }, button.form);
  }

  // The drawer on narrow screens, and the user menu.
  var wide = window.matchMedia('(min-width: 60.01rem)');
  function isOpen() { return root.classList.contains('nav-open'); }
  function setDrawer(open) {
    if (open === isOpen()) return;
    root.classList.toggle('nav-open', open);
    each('[data-nav-toggle]', function (b) { b.setAttribute('aria-expanded', String(open)); });
    // The page behind it cannot be reached while it lies over it; what is said by itself goes on.
    each('body > :not(.shell):not([role=status]), .shell > :not(#sidenav)', function (behind) { behind.inert = open; });
    var to = document.querySelector(open ? '.sidenav__close' : '[data-nav-toggle]');
    if (to) to.focus();
  }
  wide.addEventListener('change', function () { if (wide.matches) setDrawer(false); });
  function closeMenus(except) {
    each('details.user-menu[open]', function (d) { if (d !== except) d.removeAttribute('open'); });
  }

  document.addEventListener('click', function (event) {
    var size = closest(event, '[data-size-set]');
    if (size) { event.preventDefault(); return setSize(size); }
    if (closest(event, '[data-nav-toggle]')) {
      event.preventDefault();
      return setDrawer(!isOpen());
    }
    if (closest(event, '.sidenav__close')) event.preventDefault();
    if (!closest(event, '#sidenav') || closest(event, '.sidenav__close')) setDrawer(false);
    closeMenus(closest(event, 'details.user-menu'));
    var more = closest(event, '[data-filters]');
    if (more) more.setAttribute('aria-expanded', String(more.form.classList.toggle('is-open')));
    var phrase = closest(event, '[data-phrase]');
    if (phrase) addPhrase(document.getElementById(phrase.dataset.for), phrase.dataset.phrase);
  });

  // What opens in the column of actions is seen to its end: its button would be under the edge.
  document.addEventListener('toggle', function (event) {
    var fold = event.target;
    if (fold.open && closest(event, '.actioncolumn .fold')) fold.scrollIntoView({ block: 'nearest' });
  }, true);

  // Where the columns stand one below the other, what can be done comes before the paper and the facts
  // after it: in the order of the page as on the screen, so that Tab goes the way the eye goes.
  var narrow = window.matchMedia('(max-width: 75rem)');
  function arrange() {
    var one = narrow.matches || root.getAttribute('data-size') === 'large';
    each('.sheetgrid', function (grid) {
      var column = grid.querySelector('.actioncolumn'), facts = grid.querySelector('.col-side__facts');
      if (!column || !facts || (grid.firstElementChild === column) === one) return;
      var here = document.activeElement;
      if (one) grid.prepend(column); else grid.append(column);
      (one ? grid : column).append(facts);
      if (grid.contains(here)) here.focus({ preventScroll: true });
    });
  }
  narrow.addEventListener('change', arrange);
  new MutationObserver(arrange).observe(root, { attributeFilter: ['data-size'] });
  arrange();

  document.addEventListener('keydown', function (event) {
    if (event.key === ' ' && closest(event, 'a[role=button]')) {
      event.preventDefault();  // it would scroll
      return event.target.click();
    }
    if (event.key !== 'Escape') return;
    var menu = document.querySelector('details.user-menu[open] summary');
    if (menu) { closeMenus(); menu.focus(); }
    setDrawer(false);
  });
  // Left by Tab the menu would lie over what has the focus then.
  document.addEventListener('focusout', function (event) {
    var menu = closest(event, 'details.user-menu'), to = event.relatedTarget;
    if (menu && to && !menu.contains(to)) closeMenus();
  });

  // Alt and a number puts in the usual sentence of that number, while one writes.
  document.addEventListener('keydown', function (event) {
    var digit = /^Digit([1-9])$/.exec(event.code || '');
    if (!digit || !event.altKey || event.ctrlKey || event.metaKey || !closest(event, '.cb textarea')) return;
    var chips = document.querySelectorAll('[data-phrase][data-for="' + event.target.id + '"]');
    var chip = chips[Number(digit[1]) - 1];
    if (!chip) return;
    event.preventDefault();
    addPhrase(event.target, chip.dataset.phrase);
  });

  function addPhrase(box, text) {
    var before = box.value.trim() ? box.value.replace(/[^\S\n]+$/, '') : '';
    box.value = before + (!before || /[，。；：！？、,.;:!?\n]$/.test(before) ? '' : '，') + text;
    box.focus();
    box.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // What only changes its own button: the page stays, and what is being typed on it. Where that does
  // not work, it is sent as any other form, and the answer says why.
  document.addEventListener('submit', function (event) {
    var form = event.target, button = event.submitter;
    if (!form.hasAttribute('data-in-place') || !button) return;
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = '1';
    var data = new FormData(form);
    data.append(button.name, button.value);
    var asked = { method: 'POST', body: data, credentials: 'same-origin', headers: { 'HX-Request': 'true' } };
    fetch(form.action, asked).then(function (answer) {
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      return answer.text();
    }).then(function (html) {
      form.outerHTML = html;
      var fresh = document.getElementById(button.id);
      if (fresh) fresh.focus();
    }).catch(function () {
      delete form.dataset.sent;
      form.removeAttribute('data-in-place');
      form.requestSubmit(button);
    });
  });

  // One submit is enough. The name of the pressed button has been read by then.
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== 'post' || form.hasAttribute('data-again')) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = '1';
    setTimeout(function () {
      each('button:not([type=button])', function (b) {
        b.disabled = true;
        b.before = b.innerHTML;
        if (b === event.submitter && b.classList.contains('btn')) b.textContent = document.body.dataset.sending;
      }, form);
    }, 0);
  });
  // By its event, when what was sent by a script did not arrive.
  document.addEventListener('juyan:again', function (event) { usable(event.target); });
  function usable(form) {
    delete form.dataset.sent;
    each('button:disabled', function (b) { b.disabled = false; if (b.before) b.innerHTML = b.before; }, form);
  }
  window.addEventListener('pageshow', function (event) {
    // Back to a kept page: what was typed is still there, and its buttons must work again.
    if (event.persisted) each('form[data-sent]', usable);
  });

  // The old page stays until the new one is there, with a bar that says that something comes. A file
  // that is only downloaded never brings a new page.
  window.addEventListener('beforeunload', function () {
    var from = document.activeElement;
    if (from && from.closest && from.closest('[download]')) return;
    root.classList.add('is-busy');
    setTimeout(function () { root.classList.remove('is-busy'); }, 15000);
  });
  window.addEventListener('pageshow', function () { root.classList.remove('is-busy'); });

  // Choosing rows and branches, counting what is chosen.
  function boxes(form) { return form.querySelectorAll('input[type=checkbox][name=t]'); }
  function countRows(form) {
    var n = Array.prototype.filter.call(boxes(form), function (c) { return c.checked; }).length;
    each('.batch button', function (b) {
      b.disabled = n === 0;
      b.textContent = b.textContent.replace(/（\d+）$/, '') + (n ? '（' + n + '）' : '');
    }, form);
  }
  each('[data-print]', function (button) { button.addEventListener('click', function () { window.print(); }); });

  document.addEventListener('change', function (event) {
    var box = event.target;
    if (box.matches('[data-check-all]')) each('input[name=t]', function (c) { c.checked = box.checked; }, box.form);
    if (box.form && box.form.querySelector('.batch')) countRows(box.form);
  });
  each('form .batch', function (bar) { countRows(bar.closest('form')); });

  // A page of a document that does not come says so, where it said that it was on its way.
  function pageFailed(image) {
    var wait = image.parentNode.querySelector('.pages__wait');
    if (!wait) return;
    wait.removeAttribute('aria-hidden');
    wait.textContent = wait.dataset.failed;
    image.hidden = true;
  }
  document.addEventListener('error', function (event) {
    if (event.target.matches && event.target.matches('.pages__in img')) pageFailed(event.target);
  }, true);
  each('.pages__in img', function (image) { if (image.complete && image.src && !image.naturalWidth && image.loading !== 'lazy') pageFailed(image); });

  // Fields that matter only for one choice elsewhere in the form; without a script all are shown.
  function suit(form) {
    each('[data-when]', function (part) {
      var rule = part.dataset.when.split('=');
      part.hidden = rule[1].split(' ').indexOf(form.elements[rule[0]].value) < 0;
    }, form);
  }
  each('[data-when]', function (part) { suit(part.closest('form')); });
  document.addEventListener('change', function (event) { if (event.target.form) suit(event.target.form); });

  // How long a text is, where it has a limit.
  document.addEventListener('input', function (event) {
    var box = event.target;
    var count = document.querySelector('[data-count-for="' + box.id + '"]');
    if (count && box.id) {
      if (!count.dataset.text) count.dataset.text = count.textContent;
      var length = Array.from(box.value).length;
      count.textContent = count.dataset.text + ' · ' + length;
      count.classList.toggle('is-over', length > Number(count.dataset.limit));
    }
  });

  // What asks again by itself rests while nobody looks at it.
  document.addEventListener('htmx:before:request', function (event) {
    if (document.hidden && event.target.closest && event.target.closest('[data-while-visible]')) event.preventDefault();
  });

  // What was done or went wrong is read first; a place that the address names is not scrolled away from.
  var first = document.querySelector('[data-focus]');
  if (first) first.focus({ preventScroll: !!location.hash });
}());
