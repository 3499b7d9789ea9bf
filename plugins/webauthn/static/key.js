// Asks the security key when a form with [data-key] is submitted, and submits it with the answer.
(function () {
  'use strict';

  function bytes(text) {
    var plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(plain, function (sign) { return sign.charCodeAt(0); });
  }
  function text(buffer) {
    if (!buffer) return '';
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }
  function named(list) {
    return (list || []).map(function (one) { return { type: one.type, id: bytes(one.id) }; });
  }
  function forBrowser(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    options.allowCredentials = named(options.allowCredentials);
    options.excludeCredentials = named(options.excludeCredentials);
    return options;
  }
  function forServer(made) {
    var from = made.response, response = { clientDataJSON: text(from.clientDataJSON) };
    if (from.attestationObject) {
      response.attestationObject = text(from.attestationObject);
    } else {
      response.authenticatorData = text(from.authenticatorData);
      response.signature = text(from.signature);
      response.userHandle = text(from.userHandle);
    }
    return JSON.stringify({ id: text(made.rawId), type: made.type, response: response });
  }

  // The names are those of the browser's errors (Web Authentication 2, 5.1).
  var REASONS = {
    NotAllowedError: 'sayCancelled', AbortError: 'sayCancelled', TimeoutError: 'sayLate',
    InvalidStateError: 'sayAgain', ConstraintError: 'sayUnfit', NotSupportedError: 'sayUnfit',
    SecurityError: 'sayAddress', NetworkError: 'sayOffline'
  };
  function sentence(part, error, waited) {
    if (error.told) return error.told;
    // Browsers call a timeout NotAllowedError, too, so that a site cannot tell the two apart.
    if (error.name === 'NotAllowedError' && waited) return part.dataset.sayLate;
    return part.dataset[REASONS[error.name] || 'sayOther'];
  }

  function fail(name, told) {
    var error = new Error(told || name);
    error.name = name;
    error.told = told;
    return error;
  }
  function options(part, form) {
    if (!part.dataset.source) return Promise.resolve(JSON.parse(part.dataset.options));
    return fetch(part.dataset.source, {
      method: 'POST', body: new URLSearchParams(new FormData(form)), credentials: 'same-origin',
      headers: { Accept: 'application/json' }
    }).then(function (answer) {
      return answer.json().then(function (said) {
        if (!answer.ok) throw fail('Refused', said.message);
        return said;
      });
    }, function () { throw fail('NetworkError'); });
  }

  function show(part, words, wrong) {
    var state = part.querySelector('[data-key-state]');
    state.hidden = !words;
    state.textContent = words;
    state.classList.toggle('is-wrong', !!wrong);
    state.setAttribute('role', wrong ? 'alert' : 'status');
  }
  function busy(part, form, waiting) {
    form.setAttribute('aria-busy', String(waiting));
    part.querySelector('[data-key-cancel]').hidden = !waiting;
    Array.prototype.forEach.call(form.querySelectorAll('button:not([type=button])'), function (b) {
      b.disabled = waiting;
    });
  }

  function ask(part, form) {
    if (!window.PublicKeyCredential) return show(part, part.dataset.sayBrowser, true);
    var began = 0, limit = 0, stop = new AbortController();
    var cancel = part.querySelector('[data-key-cancel]');
    cancel.onclick = function () { stop.abort(); };
    busy(part, form, true);
    show(part, part.dataset.sayTouch);
    options(part, form).then(function (said) {
      began = Date.now();
      limit = said.timeout;
      var asked = { publicKey: forBrowser(said), signal: stop.signal };
      return navigator.credentials[part.dataset.key](asked);
    }).then(function (made) {
      part.querySelector('[name=answer]').value = forServer(made);
      busy(part, form, false);
      form.requestSubmit();
    }).catch(function (error) {
      busy(part, form, false);
      show(part, sentence(part, error, began && Date.now() - began >= limit - 500), true);
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll('[data-key]'), function (part) {
    var form = part.closest('form');
    form.addEventListener('submit', function (event) {
      if (part.querySelector('[name=answer]').value) return;
      event.preventDefault();
      ask(part, form);
    });
    // Back to a kept page: an answer holds once, so the key has to be asked anew.
    window.addEventListener('pageshow', function () {
      part.querySelector('[name=answer]').value = '';
    });
  });
}());
