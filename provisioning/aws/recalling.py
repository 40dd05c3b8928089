"""What AWS has answered already, when it then serves no more: the next try asks only for the rest.

A step of several calls would otherwise hardly ever see all of them served while AWS throttles much: each try would
begin at the first call. Answers are kept as text for a short while, and forgotten at the first call that alters
something. Some hold secrets: whoever stores them encrypts them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import boto3
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, answered

Client = TypeVar("Client", bound=BaseClient)
Answer = Any

FRESH = timedelta(minutes=2)
READING = ("describe_", "get_", "list_", "simulate_")
MOMENT, REFUSAL = "__moment__", "__refusal__"


class Recall:
    """Answers by what was asked. `kept` is what the last try left behind: {key: {at, answer}}, JSON."""

    def __init__(self, kept: Mapping[str, Mapping[str, str]]) -> None:
        now = datetime.now(UTC)
        self._answers: dict[str, tuple[datetime, Answer]] = {}
        for key, row in kept.items():
            at = datetime.fromisoformat(row["at"])
            if now - FRESH < at:
                self._answers[key] = at, json.loads(row["answer"], object_hook=_decoded)
        self.served = 0

    def kept(self) -> dict[str, dict[str, str]]:
        """What the next try may begin with, as JSON; an answer that cannot be written so is asked for again."""
        found = {}
        for key, (at, answer) in self._answers.items():
            with suppress(TypeError):
                found[key] = {"at": at.isoformat(), "answer": json.dumps(answer, default=_encoded)}
        return found

    def forget(self) -> None:
        """Something is being altered: what was read before need not be so any more."""
        self._answers.clear()

    def find(self, key: str) -> Answer:
        """The answer to this, None when there is none. Raises ClientError where that was the answer."""
        _, answer = self._answers.get(key, (None, None))
        if isinstance(answer, dict) and REFUSAL in answer:
            raise ClientError(answer[REFUSAL], answer["operation"])
        return answer

    def keep(self, key: str, answer: Answer) -> None:
        """Remember an answer."""
        self.served += 1
        self._answers[key] = datetime.now(UTC), answer

    def refused(self, key: str, error: ClientError) -> None:
        """Remember what AWS answered where that is no matter of time, such as that a thing does not exist."""
        if not isinstance(answered(error), Busy):
            self.keep(key, {REFUSAL: _without_metadata(error.response), "operation": error.operation_name})


class Recalling(Clients):
    """The same clients, their reading calls answered from what is remembered where it is."""

    def __init__(self, clients: Clients, recall: Recall) -> None:
        super().__init__(clients.target)
        self._inner, self._recall = clients, recall

    @property
    def origin(self) -> Clients:
        """Those that outlive the tick."""
        return self._inner.origin

    def _build(self, name: str, make: Callable[[boto3.Session], Client]) -> Client:
        client: Client = getattr(self._inner, name)
        return cast("Client", _Asked(name, client, self._recall))


class _Asked:
    """One service's client."""

    def __init__(self, service: str, client: Any, recall: Recall) -> None:
        self._service, self._client, self._recall = service, client, recall

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._client, method)
        if method == "get_paginator":
            return lambda operation: _Pages(f"{self._service}.{operation}", found(operation), self._recall)
        if method in {"meta", "exceptions", "can_paginate", "get_waiter"}:
            return found
        return self._reading(method, found) if method.startswith(READING) else self._altering(found)

    def _reading(self, method: str, call: Callable[..., Answer]) -> Callable[..., Answer]:
        def ask(**asked: Any) -> Answer:
            key = _key(f"{self._service}.{method}", asked)
            known = self._recall.find(key)
            if known is not None:
                return known
            try:
                answer = call(**asked)
            except ClientError as error:
                self._recall.refused(key, error)
                raise
            self._recall.keep(key, _without_metadata(answer))
            return answer

        return ask

    def _altering(self, call: Callable[..., Answer]) -> Callable[..., Answer]:
        def alter(**asked: Any) -> Answer:
            self._recall.forget()
            return call(**asked)

        return alter


class _Pages:
    """A listing: remembered when it was read to its end."""

    def __init__(self, name: str, paginator: Any, recall: Recall) -> None:
        self._name, self._paginator, self._recall = name, paginator, recall

    def paginate(self, **asked: Any) -> Iterator[Answer]:
        """Every page, as long as somebody wants the next one."""
        key = _key(f"{self._name} pages", asked)
        known = self._recall.find(key)
        if known is not None:
            yield from known
            return
        pages = []
        try:
            for page in self._paginator.paginate(**asked):
                pages.append(_without_metadata(page))
                yield page
        except ClientError as error:
            self._recall.refused(key, error)
            raise
        self._recall.keep(key, pages)


def _key(call: str, asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([call, asked], sort_keys=True, default=str).encode()).hexdigest()


def _without_metadata(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _encoded(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {MOMENT: value.isoformat()}
    raise TypeError(f"{type(value).__name__} is not kept as text")


def _decoded(found: dict[str, Any]) -> Any:
    return datetime.fromisoformat(found[MOMENT]) if found.keys() == {MOMENT} else found
