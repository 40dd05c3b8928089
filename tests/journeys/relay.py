"""A go-between on the way to one service of the local AWS, which does what the local AWS cannot: answer that a
deployment failed, or let somebody else write in the moment before a call arrives."""

import http.client
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tools.ports import LOOPBACK

Answer = dict[str, Any]
_NOT_PASSED_ON = frozenset({"connection", "content-length", "host", "transfer-encoding", "date", "server"})
_TIMEOUT = 30.0


class Relay:
    """Passes every call on, byte for byte, unless a test has asked for something else of its operation."""

    def __init__(self, endpoint: str) -> None:
        self.upstream = urlsplit(endpoint).netloc
        self._before: dict[str, Callable[[], object]] = {}
        self._answers: dict[str, Callable[[Answer], Answer]] = {}
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                relay.pass_on(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its own name for it
                """Nothing: the logs of a test are Stackyard's."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def before(self, operation: str, act: Callable[[], object]) -> None:
        """Do this once, right before the next call of an operation is passed on."""
        self._before[operation] = act

    def answering(self, operation: str, change: Callable[[Answer], Answer]) -> None:
        """Change every answer of an operation from now on."""
        self._answers[operation] = change

    def plain(self) -> None:
        """Only pass on from now on."""
        self._before.clear()
        self._answers.clear()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, call: BaseHTTPRequestHandler) -> None:
        """One call and its answer."""
        body = call.rfile.read(int(call.headers.get("Content-Length") or 0))
        operation = (call.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        act = self._before.pop(operation, None)
        if act is not None:
            act()
        upstream = http.client.HTTPConnection(self.upstream, timeout=_TIMEOUT)
        try:
            headers = {name: value for name, value in call.headers.items() if name.lower() not in _NOT_PASSED_ON}
            upstream.request(call.command, call.path, body, headers)
            answer = upstream.getresponse()
            found = self._changed(operation, answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            call.close_connection = True  # as an AWS that is away looks
            return
        finally:
            upstream.close()
        call.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _NOT_PASSED_ON:
                call.send_header(name, value)
        call.send_header("Content-Length", str(len(found)))
        call.end_headers()
        call.wfile.write(found)

    def _changed(self, operation: str, status: int, body: bytes) -> bytes:
        change = self._answers.get(operation)
        if change is None or status != http.client.OK:
            return body
        return json.dumps(change(json.loads(body))).encode()


class FailingDeployment:
    """Answers of DescribeServices in which the first deployment that was not there before has failed, as the circuit
    breaker of ECS says it; every later one is as it is."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.failed = ""

    def __call__(self, answer: Answer) -> Answer:
        """The answer with that deployment failed."""
        for service in answer.get("services", []):
            for deployment in service.get("deployments", []):
                if deployment["id"] in self.known:
                    continue
                self.failed = self.failed or deployment["id"]
                if deployment["id"] == self.failed:
                    deployment["rolloutState"] = "FAILED"
                    deployment["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
        return answer
