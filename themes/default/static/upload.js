// Files: what was chosen, in the words of the page; whether it is too large, before it is sent for
// minutes in vain; and how far it is on its way.
(function () {
  'use strict';

  function each(selector, run, from) {
    Array.prototype.forEach.call((from || document).querySelectorAll(selector), run);
  }

  // What was chosen, in the words of the page: the browser's own would be in its language.
  function nameFiles(part) {
    var files = part.querySelector('input[type=file]').files, said = part.querySelector('[data-file-names]');
    var names = Array.prototype.map.call(files, function (file) { return file.name; }).join('、');
    said.textContent = files.length ? part.dataset.many.replace('{n}', files.length) + names : said.dataset.none;
  }
  each('[data-filepick]', function (part) {
    var box = part.querySelector('input[type=file]');
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
      return note.dataset.tooLarge.replace('{name}', file.name).replace('{size}', size(file.size)).replace('{limit}', size(limit));
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
      form.dispatchEvent(new CustomEvent('juyan:again', { bubbles: true }));
    }
    ['error', 'abort', 'timeout'].forEach(function (kind) { way.addEventListener(kind, function () { failed(words.uploadBroken); }); });
    way.send(data);
  }
}());
