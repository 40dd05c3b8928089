"""Asking the API: once what can be done once, again what can be done again, and never the token to anybody else."""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from portal.cli import API_VERSION
from portal.cli.failures import Exit, Failure
from portal.cli.settings import TOKEN, Target
from portal.cli.transport import Answer, Transport

V1 = "/api/v1"
PAGE = 100  # how many the API gives at once
Query = Mapping[str, object]
_EXITS = {400: Exit.USAGE, 422: Exit.USAGE, 401: Exit.REFUSED, 403: Exit.REFUSED, 404: Exit.NOT_FOUND}
_EXITS |= dict.fromkeys((405, 409, 412, 428), Exit.CONFLICT)


@dataclass(frozen=True)
class Told:
    """What was answered: `data` of JSON, None where there is none, and the headers that say something about it."""

    status: int
    data: Any
    text: str
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        """The version of what was read, as If-Match takes it."""
        return self.headers.get("etag", "")


class Client:
    """Asks one server with one token. Every method raises Failure for whatever is not an answer."""

    def __init__(self, target: Target, transport: Transport) -> None:
        self.target, self._transport = target, transport
        self._description: dict[str, Any] | None = None

    def get(self, path: str, *, query: Query | None = None, headers: Mapping[str, str] | None = None, **at: str) -> Any:
        """The JSON at an address. `path` is as the API's description has it, its parts in `at`."""
        return self.ask("GET", path, query=query, headers=headers, **at).data

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
        **at: str,
    ) -> Told:
        """Alter something, once however often the network fails: the same key goes with every try. `body` is sent as
        JSON, bytes as they are (then name their Content-Type)."""
        more = {"Idempotency-Key": key or uuid.uuid4().hex, **(headers or {})}
        return self.ask(method, path, body, query=query, headers=more, **at)

    def pages(self, path: str, *, query: Query | None = None, most: int | None = None, **at: str) -> dict[str, Any]:
        """A list in one piece: `items`, at most so many, and `next`, the cursor of what was not read, or None."""
        items: list[Any] = []
        asked = dict(query or {})
        while True:
            size = PAGE if most is None else min(PAGE, most - len(items))
            page = self.ask("GET", path, query={**asked, "limit": size}, headers=None, **at).data
            items += page["items"]
            asked["cursor"] = page["next"]
            if not page["next"] or (most is not None and len(items) >= most):
                return {**page, "items": items}

    def download(self, path: str, into: BinaryIO, *, query: Query | None = None, **at: str) -> int:
        """Write what an address answers to a file as it comes; how many bytes it was."""
        return self._transport.download(self._url(path, query, at), self._headers({}), into, self._refuse_for(path))

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        **at: str,
    ) -> Told:
        """One question and its answer, whatever its method."""
        more, content = dict(headers or {}), body
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
            more.setdefault("Content-Type", "application/json")
        answer = self._transport.ask(method, self._url(path, query, at), self._headers(more), content)
        if answer.status >= 300 and answer.status != 304:
            self._refuse_for(path, method)(answer)
        return Told(answer.status, self._read(answer), answer.text, answer.headers)

    def knows(self, method: str, path: str) -> bool:
        """Whether the server's own description has that operation."""
        if self._description is None:
            answer = self._transport.ask("GET", f"{self.target.url}{V1}/openapi.json", self._headers({}, token=False))
            found = self._read(answer) if answer.status == 200 else None
            if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
                raise self._no_stackyard()
            self._description = found["paths"]
        there = {_plain(one): methods for one, methods in self._description.items()}
        return method.lower() in there.get(_plain(f"{V1}{path}"), {})

    def _refuse_for(self, path: str, method: str = "GET") -> Callable[[Answer], None]:
        def refuse(answer: Answer) -> None:
            if answer.status in {404, 405} and not self.knows(method, path):
                version = answer.headers.get("stackyard-version", "before 1.1.0")
                said = f"This server (API {version}) does not know this; it is older than this command."
                raise Failure(Exit.OLDER, said)
            raise self._failure(answer)

        return refuse

    def _failure(self, answer: Answer) -> Failure:
        told = self._problem(answer)
        if told is None:
            return self._no_stackyard(f"{answer.status} {answer.reason}")
        exit_code = _EXITS.get(answer.status, Exit.AWAY)
        sentence = str(told.get("detail") or told.get("title") or answer.status)
        fields = {name: str(said) for name, said in (told.get("fields") or {}).items()}
        more = _sides(told.get("conflict") or {})
        if told.get("change"):
            more.append(f"In the way: stackyard changes show {told['change']}")
        if told.get("code") in {"no-token", "bad-token"}:
            more.append(self._way_in())
        if told.get("code") == "no-scope":
            more.append("Make a token that may on your account page, under API tokens.")
        if answer.status == 422 and _older(answer.headers.get("stackyard-version", "0")):
            more.append("The server is older than this command, which may be why.")
        return Failure(exit_code, sentence, more=tuple(more), code=str(told.get("code", "")), fields=fields)

    def _way_in(self) -> str:
        """What to do about a token that cannot be used, by where it comes from."""
        if not self.target.profile:
            return f"It is the one in {TOKEN}: put another there, or unset it and log in: stackyard login"
        return f"Log in: stackyard login {self.target.url} --profile {self.target.profile}"

    def _no_stackyard(self, said: str = "") -> Failure:
        what = f" It answered {said}." if said else ""
        return Failure(Exit.AWAY, f"What answers at {self.target.url} is no Stackyard, or hides it.{what}")

    def _problem(self, answer: Answer) -> dict[str, Any] | None:
        if answer.headers.get("content-type", "").partition(";")[0] != "application/problem+json":
            return None
        found = self._read(answer)
        return found if isinstance(found, dict) else None

    def _read(self, answer: Answer) -> Any:
        if "json" not in answer.headers.get("content-type", "").partition(";")[0] or not answer.body:
            if answer.status == 200 and "html" in answer.headers.get("content-type", ""):
                raise self._no_stackyard("with a page for people")
            return None
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise self._no_stackyard("with something that is no JSON") from error

    def _url(self, path: str, query: Query | None, at: Mapping[str, str]) -> str:
        filled = re.sub(r"\{(\w+)\}", lambda found: _part(at[found[1]]), path)
        asked = urlencode([(name, _sent(one)) for name, value in (query or {}).items() for one in _each(value)])
        return f"{self.target.url}{V1}{filled}{'?' if asked else ''}{asked}"

    def _headers(self, more: Mapping[str, str], *, token: bool = True) -> dict[str, str]:
        mine = {"Authorization": f"Bearer {self.target.token}"} if token else {}
        return {"Accept": "application/json, */*;q=0.5", **more, **mine}


def _part(value: str) -> str:
    """One part of an address, whatever is in it; nothing in it goes up or down the path."""
    quoted = quote(value, safe="", errors="surrogatepass")
    return quoted.replace(".", "%2E") if set(value) == {"."} else quoted


def _each(value: object) -> Iterable[object]:
    """Nothing for what was not said, each one of several."""
    if value is None or value == "":
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _sent(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sides(conflict: Mapping[str, Any]) -> list[str]:
    """Both sides of an item that somebody else has altered, and the version that is there now."""
    lines = [
        f"{one['path']}: you want {_side(one['mine'])}, there is {_side(one['theirs'])}"
        for one in conflict.get("places", ())
    ]
    return [*lines, f"There is now the version {conflict['etag']}"] if conflict.get("etag") else lines


def _side(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _plain(path: str) -> str:
    """An address without the names of its parts."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _older(version: str) -> bool:
    """Whether a server's version is before the one that this command was written for."""
    parts = [[int(number) for number in re.findall(r"\d+", text)] for text in (version, API_VERSION)]
    return parts[0] < parts[1]
