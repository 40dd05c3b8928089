"""The page about the API, and its description for programs."""

import re
from collections.abc import Callable

from django.test import Client

from portal.accounts.models import User
from portal.api.operations import OPERATIONS


def test_the_page_names_every_operation(audrey: User, client_of: Callable[[User], Client]) -> None:
    answer = client_of(audrey).get("/api/v1/docs")
    text = answer.content.decode()
    assert [one.name for one in OPERATIONS if f'id="{one.name}"' not in text] == []
    assert "curl -X PUT -H &quot;Authorization: Bearer $STACKYARD_TOKEN&quot;" in text
    assert "http://testserver/api/v1/environments/{app}/{name}" in text
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]


def test_every_link_of_the_page_leads_to_something_on_it(audrey: User, client_of: Callable[[User], Client]) -> None:
    text = client_of(audrey).get("/api/v1/docs").content.decode()
    places, links = re.findall(r'\bid="([^"]+)"', text), set(re.findall(r'href="#([^"]+)"', text))
    assert links - set(places) == set()
    assert {"about-changes", "problems", "shapes", "ChangeDetail", "ChangeStatus"} <= links
    assert len(places) == len(set(places))


def test_what_stands_between_backticks_is_code(audrey: User, client_of: Callable[[User], Client]) -> None:
    text = client_of(audrey).get("/api/v1/docs").content.decode()
    assert "<code>If-None-Match: *</code>" in text
    assert "`" not in text


def test_the_page_is_for_who_signs_in(db: None) -> None:
    assert Client().get("/api/v1/docs").status_code == 302


def test_the_description_is_for_anybody(db: None) -> None:
    found = Client().get("/api/v1/openapi.json")
    assert found.status_code == 200
    assert found.json()["openapi"] == "3.1.0"
    assert len([1 for methods in found.json()["paths"].values() for _ in methods]) == len(OPERATIONS)
