"""An office's server on loopback that records every request, and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Recorder:
    """What arrived, and what is answered: by path, a status and a body for each call in its turn."""

    url: str = ""
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)
    answers: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            recorder.calls.append(("GET", self.path))
            policy, page = recorder.pages.get(self.path, ("", "<title>elsewhere</title>"))
            self._say(200, page.encode(), {"Content-Type": "text/html", "Content-Security-Policy": policy})

        def do_OPTIONS(self) -> None:
            recorder.calls.append(("OPTIONS", self.path))
            self._say(204, b"", {"Access-Control-Allow-Headers": "content-type"})

        def do_POST(self) -> None:
            recorder.calls.append(("POST", self.path))
            recorder.headers.append(dict(self.headers))
            recorder.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, body = recorder.answers[self.path].pop(0)
            self._say(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

        def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {
                "Access-Control-Allow-Origin": "*",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            pass

    return Handler


@contextmanager
def recording() -> Iterator[Recorder]:
    """Serve until the end of the block."""
    recorder = Recorder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(recorder))
    recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
