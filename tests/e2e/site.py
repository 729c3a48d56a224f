"""A folder served on loopback with `no-cache`: an offline page then comes from the service worker alone."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Handler = Callable[[Any], tuple[int, Any]]


class Site:
    """Context manager. `url` names localhost, which browsers treat as secure. `stop()` is how a test goes offline.

    `api` maps "METHOD /path" to a function of the posted JSON that returns a status and what to answer as JSON.
    """

    def __init__(self, folder: Path, api: dict[str, Handler] | None = None, port: int = 0) -> None:
        handler = functools.partial(_Handler, api or {}, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://localhost:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="site", daemon=True)

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port: whatever still appears comes out of the browser."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(10)
        self._server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".webmanifest": "application/manifest+json",
        ".xml": "application/xml; charset=utf-8",
        ".ics": "text/calendar; charset=utf-8",
        ".geojson": "application/geo+json",
        ".avif": "image/avif",
        ".webp": "image/webp",
        ".woff2": "font/woff2",
    }

    def __init__(self, api: dict[str, Handler], *args: Any, **kwargs: Any) -> None:
        self._api = api
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def do_GET(self) -> None:
        if not self._answered():
            super().do_GET()

    def do_PUT(self) -> None:
        if not self._answered():
            self.send_error(405)

    do_POST = do_DELETE = do_PUT

    def _answered(self) -> bool:
        """Whether the small API knows this request."""
        handler = self._api.get(f"{self.command} {self.path.partition('?')[0]}")
        if handler is None:
            return False
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = handler(json.loads(body) if body else None)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
