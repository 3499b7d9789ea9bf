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
    if (!button.getClientRects().length) each('[data-size-set]', function (b) { if (b !== button) b.focus(); }, button.form);
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

  // What was filled in and not sent is not lost: it outlives a session that ended, going back from the
  // confirmation, and another page looked at in between. It waits in this tab until its form is there
  // again, at the same desk and the same version of its object, or until it was taken. All of it or
  // none: a reason beside units that are no longer ticked would say another thing than was meant.
  var KEY = 'juyan', WAITS = 8 * 3600 * 1000, MOST = 8;
  var VALUES = 'textarea, input[type=text], input[type=date], input[type=number], input[type=time], input[type=datetime-local], ' +
    'input[data-ink-strokes], input[data-picker-order], select:not([multiple])';
  var TICKS = 'input[type=checkbox], input[type=radio]';
  var typed = new Set();    // the forms that somebody filled in
  var awaited = new Map();  // the forms whose boxes are still on their way, with what goes into them
  var dropped = false;      // signing out is asked about, and then keeps nothing

  function named(form, which) {
    return Array.prototype.filter.call(form.querySelectorAll(which), function (box) {
      return box.name && box.getAttribute('autocomplete') !== 'off';
    });
  }
  function values(form) { return named(form, VALUES); }
  function ticks(form) { return named(form, TICKS); }
  // Codes and what can be sent again at once stay nowhere; nor do rows that are only ticked in a list.
  function isKept(form) {
    return form.method === 'post' && !form.hasAttribute('data-again') && form.getAttribute('autocomplete') !== 'off' &&
      !document.querySelector('[data-waiting]') && (values(form).length > 0 || !!form.querySelector('[data-picker]'));
  }

  // A hidden field has no default of its own once it was written to: what it held at first is noted.
  function noteFirst(box) { box.dataset.first = box.value; }
  each('[data-ink-strokes]', noteFirst);
  function atFirst(box) {
    if (box.options) return (Array.prototype.find.call(box.options, function (o) { return o.defaultSelected; }) || box.options[0] || {}).value;
    return 'first' in box.dataset ? box.dataset.first : box.defaultValue;
  }
  function differs(box) {
    return box.matches(TICKS) ? box.checked !== box.defaultChecked : box.value.trim() !== (atFirst(box) || '').trim();
  }

  // Signing out throws it away: the button asks once.
  function unsent() {
    return Array.prototype.some.call(document.querySelectorAll('.main form[method=post]'), function (form) {
      return !form.matches('[data-autosave]') && values(form).some(function (box) { return !box.options && differs(box); });
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
  // Where there is no room the oldest go first. Whether anything that was to be kept is.
  function store(kept) {
    for (var n = Math.min(kept.length, MOST); n > 0; n--) {
      try { sessionStorage.setItem(KEY, JSON.stringify(kept.slice(0, n))); return true; } catch (full) { /* with less of them */ }
    }
    try { sessionStorage.removeItem(KEY); } catch (refused) { /* nothing is there */ }
    return !kept.length;
  }
  // The desk that the form was drawn for: what was typed there is not shown to who signs in after.
  function deskOf(form) { return form.elements.once ? form.elements.once.value.split('.')[1] : ''; }
  function versionOf(form) { return form.elements.version ? form.elements.version.value : ''; }
  // Two forms of a page may have one action: their fields have ids of their own.
  function firstOf(form) { return (values(form).find(function (box) { return box.id; }) || {}).id || ''; }
  function isFor(form, one) { return one.action === form.action && one.desk === deskOf(form) && one.first === firstOf(form); }
  function without(form) { return allKept().filter(function (one) { return !isFor(form, one); }); }

  function labelOf(box) {
    var set = box.matches(TICKS + ', [data-picker-order]') && box.closest('fieldset'), fold = box.closest('details');
    var said = set ? set.querySelector('legend') : box.labels && box.labels[0] || (fold && fold.querySelector('summary'));
    return said ? said.textContent.replace(/\*\s*$/, '').trim() : '';
  }

  function ticked(form) {
    var all = {};
    ticks(form).forEach(function (box) {
      all[box.name] = all[box.name] || [];
      if (box.checked) all[box.name].push(box.value);
    });
    return all;
  }
  // Whether there was room for it.
  function keep(form, sent) {
    var one = { at: Date.now(), sent: sent, action: form.action, desk: deskOf(form), first: firstOf(form), version: versionOf(form), values: {}, labels: {}, files: [] };
    values(form).forEach(function (box) {
      var all = one.values[box.name] = one.values[box.name] || [];
      all.push(box.value || differs(box) ? box.value : null);  // what was never filled in says nothing
    });
    named(form, VALUES + ', ' + TICKS).forEach(function (box) { if (!one.labels[box.name]) one.labels[box.name] = labelOf(box); });
    each('input[type=file]', function (box) { if (box.files.length) one.files.push(labelOf(box)); }, form);
    one.ticks = ticked(form);
    if (awaited.has(form)) {
      var due = awaited.get(form).one;
      one.ticks = due.ticks;
      each('[data-picker-order]', function (box) { one.values[box.name] = due.values[box.name] || [null]; }, form);
    }
    var others = without(form);
    if (store([one].concat(others))) return true;
    store(others);
    return false;
  }
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== 'post') return;
    if (/\/logout$/.test(form.action)) { dropped = true; store([]); }
    if (isKept(form)) keep(form, true);
  });

  // Left by a link: what was written stays for when he comes back. What saves itself needs none of it.
  ['input', 'change'].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var form = event.target.form;
      if (form && event.target.matches(VALUES + ', ' + TICKS) && isKept(form) && !event.target.closest('[data-autosave]')) typed.add(form);
    });
  });
  function keepTyped() {
    var all = true;
    typed.forEach(function (form) {
      if (dropped || form.dataset.sent || !form.isConnected || !isKept(form)) return;
      var filled = form.dataset.refilled || values(form).some(differs) || ticks(form).some(differs);
      if (!filled) store(without(form)); else if (!keep(form, false)) all = false;
    });
    return all;
  }
  window.addEventListener('pagehide', keepTyped);
  // What there is no room for goes with the page: so it is asked whether to leave.
  window.addEventListener('beforeunload', function (event) {
    if (keepTyped()) return;
    event.preventDefault();
    event.returnValue = '1';
  });
  window.addEventListener('pageshow', function () { dropped = false; });

  function refill() {
    // What the picker makes of the order when it starts is not a change by anybody.
    each('[data-picker-order]', noteFirst);
    // Signing in or an act, and being asked to, are not the pages that it waits for.
    if (document.querySelector('[data-waiting]')) return;
    var taken = document.querySelector('.main > .notice--ok');
    var kept = allKept().filter(function (one) { return Date.now() - one.at < WAITS && !(taken && one.sent); });
    store(kept.filter(function (one) { return !formsOf(one).length; }));
    kept.forEach(function (one) { formsOf(one).forEach(function (form) { putBack(form, one); }); });
  }
  function formsOf(one) {
    return Array.prototype.filter.call(document.querySelectorAll('form[method=post]'), function (form) {
      return isFor(form, one) && versionOf(form) === one.version && isKept(form);
    });
  }
  // After a refusal the server has drawn what was sent, and cleaned it.
  function refused(form) {
    if (form.querySelector('.summary, [aria-invalid=true]')) return true;
    return Array.prototype.some.call(document.querySelectorAll('.summary'), function (said) {
      if (said.closest('form')) return false;
      var links = said.querySelectorAll('a[href^="#"]');
      return !links.length || Array.prototype.some.call(links, function (link) { return form.contains(document.getElementById(link.hash.slice(1))); });
    });
  }
  function putBack(form, one) {
    if (!form.matches('[data-autosave]')) typed.add(form);
    form.dataset.refilled = '1';  // drawn with it after a refusal it is no more stored than before
    if (refused(form)) return;
    var done = { form: form, one: one, before: [], ticks: ticked(form), any: false, missing: [] };
    // A picker of which no box has come yet has nothing chosen.
    Object.keys(one.ticks).forEach(function (name) { done.ticks[name] = done.ticks[name] || []; });
    putValues(done);
    var due = [];
    if (lacks(form, one.ticks)) form.dispatchEvent(new CustomEvent('juyan:whole', { bubbles: true, detail: due }));
    if (!due.length) return putTicks(done);
    var wait = { one: one, sent: false, button: null };
    awaited.set(form, wait);
    Promise.all(due).then(function () {
      awaited.delete(form);
      putTicks(done);
      if (wait.sent && !done.missing.length) form.requestSubmit(wait.button);
    });
  }
  // Sent before everything that was chosen is ticked again it would say another thing.
  document.addEventListener('submit', function (event) {
    var wait = awaited.get(event.target);
    if (!wait) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wait.sent = true;
    wait.button = event.submitter;
  }, true);

  function putValues(done) {
    var seen = {}, back = [];
    values(done.form).forEach(function (box) {
      var n = seen[box.name] = (seen[box.name] || 0) + 1, before = box.value;
      var text = (done.one.values[box.name] || [])[n - 1];
      if (typeof text !== 'string' || text === before || box.matches('[data-picker-order]')) return;
      if (!text && box.closest('[data-autosave]')) return;
      box.value = text;
      if (box.value !== text) { box.value = before; done.missing.push(box.name); return; }
      done.before.push([box, before]);
      back.push(box);
      unfold(box);
    });
    done.any = back.length > 0;
    tell(back);
  }
  function lacks(form, wanted) {
    var there = {};
    ticks(form).forEach(function (box) { (there[box.name] = there[box.name] || new Set()).add(box.value); });
    return Object.keys(wanted).some(function (name) {
      return wanted[name].some(function (value) { return !there[name] || !there[name].has(value); });
    });
  }
  // Ticks just these; says which boxes changed and of which names some are not there. A unit may stand
  // in several branches, and is ticked as often as it was.
  function tick(form, wanted) {
    var left = {}, changed = [];
    Object.keys(wanted).forEach(function (name) { left[name] = wanted[name].slice(); });
    ticks(form).forEach(function (box) {
      if (!left[box.name]) return;
      var at = left[box.name].indexOf(box.value), on = at >= 0;
      if (on) left[box.name].splice(at, 1);
      if (box.checked === on) return;
      box.checked = on;
      changed.push(box);
    });
    // Where it stands fewer times than it did it is ticked all the same.
    var now = ticked(form);
    return { changed: changed, missing: Object.keys(left).filter(function (name) {
      return left[name].some(function (value) { return (now[name] || []).indexOf(value) < 0; });
    }) };
  }
  function putTicks(done) {
    var found = tick(done.form, done.one.ticks), heard = found.changed.slice();
    each('[data-picker-order]', function (box) {
      var order = (done.one.values[box.name] || [])[0];
      if (typeof order !== 'string' || order === box.value) return;
      done.before.push([box, box.value]);
      box.value = order;
      heard.push(box, box.closest('[data-picker]').querySelector('input[type=checkbox][name]'));
    }, done.form);
    found.changed.forEach(function (box) { if (box.checked) unfold(box); });
    done.missing = done.missing.concat(found.missing);
    done.any = done.any || heard.length > 0;
    tell(heard);
    if (done.any || done.missing.length) tellBack(done);
  }
  function unfold(box) {
    for (var fold = box.closest('details'); fold; fold = fold.parentNode.closest('details')) fold.open = true;
  }
  // As when a person does it; a picker counts all that is chosen in it, once is enough.
  function tell(boxes) {
    var told = new Set();
    boxes.forEach(function (box) {
      var picker = box && box.type === 'checkbox' && box.closest('[data-picker]');
      if (!box || told.has(picker)) return;
      if (picker) told.add(picker);
      ['input', 'change'].forEach(function (kind) { box.dispatchEvent(new Event(kind, { bubbles: true })); });
    });
  }
  // It could be taken for what is stored: so it is said, with what is not there again, and can be
  // thrown away.
  function tellBack(done) {
    var words = document.body.dataset, form = done.form;
    var note = document.createElement('p'), drop = document.createElement('button');
    var again = done.missing.map(function (name) { return done.one.labels[name] || name; }).concat(done.any ? done.one.files : []);
    note.className = 'refilled';
    note.append(words.refilled);
    if (again.length) {
      var lost = document.createElement('strong');
      lost.textContent = words.refilledAgain.replace('{names}', function () { return Array.from(new Set(again)).join(words.and); });
      note.append(lost);
      note.setAttribute('role', 'alert');
    }
    note.append(drop);
    drop.type = 'button';
    drop.className = 'btn btn--sm';
    drop.textContent = words.refilledDrop;
    drop.addEventListener('click', function () {
      delete form.dataset.refilled;
      var heard = tick(form, done.ticks).changed;
      done.before.forEach(function (pair) {
        pair[0].value = pair[1];
        heard.push(pair[0]);
        if (pair[0].matches('[data-picker-order]')) heard.push(pair[0].closest('[data-picker]').querySelector('input[type=checkbox][name]'));
      });
      tell(heard);
      note.remove();
      var to = Array.prototype.find.call(form.querySelectorAll('textarea, input:not([type=hidden]), select, summary, button'), function (one) {
        return !one.disabled && one.getClientRects().length && (one.matches('summary') || !one.closest('details:not([open])'));
      });
      if (to) to.focus();
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
