"""Every address of a table: it is reached through its own environment, whoever asks, and whatever the method."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.accounts.models import User
from portal.api.service import description
from portal.pages import page_of
from provisioning.items.values import key_token
from provisioning.models import Account

from .. import rows
from ..api.program import program_of
from ..table_rows import table

ClientOf = Callable[[User], Client]
PARTS = {
    "application": "hello-erlang",
    "name": "dev",
    "table": "prod-hello-erlang-messages",
    "token": key_token({"id": {"S": "1"}}),
}
UUID = "00000000-0000-4000-8000-000000000000"


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one)
        else:
            yield one


def _address(pattern: URLPattern) -> str:
    """The address of a pattern with another environment's table in it."""
    route = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        value = PARTS.get(name, UUID if kind == "uuid" else "1")
        route = route.replace(f"<{kind}:{name}>", value).replace(f"<{name}>", value)
    return f"/{route}"


EVERY = {
    str(pattern.name): _address(pattern)
    for pattern in _patterns(get_resolver())
    if "table" in pattern.pattern.converters
}
OF_API = {name: address for name, address in EVERY.items() if address.startswith("/api/v1/")}
OF_TABLES = {name: address for name, address in EVERY.items() if name not in OF_API}
QUESTION = {"key": '{"id": {"S": "1"}}', "against": "dev", "into": "dev", "count": 1}


def test_there_are_addresses_of_tables() -> None:
    assert "table" in OF_TABLES
    assert "v1_show_item" in OF_API
    assert all("<" not in address for address in EVERY.values()), EVERY


@pytest.mark.parametrize("name", sorted(OF_TABLES))
def test_pitfall_42_another_environments_table_is_not_found(
    name: str, account: Account, alice: User, ada: User, client_of: ClientOf
) -> None:
    """Both environments are there and so are both tables; what is missing is that the one belongs to the other."""
    table(rows.environment(alice, "dev"))
    table(rows.environment(alice, "prod"))
    for person in (alice, ada):
        client = client_of(person)
        for answer in (client.get(OF_TABLES[name]), client.post(OF_TABLES[name])):
            assert answer.status_code in {404, 405}, OF_TABLES[name]
        assert 404 in {client.get(OF_TABLES[name]).status_code, client.post(OF_TABLES[name]).status_code}


@pytest.mark.parametrize("name", sorted(OF_TABLES))
def test_pitfall_40_every_address_of_a_table_is_somebodys(name: str) -> None:
    assert page_of(name) is not None


def question(operation: str) -> str:
    """A whole question, of what is read at that operation's address."""
    there = next(
        methods
        for methods in description()["paths"].values()
        if operation in {one["operationId"] for one in methods.values()}
    )
    read = {one["name"] for one in there.get("get", {}).get("parameters", ()) if one["in"] == "query"}
    return urlencode({name: value for name, value in QUESTION.items() if name in read})


@pytest.mark.parametrize("name", sorted(OF_API))
def test_pitfall_42_nor_by_the_api(name: str, account: Account, alice: User, ada: User) -> None:
    """What is asked for wrongly may be refused for that first; nothing is answered, and a whole question is a 404."""
    table(rows.environment(alice, "dev"))
    table(rows.environment(alice, "prod"))
    path = OF_API[name].removeprefix("/api/v1")
    asked = question(name.removeprefix("v1_"))
    for person in (alice, ada):
        program = program_of(person)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = program.ask(method, f"{path}?{asked}", None if method in {"GET", "DELETE"} else {})
            assert answer.status_code in {404, 405, 415, 422, 428}, (method, path, answer.content)
    assert program.ask("GET", f"{path}?{asked}").status_code in {404, 405}
