"""Whoever writes whatever and whenever: a put back never touches it, and all else is as before."""

import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes.as_aws import AsAws
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from provisioning.actions.importing import do_put_back
from provisioning.engine.jobs.importing import NEW, OVER
from provisioning.engine.jobs.undoing import count_of
from provisioning.lifecycle import JobStatus
from provisioning.models import ItemJob

from .item_backs import deleted, imported, killed_at, take_away
from .item_moves import numbered, there
from .item_yard import ItemYard, make_yard

DELETE = "delete"


@pytest.fixture
def yard(db: None) -> Iterator[ItemYard]:
    """A table in dev, as AWS would have it."""
    with mock_aws():
        yard = make_yard()
        yard.client.client = AsAws(yard.client.client)
        yield yard


@dataclass
class Witness:
    """Sees every write that lands: by item, who it was, and how the item was after it."""

    client: AsAws
    seen: dict[int, list[tuple[str, str | None]]] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def put_item(self, **request: Any) -> Any:
        """A put of the job's."""
        return self._write("job", "put_item", int(request["Item"]["at"]["N"]), request)

    def delete_item(self, **request: Any) -> Any:
        """A deletion of the job's."""
        return self._write("job", "delete_item", int(request["Key"]["at"]["N"]), request)

    def other(self, table: str, at: int, text: str | None) -> None:
        """Somebody else's write; None deletes."""
        (item,) = numbered(1, text or "", at)
        key = {"Key": {"user": item["user"], "at": item["at"]}}
        self._write(
            "other",
            "delete_item" if text is None else "put_item",
            at,
            {"TableName": table, **(key if text is None else {"Item": item})},
        )

    def _write(self, who: str, name: str, at: int, request: Mapping[str, Any]) -> Any:
        with self.lock:
            answer = getattr(self.client, name)(**{**request, "ReturnValues": "ALL_OLD"})
            was = answer.get("Attributes", {}).get("text", {}).get("S")
            text = request["Item"]["text"]["S"] if "Item" in request else None
            if was != text:
                self.seen.setdefault(at, []).append((who, text))
            return answer

    def expected(self, at: int, before: str | None) -> set[str | None]:
        """How an item may be once the job is put back: as the last one of the others left it, or else as before. What
        others made just as the job had left it cannot be told from that."""
        seen = self.seen.get(at, [])
        theirs = next((place for place in reversed(range(len(seen))) if seen[place][0] == "other"), None)
        if theirs is None:
            return {before}
        text = seen[theirs][1]
        as_left = ("job", text) in seen[:theirs]
        return {text, before, *(one for _, one in seen)} if as_left else {text}


ITEMS = range(4)
TEXTS = st.sampled_from([None, "one", "two"])
OTHERS = st.lists(
    st.tuples(
        st.sampled_from(["put_item", "delete_item", "batch_get_item"]),
        st.integers(1, 6),
        st.sampled_from(ITEMS),
        st.sampled_from([None, "theirs", "theirs too"]),
    ),
    max_size=4,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],  # to shrink a failure would take minutes
)
@given(
    before=st.tuples(*[TEXTS for _ in ITEMS]),
    kind=st.sampled_from([NEW, OVER, DELETE]),
    others=OTHERS,
    kill=st.none() | st.integers(1, 4),
    unsure=st.booleans(),
    later=st.lists(st.tuples(st.sampled_from(ITEMS), TEXTS), max_size=2),
    during=OTHERS,
)
def test_a_put_back_never_touches_what_others_changed(  # noqa: PLR0917  what Hypothesis draws
    yard: ItemYard,
    before: tuple[str | None, ...],
    kind: str,
    others: list[tuple[str, int, int, str | None]],
    kill: int | None,
    unsure: bool,  # noqa: FBT001  drawn, too
    later: list[tuple[int, str | None]],
    during: list[tuple[str, int, int, str | None]],
) -> None:
    name, real = yard.table.name, yard.client.client
    for item in there(yard):
        take_away(yard, item)
    yard.put([numbered(1, text, at)[0] for at, text in enumerate(before) if text is not None])
    assume(kind != DELETE or there(yard))
    witness = Witness(real)
    yard.client.client = witness
    try:
        job = deleted(yard, drive=False) if kind == DELETE else imported(yard, numbered(5), kind, drive=False)
        _others(yard, witness, others)
        if kill is not None:
            _killed_quietly(yard, job, "delete_item" if kind == DELETE else "put_item", kill)
        yard.drive(job)
        yard.client.hooks.clear()
        for at, text in later:
            witness.other(name, at, text)
        left = _texts(yard)
        count = count_of(job)
        assume(count.sure or (unsure and count.unsure))
        _others(yard, witness, during)
        back = yard.drive(do_put_back(yard.actor, yard.table, job, unsure=unsure, key=uuid.uuid4()))
        yard.client.hooks.clear()
        assert back.status == JobStatus.SUCCEEDED
        for at in ITEMS:
            allowed = witness.expected(at, before[at]) | ({left[at]} if count.unsure and not unsure else set())
            assert _texts(yard)[at] in allowed, (at, witness.seen.get(at))
    finally:
        yard.client.hooks.clear()
        yard.client.client = real


def _others(yard: ItemYard, witness: Witness, acts: list[tuple[str, int, int, str | None]]) -> None:
    """Have others write in the moment before the n-th call of an operation."""
    counts: dict[str, int] = {}
    lock = threading.RLock()

    def hook(name: str, _: int) -> None:
        with lock:
            counts[name] = counts.get(name, 0) + 1
            due = [(at, text) for one, number, at, text in acts if (one, number) == (name, counts[name])]
        for at, text in due:
            witness.other(yard.table.name, at, text)

    yard.client.hooks.append(hook)


def _killed_quietly(yard: ItemYard, job: ItemJob, operation: str, number: int) -> None:
    """The worker is killed at this call; the others go on writing as before."""
    others = list(yard.client.hooks)
    killed_at(yard, job, operation, number)
    yard.client.hooks.extend(others)


def _texts(yard: ItemYard) -> dict[int, str | None]:
    """What each item says; None for none."""
    found = {int(item["at"]["N"]): item["text"]["S"] for item in there(yard)}
    return {at: found.get(at) for at in ITEMS}
