// The bell and the receipts as they change. Without this, or while the stream is cut, the page asks
// every 15 seconds; without any script they are right when the page loads.
(function () {
  'use strict';
  var bell = document.querySelector('[data-live]');
  if (!bell || !window.EventSource || !window.fetch) return;
  var root = document.documentElement;
  var POLL = 15000, SILENT = 40000, LONGEST = 30000;
  var since = bell.dataset.live;
  var source = null, wait = 0, heard = 0, over = false, holder = false;
  var again = null, polling = null, gone = null;

  function part() { return document.querySelector('[data-watch]'); }
  function address() {
    var watched = part();
    var state = since.split('.');
    if (watched) state[3] = watched.dataset.watched;
    return '/events?since=' + state.join('.') + '&desk=' + bell.dataset.desk +
      (watched ? '&package=' + encodeURIComponent(watched.dataset.watch) : '');
  }

  function open() {
    clearTimeout(again);
    if (over || source || !wanted()) return;
    source = new EventSource(address());
    heard = Date.now();
    source.addEventListener('bell', function (event) {
      up();
      since = event.lastEventId || since;
      show(JSON.parse(event.data));
    });
    source.addEventListener('watch', function () { heard = Date.now(); refresh(); });
    source.addEventListener('beat', up);
    source.addEventListener('bye', function (event) {
      var why = JSON.parse(event.data).why;
      close();
      if (why === 'later') later(2000); else ended(why);
    });
    // Its own way of coming again would not notice that the session is over: we come again ourselves.
    source.onerror = function () { close(); down(); };
  }
  function close() {
    if (source) source.close();
    source = null;
    root.classList.remove('live-up');
  }
  function up() {
    heard = Date.now();
    wait = 0;
    clearInterval(polling);
    polling = null;
    root.classList.add('live-up');
    root.classList.remove('live-cut');
    reached();
  }
  // Not even asking works: the page must not go on saying that it is up to date.
  function lost() {
    if (over) return;
    gone = gone || new Date();
    root.dataset.line = 'down';
    var cut = document.querySelector('[data-when-cut]');
    if (!cut || cut.parentNode.querySelector('[data-when-down]')) return;
    var said = cut.parentNode.appendChild(document.createElement('span'));
    said.dataset.whenDown = '';
    // Beijing time, as the server writes it, whatever the clock of this machine is set to.
    said.textContent = bell.dataset.down.replace('{time}', new Date(gone.getTime() + 8 * 3600000).toISOString().slice(11, 16));
    document.querySelector('[data-live-say]').textContent = said.textContent;
  }
  function reached() {
    if (!gone) return;
    gone = null;
    delete root.dataset.line;
    document.querySelectorAll('[data-when-down]').forEach(function (said) { said.remove(); });
  }
  function down() {
    if (over) return;
    root.classList.add('live-cut');
    wait = Math.min(wait ? wait * 2 : 2000, LONGEST);
    later(wait * (0.75 + Math.random() / 2));
    if (!polling) { polling = setInterval(ask, POLL); ask(); }
  }
  function later(time) {
    clearTimeout(again);
    again = setTimeout(open, time);
  }
  function ask() {
    if (over || document.hidden) return;
    fetch(address(), { headers: { Accept: 'application/json' } }).then(function (answer) {
      if (answer.status === 401) return ended();
      if (answer.status === 409) return ended('desk');
      if (!answer.ok) return lost();
      return answer.json();
    }).then(function (found) {
      if (!found) return;
      reached();
      since = found.id;
      show(found);
    }, lost);  // of the request alone: what goes wrong in showing it is not the line
  }
  setInterval(function () {
    if (source && Date.now() - heard > SILENT) { close(); down(); }
  }, 5000);

  // What came.
  function show(found) {
    var badge = bell.querySelector('.badge');
    if (badge) badge.hidden = !found.unread;
    if (badge) badge.textContent = found.unread < 100 ? found.unread : '99+';
    var words = bell.querySelector('[data-live-words]');
    if (words.textContent !== found.label) words.textContent = found.label;
    if (!found.pop) return;
    if (found.sound) beep();
    if (document.hidden) desktop(found.pop); else toast(found.pop);
  }
  // Said in a place that was there before: what only appears with its words in it is often not read.
  function toast(text) {
    var box = document.querySelector('[data-live-toast]');
    box.querySelector('[data-live-text]').textContent = text;
    box.hidden = false;
    document.querySelector('[data-live-say]').textContent = text;
  }
  var before = null;  // where the focus was before it went into the toast
  function shut(box) {
    box.hidden = true;
    document.querySelector('[data-live-say]').textContent = '';
    (before && before.isConnected ? before : document.getElementById('main')).focus({ preventScroll: true });
  }
  document.addEventListener('focusin', function (event) {
    var box = event.target.closest('[data-live-toast]'), from = event.relatedTarget;
    if (box && !box.contains(from)) before = from;
  });
  function desktop(text) {
    if (!window.Notification || Notification.permission !== 'granted') return toast(text);
    try {
      var shown = new Notification(text, { tag: 'juyan' });
      shown.onclick = function () { window.focus(); location.href = bell.href; };
    } catch (refused) { toast(text); }
  }
  function beep() {
    try {
      var audio = new (window.AudioContext || window.webkitAudioContext)();
      var tone = audio.createOscillator(), loud = audio.createGain();
      tone.frequency.value = 660;
      loud.gain.value = 0.08;
      tone.connect(loud);
      loud.connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.15);
      tone.onended = function () { audio.close(); };
    } catch (none) { /* no sound here */ }
  }
  function refresh() {
    var watched = part();
    if (!watched) return;
    watched.dataset.asked = '1';
    watched.dispatchEvent(new CustomEvent('live'));
  }
  // The receipts' own clock rests while the stream says when to ask.
  document.addEventListener('htmx:before:request', function (event) {
    var asks = event.target.closest && event.target.closest('[data-watch]');
    if (!asks) return;
    if (root.classList.contains('live-up') && !asks.dataset.asked) event.preventDefault();
    delete asks.dataset.asked;
  });
  function ended(why) {
    over = true;
    close();
    clearInterval(polling);
    root.classList.remove('live-cut');
    reached();
    var note = document.querySelector(why === 'desk' ? 'template[data-live-moved]' : 'template[data-live-over]');
    if (note) document.querySelector('[data-live-note]').replaceChildren(note.content.cloneNode(true));
  }

  // A browser has few connections to a server: a page that nobody looks at gives its own back,
  // but for one of them where things may come up on the screen.
  function wanted() { return !document.hidden || holder; }
  document.addEventListener('visibilitychange', function () {
    if (wanted()) open(); else { clearTimeout(again); close(); }
  });
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', function (event) { if (event.persisted) open(); });
  if (bell.dataset.popup && navigator.locks) {
    navigator.locks.request('juyan-popup', function () {
      holder = true;
      open();
      return new Promise(function () { /* held until the page goes */ });
    });
  }
  document.addEventListener('click', function (event) {
    if (event.target.closest('[data-live-close]')) shut(event.target.closest('[data-live-toast]'));
  });
  document.addEventListener('change', function (event) {
    if (!event.target.matches('[data-reminders] [name=popup]') || !event.target.checked) return;
    var refused = document.querySelector('[data-popup-refused]');
    if (!window.Notification) { refused.hidden = false; return; }
    Notification.requestPermission().then(function (answer) { refused.hidden = answer === 'granted'; });
  });
  open();
}());
