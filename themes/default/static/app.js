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

  // What was typed and not sent is not lost: it outlives a session that ended, going back from the
  // confirmation, and another page looked at in between. It waits in this tab until its form is there
  // again, at the same desk and the same version of its object, or until it was taken.
  var KEY = 'juyan', WAITS = 8 * 3600 * 1000, MOST = 8;
  var TEXTS = 'textarea, input[type=text], input[data-ink-strokes], select:not([multiple])';
  var typed = new Set();  // the forms that somebody typed in
  var dropped = false;    // signing out is asked about, and then keeps nothing

  function texts(form) { return Array.prototype.slice.call(form.querySelectorAll(TEXTS)); }

  // A hidden field has no default of its own once it was written to: what it held at first is noted.
  each('[data-ink-strokes]', function (box) { box.dataset.first = box.value; });
  function atFirst(box) {
    if (box.options) return (Array.prototype.find.call(box.options, function (o) { return o.defaultSelected; }) || box.options[0] || {}).value;
    return 'first' in box.dataset ? box.dataset.first : box.defaultValue;
  }
  function differs(box) { return box.value.trim() !== (atFirst(box) || '').trim(); }

  // Signing out throws it away: the button asks once.
  function unsent() {
    return Array.prototype.some.call(document.querySelectorAll('.main form[method=post]'), function (form) {
      return !form.matches('[data-autosave]') && texts(form).some(function (box) { return !box.options && differs(box); });
    });
  }
  document.addEventListener('submit', function (event) {
    var ask = event.target.querySelector('[data-ask-unsent]');
    if (!ask || ask.dataset.asked || !unsent()) return;
    event.preventDefault();
    ask.dataset.asked = '1';
    ask.querySelector('[role=status]').textContent = ask.dataset.askUnsent;
  });

  function allKept() {
    try { return [].concat(JSON.parse(sessionStorage.getItem(KEY)) || []); } catch (broken) { return []; }
  }
  function store(kept) {
    try {
      if (kept.length) sessionStorage.setItem(KEY, JSON.stringify(kept.slice(0, MOST))); else sessionStorage.removeItem(KEY);
    } catch (full) { /* a text too long to keep stays in its form alone */ }
  }
  // The desk that the form was drawn for: what was typed there is not shown to who signs in after.
  function deskOf(form) { return form.elements.once ? form.elements.once.value.split('.')[1] : ''; }
  function versionOf(form) { return form.elements.version ? form.elements.version.value : ''; }
  function isFor(form, one) { return one.action === form.action && one.desk === deskOf(form); }
  function without(form) { return allKept().filter(function (one) { return !isFor(form, one); }); }

  function keep(form, sent) {
    var fields = {};
    texts(form).forEach(function (box) { if (box.name) fields[box.name] = box.value; });
    store([{ at: Date.now(), sent: sent, action: form.action, desk: deskOf(form), version: versionOf(form), fields: fields }].concat(without(form)));
  }
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== 'post' || form.hasAttribute('data-again')) return;
    if (/\/logout$/.test(form.action)) { dropped = true; store([]); }
    if (form.querySelector(TEXTS)) keep(form, true);
  });

  // Left by a link: what was written stays for when he comes back. What saves itself needs none of it.
  ['input', 'change'].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var form = event.target.form;
      if (form && form.method === 'post' && event.target.matches(TEXTS) && !event.target.closest('[data-autosave]')) typed.add(form);
    });
  });
  window.addEventListener('pagehide', function () {
    typed.forEach(function (form) {
      if (dropped || form.dataset.sent || !form.isConnected) return;
      if (form.dataset.refilled || texts(form).some(differs)) keep(form, false); else store(without(form));
    });
  });
  window.addEventListener('pageshow', function () { dropped = false; });

  function refill() {
    // Signing in or an act, and being asked to, are not the pages that it waits for.
    if (document.querySelector('[data-waiting]')) return;
    var taken = document.querySelector('.main > .notice--ok');
    var kept = allKept().filter(function (one) { return Date.now() - one.at < WAITS && !(taken && one.sent); });
    store(kept.filter(function (one) { return !formsOf(one).length; }));
    kept.forEach(function (one) { formsOf(one).forEach(function (form) { putBack(form, one.fields); }); });
  }
  function formsOf(one) {
    return Array.prototype.filter.call(document.querySelectorAll('form[method=post]'), function (form) {
      return isFor(form, one) && versionOf(form) === one.version && form.querySelector(TEXTS);
    });
  }
  function putBack(form, fields) {
    if (!form.matches('[data-autosave]')) typed.add(form);
    form.dataset.refilled = '1';  // drawn with it after a refusal it is no more stored than before
    var back = texts(form).filter(function (box) { return fields[box.name] && fields[box.name] !== box.value; });
    back.forEach(function (box) {
      write(box, fields[box.name]);
      for (var fold = box.closest('details'); fold; fold = fold.parentNode.closest('details')) fold.open = true;
    });
    if (back.length) tellBack(form);
  }
  function write(box, text) {
    box.value = text;
    ['input', 'change'].forEach(function (kind) { box.dispatchEvent(new Event(kind, { bubbles: true })); });
  }
  // It could be taken for what is stored: so it is said, and can be thrown away.
  function tellBack(form) {
    var words = document.body.dataset;
    var note = document.createElement('p'), drop = document.createElement('button');
    note.className = 'refilled';
    note.append(words.refilled, drop);
    drop.type = 'button';
    drop.className = 'btn btn--sm';
    drop.textContent = words.refilledDrop;
    drop.addEventListener('click', function () {
      delete form.dataset.refilled;
      texts(form).forEach(function (box) { write(box, atFirst(box)); });
      note.remove();
      form.querySelector('textarea, input[type=text], select').focus();
    });
    form.prepend(note);
  }
  // When every script of the page listens to what is put back.
  document.addEventListener('DOMContentLoaded', refill);

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
  function usable(form) {
    delete form.dataset.sent;
    each('button:disabled', function (b) { b.disabled = false; if (b.before) b.innerHTML = b.before; }, form);
  }
  window.addEventListener('pageshow', function (event) {
    // Back to a kept page: what was typed is still there, and its buttons must work again.
    if (event.persisted) each('form[data-sent]', usable);
  });

  // Files: what was chosen, in the words of the page: the browser's own would be in its language.
  function nameFiles(part) {
    var files = part.querySelector('input[type=file]').files, said = part.querySelector('[data-file-names]');
    var names = Array.prototype.map.call(files, function (file) { return file.name; }).join('、');
    said.textContent = files.length ? part.dataset.many.replace('{n}', files.length) + names : said.dataset.none;
  }
  each('[data-filepick]', function (part) {
    var box = part.querySelector('input[type=file]');
    var large = part.parentNode.querySelector('[data-too-large]');
    if (large) box.setAttribute('aria-describedby', ((box.getAttribute('aria-describedby') || '') + ' ' + large.id).trim());
    nameFiles(part);
    part.addEventListener('change', function () { nameFiles(part); tooLarge(box); });
  });

  // As the server says it (kernel.portal.words.filesize).
  function size(count) {
    var units = ['B', 'KB', 'MB', 'GB'], n = 0;
    for (; count >= 1024 && n < 3; n++) count /= 1024;
    return count.toFixed(n && count < 10 ? 1 : 0) + ' ' + units[n];
  }
  // Says at the field which file is too large; whether there is one.
  function tooLarge(box) {
    var limit = Number(box.dataset.limit), field = box.closest('.field');
    var over = limit ? Array.prototype.filter.call(box.files, function (file) { return file.size > limit; }) : [];
    var note = field && field.querySelector('[data-too-large]');
    if (!note) return false;
    // Where the server refused another thing it stays marked.
    field.classList.toggle('is-wrong', over.length > 0 || !!field.querySelector('.field__error:not([data-too-large])'));
    if (over.length) box.setAttribute('aria-invalid', 'true'); else box.removeAttribute('aria-invalid');
    note.hidden = !over.length;
    note.querySelector('[role=alert]').textContent = over.map(function (file) {
      return note.dataset.tooLarge.replace('{size}', size(file.size)).replace('{limit}', size(limit)).replace('{name}', function () { return file.name; });
    }).join(' ');
    return over.length > 0;
  }
  // Before anything else hears of it, so that the form counts as not sent.
  document.addEventListener('submit', function (event) {
    var over = Array.prototype.filter.call(event.target.querySelectorAll('input[type=file]'), tooLarge);
    if (!over.length) return;
    event.preventDefault();
    event.stopPropagation();
    over[0].focus();
  }, true);

  // A file on its way: how far it is. When the line breaks the form stays as it is, file and all.
  document.addEventListener('submit', function (event) {
    var form = event.target;
    var files = form.querySelectorAll('input[type=file]');
    var any = Array.prototype.some.call(files, function (box) { return box.files.length; });
    if (event.defaultPrevented || !any || form.enctype !== 'multipart/form-data') return;
    event.preventDefault();
    upload(form, event.submitter);
  });
  function upload(form, submitter) {
    var words = document.body.dataset;
    var data = new FormData(form);
    var url = submitter && submitter.hasAttribute('formaction') ? submitter.formAction : form.action;
    if (submitter && submitter.name) data.append(submitter.name, submitter.value);
    each('.underway', function (old) { old.remove(); }, form);
    var end = form.querySelector('.submitbar') || form.lastElementChild;
    var note = end.parentNode.insertBefore(document.createElement('div'), end.nextSibling);
    var bar = note.appendChild(document.createElement('progress'));
    var text = note.appendChild(document.createElement('span'));
    note.className = 'underway';
    bar.setAttribute('aria-label', words.uploading);
    text.textContent = words.uploading;
    text.setAttribute('role', 'status');
    var way = new XMLHttpRequest();
    way.open('POST', url);
    way.setRequestHeader('X-Upload', '1');
    way.upload.addEventListener('progress', function (on) {
      bar.max = on.total;
      bar.value = on.loaded;
      if (on.loaded === on.total) text.textContent = words.uploaded;
    });
    way.addEventListener('load', function () {
      if (way.status === 413) return failed(words.uploadTooMuch);
      var next = way.getResponseHeader('x-location');
      // Sent elsewhere on the way, as to the sign-in page.
      if (!next && way.responseURL && way.responseURL.split('?')[0] !== url.split('?')[0]) next = way.responseURL;
      if (next) return location.assign(next);
      if (!/^text\/html/.test(way.getResponseHeader('content-type') || '')) return failed(words.uploadBroken);
      document.open();
      document.write(way.responseText);
      document.close();
    });
    function failed(why) {
      bar.remove();
      text.setAttribute('role', 'alert');
      text.textContent = why;
      note.classList.add('is-failed');
      usable(form);
    }
    ['error', 'abort', 'timeout'].forEach(function (kind) { way.addEventListener(kind, function () { failed(words.uploadBroken); }); });
    way.send(data);
  }

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
  var start = document.querySelector('[data-focus]');
  if (start) start.focus({ preventScroll: !!location.hash });
}());
