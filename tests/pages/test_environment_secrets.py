"""The configuration with its secrets: by default never, with a reason for whoever may set them, each time recorded."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from fakes.readers import github_env, workflow_command

from portal.accounts.models import Scope, User
from provisioning.models import Account, AuditEntry, Change, Environment

from . import rows
from .api.program import program_of
from .flags.scene import CANARY
from .rows import page
from .vault import REASON, SECRET, parameter_store, vault

ClientOf = Callable[[User], Client]
PAGE = "/environments/vaulted/dev/connect/"
TAKEN = f"{PAGE}secrets/"
OUTPUTS = "/environments/vaulted/dev/outputs"
FORMATS = ("json", "dotenv", "shell", "erlang", "github", "ecs", "kubernetes")


@pytest.fixture
def ssm(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Parameter Store, in this process."""
    with parameter_store(monkeypatch) as store:
        yield store


@pytest.fixture
def vaulted(alice: User, tmp_path: Path, settings: Any, ssm: Any) -> Environment:
    """An environment whose configuration names a secret."""
    return vault(alice, tmp_path, settings, ssm)


def told(client: Client, **sent: str) -> Any:
    """What asking for the secrets answers."""
    return client.post(TAKEN, {"format": "dotenv", "reason": REASON, **sent})


class TestPage:
    """For people."""

    def test_it_says_that_there_are_secrets_and_shows_none(
        self, vaulted: Environment, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), PAGE)
        assert "With secrets" in text
        assert "Download with secrets" in text
        assert "secretKeyRef" in text
        assert "parameter/vaulted/dev/deep_token" in text
        assert CANARY not in text
        assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize("format_", [one for one in FORMATS if one != "json"])
    def test_no_file_has_them_by_default(
        self, vaulted: Environment, alice: User, client_of: ClientOf, format_: str
    ) -> None:
        assert CANARY not in page(client_of(alice), f"{PAGE}{format_}/")

    def test_with_a_reason_they_are_in_the_file_and_the_audit_says_which(
        self, vaulted: Environment, bob: User, client_of: ClientOf
    ) -> None:
        answer = told(client_of(bob))
        assert answer["Content-Disposition"] == 'attachment; filename=".env"'
        assert "no-store" in answer["Cache-Control"]
        assert f"{CANARY}\n" in answer.content.decode()
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.by, entry.reason) == ("deliver_secrets", bob, REASON)
        assert entry.detail["secrets"] == [{"name": "/vaulted/dev/deep_token", "version": 1}]
        assert CANARY not in json.dumps(entry.detail) + entry.summary

    @pytest.mark.parametrize("sent", [{"reason": ""}, {"reason": " no "}, {"format": "ecs"}, {"format": "pdf"}])
    def test_otherwise_nothing_is_told(
        self, vaulted: Environment, alice: User, client_of: ClientOf, sent: dict[str, str]
    ) -> None:
        answer = told(client_of(alice), **sent)
        assert answer.status_code == 400
        assert CANARY not in answer.content.decode()
        assert "Nothing was taken" in answer.content.decode()
        assert not AuditEntry.objects.exists()

    def test_auditors_see_that_they_may_not(self, vaulted: Environment, audrey: User, client_of: ClientOf) -> None:
        assert "Download with secrets" not in page(client_of(audrey), PAGE)
        assert told(client_of(audrey)).status_code == 403
        assert not AuditEntry.objects.exists()

    def test_others_personal_ones_are_their_own(
        self, vaulted: Environment, alice: User, bob: User, client_of: ClientOf
    ) -> None:
        rows.environment(alice, "dev-alice", "vaulted")
        answer = client_of(bob).post("/environments/vaulted/dev-alice/connect/secrets/", {"reason": REASON})
        assert answer.status_code == 400  # no format
        sent = {"reason": REASON, "format": "dotenv"}
        assert client_of(bob).post("/environments/vaulted/dev-alice/connect/secrets/", sent).status_code == 403


class TestProgram:
    """For programs."""

    @pytest.mark.parametrize("format_", FORMATS)
    def test_reading_never_tells_them(self, vaulted: Environment, alice: User, format_: str) -> None:
        asked = f"{OUTPUTS}?format={format_}"
        refused = program_of(alice).ask("GET", f"{asked}&secrets=true&reason={REASON}")
        answer = program_of(alice).ask("GET", asked)
        assert (refused.status_code, answer.status_code) == (422, 200)
        assert CANARY not in refused.content.decode() + answer.content.decode()
        if format_ != "json":
            refers = format_ in {"ecs", "kubernetes"}
            missing = answer["Configuration-Missing"].split(", ")
            assert ("API_TOKEN" in missing, "DYNAMODB_URLS_TABLE_NAME" in missing) == (not refers, True)
        assert AuditEntry.objects.filter(verb="deliver_secrets").count() == 0

    def test_json_says_which_are_secrets(self, vaulted: Environment, alice: User) -> None:
        found = program_of(alice).get(OUTPUTS)
        assert found["secrets"] == ["API_TOKEN"]
        assert "is a secret" in found["missing"]["API_TOKEN"]
        assert found["values"]["USE_DYNAMODB"] == "true"

    def test_with_a_reason_it_does_and_the_audit_names_the_token(self, vaulted: Environment, alice: User) -> None:
        answer = program_of(alice).ask("POST", OUTPUTS, {"reason": REASON})
        assert answer["Cache-Control"] == "no-store"
        assert json.loads(answer.content)["values"]["API_TOKEN"] == SECRET
        entry = AuditEntry.objects.get(verb="deliver_secrets")
        assert entry.detail["token"].startswith("ci (")
        assert CANARY not in json.dumps(entry.detail)

    def test_a_workflow_hides_them_before_it_has_them(self, vaulted: Environment, alice: User) -> None:
        found = program_of(alice).post(OUTPUTS, {"reason": REASON, "format": "github"})
        assert github_env(found["text"])["API_TOKEN"] == SECRET
        masked = [workflow_command(line)[1] for line in found["log"]]
        assert masked == [SECRET, *SECRET.split("\n")]
        assert found["filename"] == "github.env"

    def test_reading_alone_is_not_enough(self, vaulted: Environment, alice: User, audrey: User) -> None:
        for program in (program_of(alice, Scope.READ), program_of(audrey)):
            assert CANARY not in json.dumps(program.post(OUTPUTS, {"reason": REASON}, 403))
        assert not AuditEntry.objects.filter(verb="deliver_secrets").exists()

    @pytest.mark.parametrize(
        ("sent", "field"),
        [({"reason": "no"}, "reason"), ({}, "reason"), ({"format": "ecs", "reason": REASON}, "format")],
    )
    def test_what_is_refused(self, vaulted: Environment, alice: User, sent: dict[str, str], field: str) -> None:
        assert list(program_of(alice).post(OUTPUTS, sent, 422)["fields"]) == [field]
        assert not AuditEntry.objects.filter(verb="deliver_secrets").exists()
        assert not Change.objects.exists()

    def test_a_value_that_no_variable_can_hold_is_left_out(self, vaulted: Environment, alice: User, ssm: Any) -> None:
        ssm.put_parameter(Name="/vaulted/dev/use_dynamodb", Value="a\0b", Type="String", Overwrite=True)
        found = program_of(alice).get(OUTPUTS)
        assert "which no variable can" in found["missing"]["USE_DYNAMODB"]
        assert "# USE_DYNAMODB: " in program_of(alice).ask("GET", f"{OUTPUTS}?format=dotenv").content.decode()
