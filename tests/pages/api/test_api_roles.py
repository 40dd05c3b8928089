"""Who may use what: every operation for every group and every set of scopes, against the table of pages."""

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import Group

from portal.accounts.models import Scope, User
from portal.api.operations import OPERATIONS, Operation
from portal.api.service import description
from portal.pages import EVERYONE, PAGES, page_of
from provisioning.models import Account, AuditEntry, Change, Decision, Environment

from .program import Program, token_for, told

FILLED: Mapping[str, str] = {
    "{app}": "hello-erlang",
    "{name}": "dev-alice",
    "{path:key}": "use_dynamodb",
    "{table}": "dev-alice-hello-erlang-messages",
    "{int:write}": "7",
    "{int:budget}": "7",
    "{int:token}": "7000",
    "{int:release}": "7",
    "{int:schedule}": "7",
    "{int:before}": "7",
    "{int:after}": "8",
    "{int:number}": "1",
    "{uuid:job_id}": str(uuid.UUID(int=7)),
    "{ticket}": "ndjson.x",
    "{uuid:change_id}": str(uuid.UUID(int=7)),
}
# What a person of that group may be answered, whatever comes of it: never that they may not ask.
SCOPES = [(), (Scope.READ,), (Scope.READ, Scope.CHANGE), (Scope.READ, Scope.APPROVE), tuple(Scope)]
OF_READING = frozenset({"GET"})
LOOKS = frozenset({"look_again"})  # AWS is asked what there is, and nothing is altered
# These read, in the background or for later, or end the token that asks; what else they can be about asks for more by
# itself.
READS = frozenset(
    {"price_environment", "price_update", "revoke_token"}
    | {
        "export_items",
        "count_items",
        "compare_items",
        "cancel_job",
        "resume_job",
        "retry_job",
        "drop_job",
        "make_ticket",
    }
    | {"run_statement", "judge_statement"}
)


def address(one: Operation) -> str:
    """The operation's address, of things that are there or are not."""
    path = one.path
    for part, value in FILLED.items():
        path = path.replace(part, value)
    assert "{" not in path, f"{path}: a part of it is not known here yet"
    return path


def somebody(group: str, scopes: tuple[Scope, ...]) -> Program:
    """A program of a person in that group."""
    user = User.objects.create_user("somebody")
    if group:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    return Program(token_for(user, *(scopes or (Scope.READ,))).text)


@pytest.mark.parametrize("group", sorted(EVERYONE))
@pytest.mark.parametrize("scopes", SCOPES[1:], ids="+".join)
def test_every_operation_for_every_group_and_scope(
    dev: Environment, settings: Any, group: str, scopes: tuple[Scope, ...]
) -> None:
    settings.COST_EXPLORER = False  # reading it needs nothing that could be missing
    program = somebody(group, scopes)
    before = [model.objects.count() for model in (Change, Decision)]
    for one in OPERATIONS:
        page = page_of(one.page)
        assert page is not None
        answer = program.ask(one.method, address(one), None if one.method in OF_READING else {})
        if one.scope in scopes and group in page.groups:
            assert answer.status_code in {200, 202, 404, 409, 422, 428}, one
            continue
        assert answer.status_code == 403, one
        assert told(answer, 403)["code"] == ("no-scope" if one.scope not in scopes else "not-allowed"), one
    assert [model.objects.count() for model in (Change, Decision)] == before


def test_who_is_in_no_group_gets_nowhere(dev: Environment) -> None:
    program = somebody("", tuple(Scope))
    assert {program.ask(one.method, address(one), {}).status_code for one in OPERATIONS} == {403}
    assert not AuditEntry.objects.exclude(verb="create_token").exists()


def test_nobody_gets_in_without_a_token(account: Account) -> None:
    program = Program("")
    assert {program.ask(one.method, address(one), {}).status_code for one in OPERATIONS} == {401}


def test_what_alters_needs_more_than_reading() -> None:
    reads = {one.name for one in OPERATIONS if one.scope == Scope.READ}
    assert reads == {one.name for one in OPERATIONS if one.method in OF_READING} | READS | LOOKS


def test_deciding_is_a_scope_of_its_own() -> None:
    decisions = next(page for page in PAGES if page.slug == "decisions")
    assert {one.page for one in OPERATIONS if one.scope == Scope.APPROVE} == set(decisions.names)
    assert [one.name for one in OPERATIONS if one.page in decisions.names and one.scope != Scope.APPROVE] == []


def test_every_operation_is_described_as_it_is_guarded() -> None:
    told = {
        operation["operationId"]: (operation["x-scope"], operation["x-groups"])
        for methods in description()["paths"].values()
        for operation in methods.values()
    }
    guarded = {}
    for one in OPERATIONS:
        page = page_of(one.page)
        assert page is not None
        guarded[one.name] = (one.scope, sorted(page.groups))
    assert told == guarded
