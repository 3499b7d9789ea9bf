// What was typed and not sent is not lost: it outlives a session that ended, going back from the
// confirmation, and another page looked at in between. It waits in this tab until its form is there
// again, at the same desk and the same version of its object, or until it was taken.
(function () {
  'use strict';
  var KEY = 'juyan', WAITS = 8 * 3600 * 1000, MOST = 8;
  var TEXTS = 'textarea, input[type=text], input[data-ink-strokes], select:not([multiple])';
  var typed = null;     // the form that somebody typed in last
  var dropped = false;  // signing out is asked about, and then keeps nothing

  function each(selector, run, from) {
    Array.prototype.forEach.call((from || document).querySelectorAll(selector), run);
  }
  function texts(form) { return Array.prototype.slice.call(form.querySelectorAll(TEXTS)); }

  // A hidden field has no default of its own once it was written to: what it held at first is noted.
  each('[data-ink-strokes]', function (box) { box.dataset.first = box.value; });
  function first(box) {
    if (box.options) return (Array.prototype.find.call(box.options, function (o) { return o.defaultSelected; }) || box.options[0] || {}).value;
    return 'first' in box.dataset ? box.dataset.first : box.defaultValue;
  }
  function differs(box) { return box.value.trim() !== (first(box) || '').trim(); }

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

  function all() {
    try { return [].concat(JSON.parse(sessionStorage.getItem(KEY)) || []); } catch (broken) { return []; }
  }
  function put(kept) {
    try {
      if (kept.length) sessionStorage.setItem(KEY, JSON.stringify(kept.slice(0, MOST))); else sessionStorage.removeItem(KEY);
    } catch (full) { /* a text too long to keep stays in its form alone */ }
  }
  // The desk that the form was drawn for: what was typed there is not shown to who signs in after.
  function deskOf(form) { return form.elements.once ? form.elements.once.value.split('.')[1] : ''; }
  function versionOf(form) { return form.elements.version ? form.elements.version.value : ''; }
  function isOf(form, one) { return one.action === form.action && one.desk === deskOf(form); }
  function without(form) { return all().filter(function (one) { return !isOf(form, one); }); }

  function keep(form, sent) {
    var fields = {};
    texts(form).forEach(function (box) { if (box.name) fields[box.name] = box.value; });
    put([{ at: Date.now(), sent: sent, action: form.action, desk: deskOf(form), version: versionOf(form), fields: fields }].concat(without(form)));
  }
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== 'post' || form.hasAttribute('data-again')) return;
    if (/\/logout$/.test(form.action)) { dropped = true; put([]); }
    if (form.querySelector(TEXTS)) keep(form, true);
  });

  // Left by a link: what was written stays for when he comes back. What saves itself needs none of it.
  ['input', 'change'].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var form = event.target.form;
      if (form && form.method === 'post' && event.target.matches(TEXTS) && !event.target.closest('[data-autosave]')) typed = form;
    });
  });
  window.addEventListener('pagehide', function () {
    if (!typed || dropped || typed.dataset.sent || !typed.isConnected) return;
    if (typed.dataset.refilled || texts(typed).some(differs)) keep(typed, false); else put(without(typed));
  });

  window.addEventListener('pageshow', function () { dropped = false; });

  function refill() {
    // Signing in or an act, and being asked to, are not the pages that it waits for.
    if (document.querySelector('[data-waiting]')) return;
    var taken = document.querySelector('.main > .notice--ok');
    var kept = all().filter(function (one) { return Date.now() - one.at < WAITS && !(taken && one.sent); });
    put(kept.filter(function (one) { return !forms(one).length; }));
    kept.forEach(function (one) { forms(one).forEach(function (form) { fill(form, one.fields); }); });
  }
  function forms(one) {
    return Array.prototype.filter.call(document.querySelectorAll('form[method=post]'), function (form) {
      return isOf(form, one) && versionOf(form) === one.version && form.querySelector(TEXTS);
    });
  }
  function fill(form, fields) {
    if (!form.matches('[data-autosave]')) typed = form;
    form.dataset.refilled = '1';  // drawn with it after a refusal it is no more stored than before
    var back = texts(form).filter(function (box) { return fields[box.name] && fields[box.name] !== box.value; });
    back.forEach(function (box) {
      set(box, fields[box.name]);
      for (var fold = box.closest('details'); fold; fold = fold.parentNode.closest('details')) fold.open = true;
    });
    if (back.length) tell(form);
  }
  function set(box, text) {
    box.value = text;
    ['input', 'change'].forEach(function (kind) { box.dispatchEvent(new Event(kind, { bubbles: true })); });
  }
  // It could be taken for what is stored: so it is said, and can be thrown away.
  function tell(form) {
    var words = document.body.dataset;
    var note = document.createElement('p'), drop = document.createElement('button');
    note.className = 'refilled';
    note.append(words.refilled, drop);
    drop.type = 'button';
    drop.className = 'btn btn--sm';
    drop.textContent = words.refilledDrop;
    drop.addEventListener('click', function () {
      delete form.dataset.refilled;
      texts(form).forEach(function (box) { set(box, first(box)); });
      note.remove();
      form.querySelector('textarea, input[type=text], select').focus();
    });
    form.prepend(note);
  }
  // When every script of the page listens to what is put back.
  document.addEventListener('DOMContentLoaded', refill);
}());
