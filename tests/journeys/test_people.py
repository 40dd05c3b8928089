"""People who click twice, and people who want the same thing at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.asking import UnexpectedPageError, ask_create, change_path, changes_on, follow, request_form, usable
from bench.visitor import Page, Visitor


def _at_once(*doings: Callable[[], Page]) -> list[Page]:
    """The answers of things done at the same moment."""
    start = threading.Barrier(len(doings))

    def together(doing: Callable[[], Page]) -> Page:
        start.wait()
        return doing()

    with ThreadPoolExecutor(len(doings)) as pool:
        return list(pool.map(together, doings))


def _changes(person: Visitor, environment: str) -> int:
    """How many changes the list has for an environment's name."""
    return len(changes_on(person.get(f"/changes/?environment={environment}")))


def test_a_double_click_makes_one_change(alice: Visitor) -> None:
    form = request_form(alice, "hello-erlang")
    sent = form.filled(usable(form, {"name": "dev-twice"}))

    pages = _at_once(*[lambda: alice.post(form.action, sent) for _ in range(3)])

    assert len({change_path(page) for page in pages}) == 1
    follow(alice, pages[0].path)
    assert change_path(alice.post(form.action, sent)) == pages[0].path
    assert _changes(alice, "dev-twice") == 1


def test_two_people_want_the_same_name(alice: Visitor, bob: Visitor) -> None:
    sent = {}
    for person in (alice, bob):
        form = request_form(person, "fileshare")
        sent[person] = form.filled(usable(form, {"name": "dev-shared"}))

    pages = _at_once(
        lambda: alice.post("/request/fileshare/", sent[alice]), lambda: bob.post("/request/fileshare/", sent[bob])
    )

    (won,) = [page for page in pages if page.status == 200]
    (lost,) = [page for page in pages if page.status != 200]
    winner = "alice" if won is pages[0] else "bob"
    assert lost.status == 422
    assert f"fileshare/dev-shared belongs to {winner}. Ask them, or an admin." in lost.words
    assert lost.form("/request/fileshare/").sent["name"] == ["dev-shared"]
    follow(alice, change_path(won))
    assert _changes(alice, "dev-shared") == 1


def test_a_name_that_is_taken_is_said_before_anything_happens(alice: Visitor, bob: Visitor) -> None:
    follow(alice, ask_create(alice, "fileshare", "dev-taken"))

    with pytest.raises(UnexpectedPageError, match="fileshare/dev-taken"):
        ask_create(bob, "fileshare", "dev-taken")

    assert _changes(alice, "dev-taken") == 1
