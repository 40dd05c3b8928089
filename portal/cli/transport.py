"""HTTP as the command speaks it: verified TLS, time limits, a bounded number of tries, redirects only at home."""

import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, SSLError
from urllib3.exceptions import TimeoutError as TimeoutError_

from portal.cli import VERSION
from portal.cli.failures import Exit, Failure
from portal.cli.settings import same_server

TRIES = 4
LONGEST_PAUSE = 60.0  # seconds that a server may ask to wait; beyond that a person decides
_FIRST_PAUSE = 0.3
_HOPS = 5
_CONNECT, _READ = 10.0, 90.0  # seconds; the API answers within a minute, whatever AWS does
_AGAIN = frozenset({429, 503})
_GATEWAY = frozenset({502, 504})  # said by what stands before Stackyard, when it is not Stackyard's own problem
_CHUNK = 1 << 16
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Transport:
    """Sends requests to one server. `tell` is told while it waits for another try; `tries` 1: never again. No answer
    takes longer than `seconds`."""

    def __init__(self, url: str, tell: Callable[[str], None], tries: int = TRIES, seconds: float = _READ) -> None:
        self._url, self._tell, self._tries = url, tell, max(1, tries)
        self._timeout = urllib3.Timeout(connect=min(_CONNECT, seconds), read=seconds)
        self._pool = _pool(url)

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: object = None) -> Answer:
        """One answer. Raises Failure when none came, or when the server sends us elsewhere."""
        for left in range(self._tries - 1, -1, -1):
            pause = _FIRST_PAUSE * 3 ** (self._tries - 1 - left) * random.uniform(0.8, 1.2)  # noqa: S311  jitter
            try:
                answer = self._hop(method, url, headers, body)
            except HTTPError as error:
                if not left or isinstance(error, SSLError):
                    raise self._away(error) from error
                self._tell("The server does not answer; trying again.")
            else:
                asked = _again(answer)
                if asked is None or not left or asked > LONGEST_PAUSE:
                    return answer
                pause = max(asked, pause if answer.status in _GATEWAY else 0.0)
                self._tell(f"The server asks to wait; trying again in {pause:.0f} s.")
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def download(self, url: str, headers: Mapping[str, str], into: BinaryIO, refuse: Callable[[Answer], None]) -> int:
        """Write a body to a file as it comes. What is single-use is asked for once. Raises Failure."""
        size = 0
        try:
            response = self._request("GET", url, headers, None, stream=True)
            if response.status != 200:
                refuse(_answer(response, response.read()))
            for chunk in response.stream(_CHUNK):
                size += into.write(chunk)
        except HTTPError as error:
            raise self._away(error) from error
        return size

    def _hop(self, method: str, url: str, headers: Mapping[str, str], body: object) -> Answer:
        for _ in range(_HOPS):
            response = self._request(method, url, headers, body)
            answer = _answer(response, response.data)
            where = answer.headers.get("location", "")
            if answer.status not in {301, 302, 303, 307, 308} or not where:
                return answer
            there = urljoin(url, where)
            if not same_server(url, there) or method != "GET":
                parts = urlsplit(there)
                elsewhere = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
                said = f"{self._url} sends us to {elsewhere}, where the token does not go."
                raise Failure(Exit.AWAY, f"{said} Use that address if it is the right one: stackyard login")
            url = there
        raise Failure(Exit.AWAY, f"{self._url} sends us round in circles.")

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: object, *, stream: bool = False
    ) -> urllib3.BaseHTTPResponse:
        mine = {"User-Agent": f"stackyard/{VERSION} python/{sys.version_info.major}.{sys.version_info.minor}"}
        return self._pool.request(
            method,
            url,
            body=body,  # type: ignore[arg-type]  # bytes or None, as the client sends
            headers={**mine, **headers},
            redirect=False,
            retries=False,
            timeout=self._timeout,
            preload_content=not stream,
        )

    def _away(self, error: HTTPError) -> Failure:
        if isinstance(error, SSLError):
            return Failure(Exit.AWAY, f"The certificate of {self._url} cannot be trusted: {error.args[-1]}.")
        return Failure(Exit.AWAY, f"The server at {self._url} does not answer: {_why(error)}.")


def _pool(url: str) -> urllib3.PoolManager:
    """Straight to the server, or through the proxy that the environment names for it."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme, "")
    if not proxy or parts.hostname in _LOOPBACK or proxy_bypass(parts.netloc):
        return urllib3.PoolManager(cert_reqs="CERT_REQUIRED")
    return urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}", cert_reqs="CERT_REQUIRED")


def _answer(response: urllib3.BaseHTTPResponse, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, response.reason or "", headers, body)


def _again(answer: Answer) -> float | None:
    """In how many seconds to try again; None for what is an answer."""
    own = answer.headers.get("content-type", "").startswith("application/problem+json")
    if answer.status not in _AGAIN and (answer.status not in _GATEWAY or own):
        return None
    asked = answer.headers.get("retry-after", "")
    return float(asked) if asked.isascii() and asked.isdecimal() else 1.0


def _why(error: HTTPError) -> str:
    """In a few words: what the system said, else what urllib3 says of it without naming its own objects."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    if isinstance(error, TimeoutError_):
        return "nothing came in time"
    said = str(error.args[-1]) if error.args else type(error).__name__
    return said.rpartition(": ")[2].rstrip(".")
