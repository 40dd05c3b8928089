"""The page about the API, and its description for programs."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.api.operations import OPERATIONS

Page = Callable[[str], str]


@pytest.fixture
def page(audrey: User, client_of: Callable[[User], Client]) -> Page:
    """What a page about the API says, below its address."""
    client = client_of(audrey)

    def get(path: str) -> str:
        answer = client.get(f"/api/v1/docs{path}")
        assert answer.status_code == 200
        assert "'unsafe-inline'" not in answer["Content-Security-Policy"]
        return answer.content.decode()

    return get


def parts(page: Page) -> list[str]:
    """The addresses of the parts, below that of the page."""
    return list(dict.fromkeys(re.findall(r'href="/api/v1/docs(/[\w-]+)"', page(""))))


def test_every_operation_has_a_line_that_leads_to_it(page: Page) -> None:
    leads = set(re.findall(r'href="/api/v1/docs(/[\w-]+)#(\w+)"', page("")))
    assert {name for _, name in leads} == {one.name for one in OPERATIONS}
    whole = {part: page(part) for part in parts(page)}
    assert [name for part, name in leads if f'id="{name}"' not in whole[part]] == []


def test_an_operation_has_a_command_to_copy(page: Page) -> None:
    assert "curl -X PUT -H &quot;Authorization: Bearer $STACKYARD_TOKEN&quot;" in page("/items")
    assert "http://testserver/api/v1/environments/{app}/{name}" in page("/environments")


def test_every_link_on_a_page_leads_to_something_on_it(page: Page) -> None:
    found = parts(page)
    assert len(found) > 10
    linked = set()
    for path in ("", *found):
        text = page(path)
        places, links = re.findall(r'\bid="([^"]+)"', text), set(re.findall(r'href="#([^"]+)"', text))
        assert links - set(places) == set(), path
        assert len(places) == len(set(places)), path
        linked |= links
    assert {"about-changes", "problems", "ChangeDetail", "ChangeStatus"} <= linked


def test_what_stands_between_backticks_is_code(page: Page) -> None:
    assert "<code>If-None-Match: *</code>" in page("/parameters")
    assert not [part for part in ("", *parts(page)) if "`" in page(part)]


def test_a_part_that_is_not_there(audrey: User, client_of: Callable[[User], Client]) -> None:
    assert client_of(audrey).get("/api/v1/docs/nothing").status_code == 404


def test_the_page_is_for_who_signs_in(db: None) -> None:
    assert Client().get("/api/v1/docs").status_code == 302


def test_the_description_is_for_anybody(db: None) -> None:
    found = Client().get("/api/v1/openapi.json")
    assert found.status_code == 200
    assert found.json()["openapi"] == "3.1.0"
    assert len([1 for methods in found.json()["paths"].values() for _ in methods]) == len(OPERATIONS)
