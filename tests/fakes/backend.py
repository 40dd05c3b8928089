"""A small HTTP server on this machine: a running backend that reports, and a receiver of webhooks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Heard:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Backend:
    """What it answers, and what it was asked. `body` goes before `report`; `statuses` are used up one by one."""

    url: str
    report: dict[str, Any] = field(default_factory=lambda: {"parameters": {}, "healthy": True})
    body: bytes | None = None
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    def has(self, key: str, value: str, version: int | None) -> None:
        """From now on it says that it has this."""
        self.report["parameters"][key] = {"value": value, "version": version}


@contextmanager
def backend() -> Iterator[Backend]:
    """It serves until the end of the block."""
    state = Backend("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            state.heard.append(Heard(self.command, self.path, dict(self.headers), self.rfile.read(length)))
            body = state.body if state.body is not None else json.dumps(state.report).encode()
            self.send_response(state.statuses.pop(0) if state.statuses else 200)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
