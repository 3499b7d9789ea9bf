// Recipients and people chosen out of a tree: counting and naming what is chosen, branches that come
// when they are wanted, the search and the keys. Without it the tree is one of plain checkboxes.
(function () {
  'use strict';

  function each(selector, run, from) {
    Array.prototype.forEach.call((from || document).querySelectorAll(selector), run);
  }
  function closest(event, selector) {
    return event.target.closest ? event.target.closest(selector) : null;
  }

  function nameOf(box) { return box.parentNode.textContent.trim(); }
  function countPicked(picker) {
    var chosen = picker.querySelectorAll('input[name]:checked');
    var count = picker.querySelector('[data-picker-count]');
    var said = count.dataset.text.replace('{n}', chosen.length) + justNow(picker, count, chosen);
    // Written anew only when it differs, because it is read aloud each time.
    if (count.textContent !== said) count.textContent = said;
    picker.querySelector('[data-picker-names]').hidden = true;
    listChosen(picker, chosen);
  }
  // What came or went since the last count, by name: a number alone does not tell a wrong choice.
  function justNow(picker, count, chosen) {
    var before = picker.chosen, now = new Map();
    Array.prototype.forEach.call(chosen, function (box) { now.set(box.value, nameOf(box)); });
    picker.chosen = now;
    function named(one, other) {
      return Array.from(one.keys()).filter(function (key) { return !other.has(key); }).map(function (key) { return one.get(key); });
    }
    var added = before ? named(now, before) : [], removed = before ? named(before, now) : [];
    if (added.length || removed.length) {
      picker.said = (added.length ? count.dataset.added.replace('{names}', inShort(added, count)) : '') +
        (removed.length ? count.dataset.removed.replace('{names}', inShort(removed, count)) : '');
    }
    return picker.said || '';
  }
  function inShort(names, count) {
    var first = names.slice(0, 3).join(count.dataset.and);
    return names.length > 3 ? count.dataset.more.replace('{names}', first).replace('{n}', names.length) : first;
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
      var name = nameOf(box);
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
  // Where the arrows go: what can be seen, and a closed branch as a whole.
  function stops(picker, here) {
    return Array.prototype.filter.call(picker.querySelectorAll('.picker__branch > summary, .picker__leaf input'), function (one) {
      var branch = one.matches('summary') ? one.parentNode : null;
      if (branch && branch.open && one !== here) return false;
      // By its ancestors, because what lies in a closed branch has an offsetParent all the same.
      return !one.closest('[hidden]') && !(branch ? branch.parentNode : one).closest('details.picker__branch:not([open])');
    });
  }
  function go(picker, here, by) {
    var find = picker.querySelector('[data-picker-find]');
    var all = stops(picker, here);
    var to = all.indexOf(here) + by;
    if (to >= 0 && all[to]) all[to].focus(); else if (to < 0) find.focus();
  }
  // Enter in the search: takes what can only be meant, and leads to the list where several can be.
  function enter(picker) {
    var find = picker.querySelector('[data-picker-find]'), text = find.value.trim().toLowerCase();
    if (!text) return;
    var hits = Array.prototype.slice.call(picker.querySelectorAll('.picker__leaf:not([hidden]) input[name]'));
    var meant = hits.filter(function (box) {
      return nameOf(box).toLowerCase() === text || (box.parentNode.dataset.hint || '').toLowerCase().split(' ').indexOf(text) >= 0;
    });
    var one = single(meant) || (meant.length ? null : single(hits));
    if (one) {
      if (hits.some(function (box) { return box.value === one.value && box.checked; })) sayThere(picker, one); else one.click();
      find.select();
    } else if (hits.length) (meant[0] || hits[0]).focus();
  }
  function sayThere(picker, box) {
    var count = picker.querySelector('[data-picker-count]');
    picker.said = count.dataset.there.replace('{names}', nameOf(box));
    countPicked(picker);
  }
  // A unit may stand in several branches: it is one all the same.
  function single(boxes) {
    return boxes.length && boxes.every(function (box) { return box.value === boxes[0].value; }) ? boxes[0] : null;
  }
  document.addEventListener('keydown', function (event) {
    var picker = closest(event, '[data-picker]'), here = event.target;
    if (!picker || event.isComposing) return;
    var find = picker.querySelector('[data-picker-find]');
    var box = here.matches('.picker__leaf input');
    if (here !== find && !box && !here.matches('.picker__branch > summary')) return;
    if (event.key === 'Enter' && (box || here === find)) {
      event.preventDefault();  // it would send the form
      if (box) here.click(); else load(picker).then(function () { enter(picker); });
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      var by = event.key === 'ArrowDown' ? 1 : -1;
      event.preventDefault();
      if (here !== find) go(picker, here, by); else if (by > 0) load(picker).then(function () { go(picker, find, 1); });
    } else if (event.key === 'Escape' && here !== find) {
      find.focus();
    }
  });
  document.addEventListener('change', function (event) {
    var box = event.target;
    if (box.matches('[data-check-branch]')) {
      each('.picker__leaves input', function (c) { if (!c.closest('[hidden]')) c.checked = box.checked; }, box.closest('.picker__in'));
    }
    // Leaving the search box is a change as well; redrawing then would take the button from under the pointer.
    var picker = box.type === 'checkbox' && box.closest('[data-picker]');
    if (picker) countPicked(picker);
  });

  // The search hides what does not fit and opens what does.
  document.addEventListener('input', function (event) {
    var box = event.target;
    if (box.matches('[data-picker-find]')) find(box.closest('[data-picker]'), box.value.trim().toLowerCase());
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
}());
