// Writing that is never lost: saved by itself, kept in this browser while it cannot be, and
// previewed with what the rules say beside each field. Without it the save button does the work.
(function () {
  'use strict';
  var PREFIX = 'juyan-writing:';
  var OLDEST = 30 * 86400000;

  function each(selector, run, from) {
    Array.prototype.forEach.call((from || document).querySelectorAll(selector), run);
  }
  function later(wait, run) {
    var timer = 0;
    return function () { clearTimeout(timer); timer = setTimeout(run, wait); };
  }
  // Beijing time, as the server writes it, whatever the clock of this machine is set to.
  function beijing(time) { return new Date(time.getTime() + 8 * 3600000); }
  function clock(time) { return beijing(time).toISOString().slice(11, 16); }
  function post(form, url, more) {
    var asked = { method: 'POST', body: new FormData(form), credentials: 'same-origin', headers: { 'HX-Request': 'true' } };
    return fetch(url, Object.assign(asked, more || {}));
  }

  // What a form says: its texts, choices and ticks; nothing that the page itself hides in it.
  function fields(form) {
    var found = {};
    each('textarea[name], input[type=text][name], select[name], input[data-picker-order]', function (box) { found[box.name] = [box.value]; }, form);
    each('input[type=checkbox][name], input[type=radio][name]', function (box) {
      if (box.checked) found[box.name] = (found[box.name] || []).concat(box.value);
    }, form);
    return found;
  }
  function fill(form, said) {
    each('textarea[name], input[type=text][name], select[name], input[data-picker-order]', function (box) {
      if (said[box.name]) box.value = said[box.name][0];
    }, form);
    each('input[type=checkbox][name], input[type=radio][name]', function (box) {
      box.checked = (said[box.name] || []).indexOf(box.value) >= 0;
    }, form);
    each('textarea[name], input[name], select[name]', function (box) { box.dispatchEvent(new Event('change', { bubbles: true })); }, form);
    form.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // Boxes that app.js has not asked for yet are asked for, so that each that was ticked can be.
  function whole(form) {
    var due = [];
    form.dispatchEvent(new CustomEvent('juyan:whole', { bubbles: true, detail: due }));
    return Promise.all(due);
  }

  function version(form) { return form.elements.version ? Number(form.elements.version.value) : 0; }

  // The copy in this browser: under the name of the person and the document, never offered to others.
  function Copy(form) {
    var key = form.dataset.keep ? PREFIX + form.dataset.keep : '';
    // With *tried* it is on its way to the server: a newer version there means that it arrived.
    this.put = function (tried) {
      if (!key) return;
      try {
        localStorage.setItem(key, JSON.stringify({ at: Date.now(), tried: !!tried, version: version(form), fields: fields(form) }));
      } catch (full) { /* no room or not allowed: the text stays in the form alone */ }
    };
    this.drop = function () { if (key) localStorage.removeItem(key); };
    this.get = function () {
      try { return key ? JSON.parse(localStorage.getItem(key)) : null; } catch (broken) { return null; }
    };
  }
  function forgetOld() {
    Object.keys(localStorage).forEach(function (key) {
      if (key.indexOf(PREFIX) !== 0) return;
      var at = 0;
      try { at = JSON.parse(localStorage.getItem(key)).at; } catch (broken) { /* forgotten as well */ }
      if (!(Date.now() - at < OLDEST)) localStorage.removeItem(key);
    });
  }
  function offer(form, copy) {
    var note = document.querySelector('[data-kept]');
    var kept = copy.get();
    // What was refused stands in the form, and is not stored anywhere else.
    if (!note || !kept || document.querySelector('.summary')) return;
    var arrived = kept.tried && version(form) > kept.version;
    if (arrived || JSON.stringify(kept.fields) === JSON.stringify(fields(form))) return copy.drop();
    var when = note.querySelector('[data-kept-at]');
    var at = new Date(kept.at);
    when.textContent = (beijing(at).getUTCMonth() + 1) + '-' + beijing(at).getUTCDate() + ' ' + clock(at);
    note.hidden = false;
    note.querySelector('[data-kept-take]').addEventListener('click', function () {
      whole(form).then(function () { fill(form, kept.fields); });
      note.hidden = true;
      form.querySelector('textarea').focus();
    });
    note.querySelector('[data-kept-drop]').addEventListener('click', function () {
      copy.drop();
      note.hidden = true;
    });
  }

  function saving(part) {
    var form = part.form || part;
    var note = form.querySelector('[data-saved]') || document.querySelector('[data-saved]');
    var copy = new Copy(form);
    var changed = false, waiting = 0, busy = false, stopped = false, held = null, going = '', arrived = false;

    function say(kind) {
      if (!note) return;
      note.classList.toggle('is-failed', kind !== 'saved' && kind !== 'saving');
      note.textContent = kind === 'saved' ? note.dataset.savedText + ' ' + clock(new Date())
        : note.dataset[kind + 'Text'] || note.dataset.failedText;
    }
    function again(wait) {
      if (!waiting && !stopped) waiting = setTimeout(function () { waiting = 0; save(); }, wait);
    }
    function save(more) {
      if (!changed || busy || stopped || form.dataset.sent) return;
      changed = arrived = false;
      busy = true;
      copy.put(true);
      say('saving');
      post(form, part.dataset.autosave, more).then(function (answer) {
        var newer = answer.headers.get('x-version');
        // What was saved meanwhile is this very text: the form must not count as stale.
        if (newer && form.elements.version) form.elements.version.value = newer;
        arrived = answer.ok;
        if (answer.ok) { if (changed) again(3000); else copy.drop(); return say('saved'); }
        changed = true;
        copy.put();
        if (answer.status === 409) { stopped = true; return say('conflict'); }
        if (answer.status === 422) return say('wrong');
        say({ 401: 'session', 412: 'desk' }[answer.status] || 'failed');
        again(15000);
      }, function () {
        changed = true;
        copy.put();
        say('offline');
        again(15000);
      }).then(free);
    }
    // Sent while it is just being saved by itself, it would be told that somebody was faster: he was
    // that himself. So it waits for the answer, but not for ever.
    function free() {
      var button = held;
      busy = false;
      held = null;
      if (button) form.requestSubmit(button === form ? null : button);
      if (changed && arrived && going) save(); else go();
    }
    // The page that a link leads to is drawn from what is stored: so it is stored first, and if that
    // takes too long the copy in this browser has it.
    function go() {
      var to = going;
      going = '';
      if (to) location.assign(to);
    }
    document.addEventListener('click', function (event) {
      var link = event.target.closest ? event.target.closest('a[href]') : null;
      if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      if ((link.target && link.target !== '_self') || link.hasAttribute('download') || link.origin !== location.origin) return;
      if (link.hash && link.href.split('#')[0] === location.href.split('#')[0]) return;
      if (stopped || held || form.dataset.sent || !(changed || busy)) return;
      event.preventDefault();
      if (!going) setTimeout(go, 3000);
      going = link.href;
      save();
    });
    form.addEventListener('submit', function (event) {
      if (!busy) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      copy.put();  // it is on its way only when it is let go
      if (!held) setTimeout(function () { if (held) free(); }, 10000);
      held = event.submitter || form;
    });
    var keepCopy = later(800, function () { if (changed && !form.dataset.sent) copy.put(); });
    form.addEventListener('input', function () { changed = true; keepCopy(); again(4000); });
    form.addEventListener('change', function () { changed = true; keepCopy(); again(4000); });
    window.addEventListener('online', function () { save(); });
    form.addEventListener('submit', function () { copy.put(true); });
    function leave() {
      if (!changed || form.dataset.sent) return;
      if (busy) return copy.put();
      // A long text does not fit into what a browser still sends for a page that is gone.
      save({ keepalive: true });
    }
    document.addEventListener('visibilitychange', function () { if (document.visibilityState === 'hidden') leave(); });
    window.addEventListener('pagehide', leave);
    offer(form, copy);
  }

  // The preview: new pages replace the old ones only when they can be drawn, at the same place.
  function placeIn(pane) {
    var top = pane.getBoundingClientRect().top;
    var pages = pane.querySelectorAll('.pages__p');
    for (var n = 0; n < pages.length; n++) {
      var box = pages[n].getBoundingClientRect();
      if (box.bottom > top) return { page: n, from: box.top - top };
    }
    return null;
  }
  function putBack(pane, place) {
    var pages = pane.querySelectorAll('.pages__p');
    if (!place || !pages.length) return;
    var page = pages[Math.min(place.page, pages.length - 1)];
    pane.scrollTop += page.getBoundingClientRect().top - pane.getBoundingClientRect().top - place.from;
  }
  function drawn(fresh) {
    var all = Array.prototype.map.call(fresh.querySelectorAll('img'), function (image) {
      return image.decode ? image.decode().catch(function () { /* shown as it is */ }) : null;
    });
    return Promise.all(all);
  }
  function show(target, html, current) {
    var fresh = document.createElement('div');
    fresh.innerHTML = html;
    return drawn(fresh).then(function () {
      if (!current()) return;
      var pane = target.closest('.editor__preview') || target;
      var place = pane.scrollTop ? placeIn(pane) : null;
      target.replaceChildren.apply(target, Array.prototype.slice.call(fresh.childNodes));
      putBack(pane, place);
      each('[data-findings]', function (slot) {
        var said = target.querySelector('[data-beside="' + slot.dataset.findings + '"]');
        var text = said ? said.innerHTML : '';
        if (slot.innerHTML.trim() !== text.trim()) slot.innerHTML = text;
      });
    });
  }
  function previewing(form) {
    var target = document.getElementById(form.dataset.previewInto || 'preview');
    var turn = 0;
    form.addEventListener('input', later(600, function () {
      var mine = ++turn;
      // A slow answer must not overwrite a newer one.
      function current() { return mine === turn; }
      target.setAttribute('aria-busy', 'true');
      post(form, form.dataset.preview).then(function (answer) {
        return answer.ok || answer.status === 422 ? answer.text() : Promise.reject(answer.status);
      }).then(function (html) {
        return current() ? show(target, html, current) : null;
      }).catch(function () { /* offline or signed out: the last preview stays */ }).then(function () {
        if (current()) target.removeAttribute('aria-busy');
      });
    }));
  }

  // A finding about the text leads to its place in the text.
  document.addEventListener('click', function (event) {
    var link = event.target.closest ? event.target.closest('a[data-mark]') : null;
    var box = link && document.getElementById(link.hash.slice(1));
    var at = box && box.value ? box.value.indexOf(link.dataset.mark) : -1;
    if (at < 0) return;
    event.preventDefault();
    box.focus();
    box.setSelectionRange(at, at + link.dataset.mark.length);
    box.scrollTop = box.scrollHeight * at / box.value.length - box.clientHeight / 3;
  });

  forgetOld();
  each('[data-autosave]', saving);
  each('form[data-preview]', previewing);
}());
