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
  }

  // The drawer on narrow screens, and the user menu.
  function setDrawer(open) {
    root.classList.toggle('nav-open', open);
    each('[data-nav-toggle]', function (b) { b.setAttribute('aria-expanded', String(open)); });
  }
  function closeMenus(except) {
    each('details.user-menu[open]', function (d) { if (d !== except) d.removeAttribute('open'); });
  }

  document.addEventListener('click', function (event) {
    var size = closest(event, '[data-size-set]');
    if (size) { event.preventDefault(); return setSize(size); }
    if (closest(event, '[data-nav-toggle]')) {
      event.preventDefault();
      return setDrawer(!root.classList.contains('nav-open'));
    }
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

  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape') return;
    var menu = document.querySelector('details.user-menu[open] summary');
    if (menu) { closeMenus(); menu.focus(); }
    if (root.classList.contains('nav-open')) {
      setDrawer(false);
      document.querySelector('[data-nav-toggle]').focus();
    }
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
    box.value = box.value.trim() ? box.value.replace(/\s+$/, '') + text : text;
    box.focus();
    box.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // Signing out throws away what was typed and not sent: the button asks once.
  function unsent() {
    return Array.prototype.some.call(document.querySelectorAll('.main form[method=post] textarea, .main form[method=post] input[type=text], [data-ink-strokes]'), function (box) {
      return !box.closest('[data-autosave]') && box.value.trim() !== box.defaultValue.trim();
    });
  }
  document.addEventListener('submit', function (event) {
    var ask = event.target.querySelector('[data-ask-unsent]');
    if (!ask || ask.dataset.asked || !unsent()) return;
    event.preventDefault();
    ask.dataset.asked = '1';
    ask.querySelector('[role=status]').textContent = ask.dataset.askUnsent;
  });

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
    keep(form);
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
      var next = way.getResponseHeader('x-location');
      // Sent elsewhere on the way, as to the sign-in page.
      if (!next && way.responseURL && way.responseURL.split('?')[0] !== url.split('?')[0]) next = way.responseURL;
      if (next) return location.assign(next);
      if (!/^text\/html/.test(way.getResponseHeader('content-type') || '')) return broken();
      document.open();
      document.write(way.responseText);
      document.close();
    });
    function broken() {
      bar.remove();
      text.setAttribute('role', 'alert');
      text.textContent = words.uploadBroken;
      note.classList.add('is-failed');
      usable(form);
    }
    ['error', 'abort', 'timeout'].forEach(function (kind) { way.addEventListener(kind, broken); });
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

  // What was typed outlives a session that ended, and going back from the confirmation: it waits in
  // this tab until its form is there again, at the same version of its object, or until it was taken.
  var WAITS = 8 * 3600 * 1000;
  var TEXTS = 'textarea, input[type=text], input[data-ink-strokes], select:not([multiple])';
  function keep(form) {
    var fields = {};
    if (/\/logout$/.test(form.action)) sessionStorage.removeItem('juyan');
    if (!form.querySelector(TEXTS)) return;
    each(TEXTS, function (box) { if (box.name) fields[box.name] = box.value; }, form);
    try {
      sessionStorage.setItem('juyan', JSON.stringify({
        at: Date.now(), action: form.action, desk: deskOf(form), version: versionOf(form), fields: fields,
      }));
    } catch (full) { /* a text too long to keep stays in its form alone */ }
  }
  // The desk that the form was drawn for: what was typed there is not shown to who signs in after.
  function deskOf(form) { return form.elements.once ? form.elements.once.value.split('.')[1] : ''; }
  function versionOf(form) { return form.elements.version ? form.elements.version.value : ''; }
  function refill() {
    var kept = JSON.parse(sessionStorage.getItem('juyan') || 'null');
    // Signing in or an act, and being asked to, are not the pages that it waits for.
    if (!kept || document.querySelector('[data-waiting]')) return;
    var taken = document.querySelector('.main > .notice--ok') || Date.now() - kept.at > WAITS;
    var own = Array.prototype.filter.call(document.querySelectorAll('form[method=post]'), function (form) {
      return form.action === kept.action && deskOf(form) === kept.desk;
    });
    var same = own.filter(function (form) { return versionOf(form) === kept.version; });
    if (taken || same.length) sessionStorage.removeItem('juyan');
    if (taken) return;
    same.forEach(function (form) {
      each(TEXTS, function (box) {
        var text = kept.fields[box.name];
        if (!text || text === box.value) return;
        box.value = text;
        if (box.closest('details')) box.closest('details').open = true;
        box.dispatchEvent(new Event('input', { bubbles: true }));
      }, form);
    });
  }

  // Choosing rows and branches, counting what is chosen.
  function boxes(form) { return form.querySelectorAll('input[type=checkbox][name=t]'); }
  function countRows(form) {
    var n = Array.prototype.filter.call(boxes(form), function (c) { return c.checked; }).length;
    each('.batch button', function (b) {
      b.disabled = n === 0;
      b.textContent = b.textContent.replace(/（\d+）$/, '') + (n ? '（' + n + '）' : '');
    }, form);
  }
  function countPicked(picker) {
    var chosen = picker.querySelectorAll('input[name]:checked');
    var count = picker.querySelector('[data-picker-count]');
    count.textContent = count.dataset.text.replace('{n}', chosen.length);
    picker.querySelector('[data-picker-names]').hidden = true;
    listChosen(picker, chosen);
  }
  // What is chosen: in the order of the tree (which is that of rank), or in which it was put.
  var SHOWN = 30, SHOWN_ORDERED = 100;
  function inOrder(picker, chosen) {
    var boxes = Array.prototype.slice.call(chosen);
    var kept = picker.querySelector('[data-picker-order]');
    if (!kept) return boxes;
    var tree = boxes.map(function (box) { return box.value; });
    var before = kept.value.split(',').filter(function (value) { return tree.indexOf(value) >= 0; });
    var ranked = tree.filter(function (value) { return before.indexOf(value) >= 0; });
    var later = tree.filter(function (value) { return before.indexOf(value) < 0; });
    var all = before.join() === ranked.join() ? tree : before.concat(later);
    kept.value = all.join(',');
    return all.map(function (value) { return boxes[tree.indexOf(value)]; });
  }
  // Both, as when a person does it: the preview listens to what is typed.
  function changed(box) {
    ['input', 'change'].forEach(function (kind) { box.dispatchEvent(new Event(kind, { bubbles: true })); });
  }
  function small(item, sign, words, run) {
    var button = item.appendChild(document.createElement('button'));
    button.type = 'button';
    button.textContent = sign;
    button.setAttribute('aria-label', words);
    button.addEventListener('click', run);
    return button;
  }
  function move(picker, n, by) {
    var kept = picker.querySelector('[data-picker-order]');
    var all = kept.value.split(',');
    all.splice(n + by, 0, all.splice(n, 1)[0]);
    kept.value = all.join(',');
    countPicked(picker);
    changed(kept);
    var there = picker.querySelector('[data-picker-chosen]').children[n + by];
    (there.querySelector(by < 0 ? '[data-up]' : '[data-down]') || there.querySelector('[data-up], [data-down]')).focus();
  }
  function listChosen(picker, chosen) {
    var list = picker.querySelector('[data-picker-chosen]');
    var ordered = !!picker.querySelector('[data-picker-order]');
    var shown = inOrder(picker, chosen);
    var most = ordered ? SHOWN_ORDERED : SHOWN;
    list.textContent = '';
    list.hidden = !shown.length;
    shown.slice(0, most).forEach(function (box, n) {
      var name = box.parentNode.textContent.trim();
      var item = list.appendChild(document.createElement('li'));
      if (ordered) item.appendChild(document.createElement('span')).textContent = name;
      if (ordered && n) small(item, '↑', list.dataset.up + name, function () { move(picker, n, -1); }).dataset.up = '';
      if (ordered && n < shown.length - 1) small(item, '↓', list.dataset.down + name, function () { move(picker, n, 1); }).dataset.down = '';
      small(item, ordered ? '×' : name, list.dataset.remove + name, function () {
        box.checked = false;
        changed(box);
        var left = list.children[Math.min(n, list.children.length - 1)];
        (left && left.querySelector('button:last-child') || picker.querySelector('[data-picker-find]')).focus();
      });
    });
    if (shown.length > most) {
      list.appendChild(document.createElement('li')).textContent = list.dataset.more.replace('{n}', shown.length - most);
    }
  }
  each('[data-print]', function (button) { button.addEventListener('click', function () { window.print(); }); });
  each('[data-picker]', countPicked);

  // A large tree comes in parts: a branch when it is opened, the rest when somebody searches. What
  // is chosen is there from the beginning, and stays as it is in the form. Resolves when all is there.
  function load(picker, label) {
    var parts = picker.querySelectorAll('[data-part]');
    var due = Array.prototype.filter.call(parts, function (part) { return !label || part.dataset.part === label; });
    if (!due.length) return Promise.resolve();
    picker.loads = picker.loads || {};
    var key = label || '';
    if (picker.loads[key] || picker.loads['']) return picker.loads[key] || picker.loads[''];
    var url = new URL(location.href);
    url.searchParams.set('picker', picker.dataset.picker);
    url.searchParams.set('branch', key);
    picker.setAttribute('aria-busy', 'true');
    picker.loads[key] = fetch(url, { credentials: 'same-origin', headers: { 'HX-Request': 'true' } }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      return answer.text();
    }).then(function (html) {
      var come = new DOMParser().parseFromString(html, 'text/html');
      each('[data-part]', function (part) {
        var whole = come.querySelector('[data-of="' + CSS.escape(part.dataset.part) + '"]');
        if (whole) fillBranch(part, whole);
      }, picker);
      countPicked(picker);  // its list leads to boxes that were replaced
    }).catch(function () {
      var note = picker.querySelector('[data-picker-none]');
      note.textContent = picker.dataset.broken;
      note.hidden = false;
    }).then(function () {
      delete picker.loads[key];
      if (!Object.keys(picker.loads).length) picker.removeAttribute('aria-busy');
    });
    return picker.loads[key];
  }
  function fillBranch(part, whole) {
    var chosen = {};
    var before = part.querySelector('.picker__in');
    var inside = before.contains(document.activeElement);
    each('input[name]', function (box) { chosen[box.value] = box.checked; }, before);
    each('input[name]', function (box) { box.checked = !!chosen[box.value]; }, whole);
    before.replaceWith(whole);
    part.removeAttribute('data-part');
    var first = whole.querySelector('input');
    if (inside && first) first.focus();
  }
  // Opened by its summary or by the button in it (which sends the form only where no script runs).
  each('[data-part] .picker__more button', function (button) { button.type = 'button'; });
  document.addEventListener('toggle', function (event) {
    var part = event.target;
    if (part.open && part.matches('[data-part]')) load(part.closest('[data-picker]'), part.dataset.part);
  }, true);
  document.addEventListener('click', function (event) {
    var part = closest(event, '.picker__more button') && closest(event, '[data-part]');
    if (part) load(part.closest('[data-picker]'), part.dataset.part);
  });
  document.addEventListener('focusin', function (event) {
    if (closest(event, '[data-picker-find]')) load(closest(event, '[data-picker]'));
  });
  // For who puts back what was typed earlier: with every box of the form there.
  document.addEventListener('juyan:whole', function (event) {
    event.detail.push.apply(event.detail, Array.prototype.map.call(event.target.querySelectorAll('[data-picker]'), function (p) { return load(p); }));
  });
  function reachable(picker) {
    return Array.prototype.filter.call(picker.querySelectorAll('.picker__leaf input'), function (box) {
      return box.offsetParent !== null;
    });
  }
  document.addEventListener('keydown', function (event) {
    var picker = closest(event, '[data-picker]');
    if (!picker || event.isComposing) return;
    var find = picker.querySelector('[data-picker-find]');
    var inTree = event.target.matches('.picker__leaf input');
    if (event.target !== find && !inTree) return;
    if (event.key === 'Enter') {
      event.preventDefault();  // it would send the form
      load(picker).then(function () {
        var box = inTree ? event.target : find.value && picker.querySelector('.picker__leaf:not([hidden]) input[name]');
        if (box) box.click();
        if (box && !inTree) find.select();
      });
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      var all = reachable(picker);
      var to = all.indexOf(event.target) + (event.key === 'ArrowDown' ? 1 : -1);
      event.preventDefault();
      if (to >= 0 && all[to]) all[to].focus(); else if (to < 0) find.focus();
    } else if (event.key === 'Escape' && inTree) {
      find.focus();
    }
  });
  document.addEventListener('change', function (event) {
    var box = event.target;
    if (box.matches('[data-submit-on-change]')) return box.form.submit();
    if (box.matches('[data-check-all]')) each('input[name=t]', function (c) { c.checked = box.checked; }, box.form);
    if (box.matches('[data-check-branch]')) {
      each('.picker__leaves input', function (c) { if (!c.closest('[hidden]')) c.checked = box.checked; }, box.closest('.picker__in'));
    }
    if (box.form && box.form.querySelector('.batch')) countRows(box.form);
    // Leaving the search box is a change as well; redrawing then would take the button from under the pointer.
    var picker = box.type === 'checkbox' && box.closest('[data-picker]');
    if (picker) countPicked(picker);
  });
  each('form .batch', function (bar) { countRows(bar.closest('form')); });

  // What was chosen, in the words of the page: the browser's own would be in its language.
  function nameFiles(part) {
    var files = part.querySelector('input[type=file]').files, said = part.querySelector('[data-file-names]');
    var names = Array.prototype.map.call(files, function (file) { return file.name; }).join('、');
    said.textContent = files.length ? part.dataset.many.replace('{n}', files.length) + names : said.dataset.none;
  }
  each('[data-filepick]', function (part) {
    nameFiles(part);
    part.addEventListener('change', function () { nameFiles(part); });
  });

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

  // The picker's search hides what does not fit and opens what does.
  document.addEventListener('input', function (event) {
    var box = event.target;
    if (box.matches('[data-picker-find]')) return find(box.closest('[data-picker]'), box.value.trim().toLowerCase());
    var count = document.querySelector('[data-count-for="' + box.id + '"]');
    if (count && box.id) {
      if (!count.dataset.text) count.dataset.text = count.textContent;
      var length = Array.from(box.value).length;
      count.textContent = count.dataset.text + ' · ' + length;
      count.classList.toggle('is-over', length > Number(count.dataset.limit));
    }
  });
  function find(picker, text) {
    if (text && picker.querySelector('[data-part]')) {
      return load(picker).then(function () {
        if (picker.querySelector('[data-part]')) return;
        find(picker, picker.querySelector('[data-picker-find]').value.trim().toLowerCase());
      });
    }
    each('.picker__leaf', function (leaf) {
      var words = (leaf.textContent + ' ' + (leaf.dataset.hint || '')).toLowerCase();
      leaf.hidden = text !== '' && words.indexOf(text) < 0;
    }, picker);
    each('.picker__branch', function (branch) {
      var any = branch.querySelector('.picker__leaf:not([hidden])') || (!text && branch.matches('[data-part]'));
      branch.hidden = !any;
      if (text) branch.open = !!any;
    }, picker);
    var none = picker.querySelector('[data-picker-none]');
    none.textContent = none.dataset.text;
    none.hidden = !text || !!picker.querySelector('.picker__leaf:not([hidden])');
  }

  // What asks again by itself rests while nobody looks at it.
  document.addEventListener('htmx:before:request', function (event) {
    if (document.hidden && event.target.closest && event.target.closest('[data-while-visible]')) event.preventDefault();
  });

  refill();
  var first = document.querySelector('[data-focus]');
  if (first) first.focus();
}());
