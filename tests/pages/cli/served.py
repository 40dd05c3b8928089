"""The real portal over HTTP in this process, on the test's own database, with faults on demand; and whoever types."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any, cast
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from click.testing import CliRunner, Result
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections

from portal.cli.main import main

Environ = dict[str, Any]
Before = Callable[[Environ], "Instead | None"]


class Instead:
    """An answer in place of the portal's; None closes the connection without one."""

    def __init__(self, status: str, body: bytes = b"", **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


class Dropped(Exception):
    """The connection ends without an answer."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """One request; one that is dropped is closed and nothing more."""
        self.raw_requestline = self.rfile.readline(65537)
        if self.parse_request():
            files = cast("IO[bytes]", self.rfile), cast("IO[bytes]", self.wfile)
            handler = _Handler(*files, self.get_stderr(), self.get_environ(), multithread=False)
            handler.request_handler = self  # type: ignore[attr-defined]  # as wsgiref itself does
            handler.run(self.server.get_app())  # type: ignore[attr-defined]  # a WSGIServer


class _Handler(ServerHandler):
    def log_exception(self, _: object) -> None:
        """What is dropped is dropped on purpose; the portal answers whatever goes wrong in it."""

    def error_output(self, environ: Environ, start_response: Any) -> list[bytes]:
        """Nothing at all."""
        raise Dropped


class Served:
    """A server of the portal. `asked` is every request; `before` may answer instead of the portal, in turn."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self.before: list[Before] = []
        self.after: Callable[[], object] | None = None
        self._portal = WSGIHandler()
        self._server = WSGIServer(("127.0.0.1", 0), _Quiet)
        self._server.set_app(self._application)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that leave are no news
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        connection.inc_thread_sharing()
        self._thread = threading.Thread(target=self._serve, args=(connections["default"],), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        connection.dec_thread_sharing()

    def _serve(self, shared: Any) -> None:
        # Who asks waits for the answer: the two threads never use the connection at once.
        connections["default"] = shared
        self._server.serve_forever(poll_interval=0.01)

    def _application(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
        self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], headers))
        if self.before:
            instead = self.before.pop(0)(environ)
            if instead is not None:
                start_response(instead.status, instead.headers)
                return [instead.body]
        answer = self._portal(environ, start_response)
        if self.after is not None:
            self.after()
        return answer


def answered(status: str, body: object = None, **headers: str) -> Before:
    """Something else answers."""
    said = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: Instead(status, said, **headers)


def problem(status: str, code: str, detail: str, **headers: str) -> Before:
    """A problem as the API tells one."""
    body = {"title": "No", "status": int(status.split(maxsplit=1)[0]), "code": code, "detail": detail}
    return answered(status, body, Content_Type="application/problem+json", **headers)


def dropped(_: Environ) -> None:
    """The connection ends before anything was done."""
    raise Dropped


def passed(_: Environ) -> None:
    """The portal answers."""


class Terminal:
    """Somebody who types `stackyard …`, with a config folder of their own and no terminal."""

    def __init__(self, home: str, **environment: str) -> None:
        self.charset = "utf-8"
        self.environment: dict[str, str | None] = {
            "XDG_CONFIG_HOME": home,
            "NO_COLOR": "",
            "STACKYARD_URL": None,
            "STACKYARD_TOKEN": None,
            "STACKYARD_PROFILE": None,
            "STACKYARD_APP": None,
            "TZ": "UTC",
            **environment,
        }

    def run(self, *words: str, typed: str | None = None, **environment: str) -> Result:
        """One command to its end; what crashed in it is raised."""
        runner = CliRunner(charset=self.charset, env={**self.environment, **environment})
        found = runner.invoke(main, list(words), input=typed)
        if found.exit_code == 70:
            raise AssertionError(found.stderr)
        return found

    def told(self, *words: str, code: int = 0, **environment: str) -> str:
        """What a command writes, that ends with this code."""
        found = self.run(*words, **environment)
        assert found.exit_code == code, found.output
        return found.stdout

    def json(self, *words: str, code: int = 0) -> Any:
        """The JSON that a command answers, and nothing beside it."""
        return json.loads(self.told(*words, "--json", code=code))

    def refused(self, *words: str, code: int, **environment: str) -> str:
        """The sentence of a command that ends with this code, and answers nothing."""
        found = self.run(*words, **environment)
        assert found.exit_code == code, found.output
        assert found.stdout == ""
        return found.stderr
