// Writing by hand: strokes of a finger, a pen or a mouse become the text of a hidden field.
// Only where the pen went; not how hard it pressed, nor when.
(function () {
  'use strict';
  var WIDE = 600;      // the field is so many units wide, whatever the screen
  var NEAR = 2;        // points nearer than this say nothing new
  var MOST = 60000;    // what the server takes

  function Pad(box) {
    var canvas = box.querySelector('[data-ink-pad]');
    var field = box.querySelector('[data-ink-strokes]');
    var count = box.querySelector('[data-ink-count]');
    var undo = box.querySelector('[data-ink-undo]'), clear = box.querySelector('[data-ink-clear]');
    var tall = 300, strokes = [], pen = null;
    var wiped = null;  // what was cleared last: undoing brings it back

    function read() {
      var parts = field.value ? field.value.split(';') : [];
      tall = parts.length ? Number(parts[0].split(' ')[1]) : 0;
      strokes = parts.slice(1).map(function (part) {
        return part.split(' ').map(function (pair) { return pair.split(',').map(Number); });
      });
    }
    function write() {
      field.value = strokes.length ? WIDE + ' ' + tall + ';' + strokes.map(function (one) {
        return one.map(function (p) { return p.join(','); }).join(' ');
      }).join(';') : '';
    }
    function say() {
      count.textContent = strokes.length ? count.dataset.text.replace('{n}', strokes.length) : count.dataset.none;
      // Not disabled: the one that was just pressed keeps the focus.
      undo.setAttribute('aria-disabled', String(!strokes.length && !wiped));
      clear.setAttribute('aria-disabled', String(!strokes.length));
    }
    function scale() { return canvas.clientWidth / WIDE; }
    function draw() {
      var dense = window.devicePixelRatio || 1, unit = scale() * dense;
      if (!canvas.clientWidth) return;  // folded away
      if (!tall) tall = Math.round(canvas.clientHeight / scale());
      canvas.width = canvas.clientWidth * dense;
      canvas.height = canvas.clientHeight * dense;
      var brush = canvas.getContext('2d');
      brush.strokeStyle = getComputedStyle(canvas).color;
      brush.lineWidth = 4 * unit;
      brush.lineCap = brush.lineJoin = 'round';
      strokes.forEach(function (one) {
        brush.beginPath();
        brush.moveTo(one[0][0] * unit, one[0][1] * unit);
        (one.length > 1 ? one.slice(1) : one).forEach(function (p) { brush.lineTo(p[0] * unit, p[1] * unit); });
        brush.stroke();
      });
    }
    function within(value, most) { return Math.min(Math.max(Math.round(value), 0), most); }
    function point(event) {
      var frame = canvas.getBoundingClientRect();
      return [within((event.clientX - frame.left - canvas.clientLeft) / scale(), WIDE), within((event.clientY - frame.top - canvas.clientTop) / scale(), tall)];
    }
    function add(event) {
      var next = point(event), last = pen[pen.length - 1];
      if (Math.abs(next[0] - last[0]) + Math.abs(next[1] - last[1]) >= NEAR) pen.push(next);
    }
    function change(next) { strokes = next; write(); if (!strokes.length && !wiped) tall = 0; draw(); say(); told(); }
    // As of any other field, for who keeps what was not sent.
    function told() { field.dispatchEvent(new Event('change', { bubbles: true })); }

    canvas.addEventListener('pointerdown', function (event) {
      if (event.button || pen || field.value.length > MOST) return;
      event.preventDefault();
      if (!strokes.length) tall = 0;
      if (!tall) draw();
      canvas.setPointerCapture(event.pointerId);
      pen = [point(event)];
      wiped = null;
      strokes.push(pen);
    });
    canvas.addEventListener('pointermove', function (event) {
      if (!pen) return;
      (event.getCoalescedEvents && event.getCoalescedEvents().length ? event.getCoalescedEvents() : [event]).forEach(add);
      draw();
    });
    ['pointerup', 'pointercancel'].forEach(function (name) {
      canvas.addEventListener(name, function () { if (pen) { pen = null; write(); draw(); say(); told(); } });
    });
    undo.addEventListener('click', function () {
      var back = wiped || strokes.slice(0, -1);
      wiped = null;
      change(back);
    });
    clear.addEventListener('click', function () {
      if (!strokes.length) return;
      wiped = strokes;
      change([]);
    });
    box.addEventListener('toggle', draw);
    // What was kept when the session ended is put back by the page.
    field.addEventListener('input', function () { read(); if (strokes.length) box.open = true; draw(); say(); });
    window.addEventListener('resize', draw);
    read();
    draw();
    say();
  }

  Array.prototype.forEach.call(document.querySelectorAll('[data-ink]'), Pad);
}());
