"""Serves the gallery to a browser under the portal's content security policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.portal_face import gallery

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class Handler(BaseHTTPRequestHandler):
    """``/<page>?language=&theme=&size=`` and ``/static/…``."""

    assets = gallery.renderer().assets

    def do_GET(self) -> None:
        """A page or a static file."""
        path, query = urlsplit(self.path)[2:4]
        if path.startswith("/static/"):
            asset = self.assets.read(path.removeprefix("/static/"))
            self._send(asset.data, asset.media_type) if asset else self.send_error(404)
            return
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        html = gallery.draw(path.strip("/"), **asked)
        self._send(html.encode(), "text/html; charset=utf-8")

    def _send(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def serving() -> Iterator[str]:
    """The address of a running gallery."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
