"""Tokens: made once, shown once, kept as a hash; who may use one, and until when."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts.models import ApiToken, Scope, User
from portal.accounts.tokens import MOST
from provisioning.models import AuditEntry, Environment

from .program import Program, program_of, token_for

PAGE = "/accounts/tokens/"
SHAPE = re.compile(r"sy_[0-9a-f]{10}_[\w-]{43}")


def made_by(browser: Client, **sent: object) -> str:
    """A token made on the page, as the page shows it."""
    answer = browser.post(PAGE, {"name": "nightly", "lasts": "90", **sent})
    assert answer.status_code == 200
    found = SHAPE.search(answer.content.decode())
    assert found
    return found.group()


class TestThePage:
    """The account page."""

    def test_a_token_is_shown_once_and_works(
        self, dev: Environment, alice: User, client_of: Callable[[User], Client]
    ) -> None:
        browser = client_of(alice)
        text = made_by(browser, scopes=["change"])
        assert not SHAPE.search(browser.get(PAGE).content.decode())
        assert "no-store" in browser.get(PAGE)["Cache-Control"]
        assert Program(text).get("/environments")["items"][0]["name"] == "dev-alice"
        row = ApiToken.objects.get()
        assert (row.scopes, row.user, row.made_by) == (["read", "change"], alice, alice)
        entry = AuditEntry.objects.get(verb="create_token")
        assert entry.detail["prefix"] == row.prefix

    def test_an_auditor_is_offered_reading_only(self, audrey: User, client_of: Callable[[User], Client]) -> None:
        browser = client_of(audrey)
        assert 'name="scopes"' not in browser.get(PAGE).content.decode()
        made_by(browser, scopes=["change", "approve"])
        assert ApiToken.objects.get().scopes == ["read"]

    def test_it_is_revoked_at_once(self, dev: Environment, alice: User, client_of: Callable[[User], Client]) -> None:
        browser, program = client_of(alice), program_of(alice)
        program.get("/environments")
        answer = browser.post(f"{PAGE}{ApiToken.objects.get().pk}/revoke/", follow=True)
        assert "Revoked" in answer.content.decode()
        assert program.get("/environments", 401)["code"] == "bad-token"
        assert AuditEntry.objects.filter(verb="revoke_token").count() == 1

    def test_anothers_token_is_not_there(self, alice: User, bob: User, client_of: Callable[[User], Client]) -> None:
        token = token_for(alice).row
        browser = client_of(bob)
        assert browser.post(f"{PAGE}{token.pk}/revoke/").status_code == 404
        assert token.prefix not in browser.get(PAGE).content.decode()
        token.refresh_from_db()
        assert token.revoked_at is None

    def test_what_cannot_be_made_is_said(self, alice: User, client_of: Callable[[User], Client]) -> None:
        browser = client_of(alice)
        assert browser.post(PAGE, {"name": " ", "lasts": "90"}).status_code == 422
        for _ in range(MOST):
            token_for(alice)
        answer = browser.post(PAGE, {"name": "one more", "lasts": "0"})
        assert answer.status_code == 422
        assert "At most 20 tokens" in answer.content.decode()
        assert ApiToken.objects.count() == MOST


class TestTheApi:
    """GET /me/tokens, POST /me/tokens/{token}/revoke."""

    def test_ones_own_without_secrets(self, alice: User, bob: User) -> None:
        token_for(bob)
        program, other = program_of(alice), token_for(alice, Scope.READ, name="nightly")
        found = program.get("/me/tokens?limit=1")
        (line,) = found["items"]
        assert (line["number"], line["name"], line["scopes"]) == (other.row.pk, "nightly", ["read"])
        assert (line["prefix"], line["this"], line["made_by"]) == (other.row.prefix, False, "alice")
        rest = program.get(f"/me/tokens?cursor={found['next']}")
        assert ([one["this"] for one in rest["items"]], rest["next"]) == ([True], None)
        secret = other.text.rpartition("_")[2]
        assert secret not in program.ask("GET", "/me/tokens").content.decode()

    def test_one_is_revoked_at_once_and_once(self, alice: User) -> None:
        program, other = program_of(alice), token_for(alice, Scope.READ)
        first = program.post(f"/me/tokens/{other.row.pk}/revoke")
        assert first["revoked_at"] is not None
        assert program.post(f"/me/tokens/{other.row.pk}/revoke") == first
        assert Program(other.text).get("/me", 401)["code"] == "bad-token"
        entry = AuditEntry.objects.get(verb="revoke_token")
        assert entry.detail["token"].startswith("ci (")

    def test_a_reading_one_revokes_itself_and_no_other(self, alice: User) -> None:
        other, mine = token_for(alice), token_for(alice, Scope.READ)
        reader = Program(mine.text)
        assert reader.post(f"/me/tokens/{other.row.pk}/revoke", status=403)["code"] == "no-scope"
        assert reader.post(f"/me/tokens/{mine.row.pk}/revoke")["this"] is True
        reader.get("/me", 401)
        Program(other.text).get("/me")

    def test_anothers_is_not_there(self, alice: User, bob: User) -> None:
        other = token_for(bob)
        program_of(alice).post(f"/me/tokens/{other.row.pk}/revoke", status=404)
        Program(other.text).get("/me")

    def test_none_is_made_by_a_token(self, alice: User) -> None:
        assert program_of(alice).ask("POST", "/me/tokens", {"name": "x"}).status_code == 405


class TestTheCommand:
    """`manage.py create_token`."""

    def test_it_prints_the_token_and_nothing_else(self, dev: Environment, alice: User) -> None:
        out, err = io.StringIO(), io.StringIO()
        call_command("create_token", "alice", scopes="change,approve", expires="7", stdout=out, stderr=err)
        text = out.getvalue().strip()
        assert SHAPE.fullmatch(text)
        assert text.rpartition("_")[2] not in err.getvalue()
        Program(text).get("/environments")
        row = ApiToken.objects.get()
        assert row.scopes == ["read", "change", "approve"]
        assert row.expires_at is not None
        assert row.expires_at - timezone.now() < timedelta(days=7, seconds=1)
        assert AuditEntry.objects.get(verb="create_token").detail["token"] == "manage.py create_token"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"scopes": "all"}, "no scope"),
            ({"expires": "soon"}, "--expires"),
            ({"expires": "2020-01-01T00:00Z"}, "366 days"),
            ({"expires": "2020-13-41T00:00Z"}, "--expires"),
            ({"expires": "2020-01-01T00:00"}, "--expires"),
        ],
    )
    def test_what_it_does_not_understand(self, alice: User, options: dict[str, str], said: str) -> None:
        with pytest.raises(CommandError, match=said):
            call_command("create_token", "alice", **options)
        assert not ApiToken.objects.exists()

    def test_nobody_of_that_name(self, db: None) -> None:
        with pytest.raises(CommandError, match="nobody called zoe"):
            call_command("create_token", "zoe", expires="never")


class TestWhoGetsIn:
    """Nobody but whoever has a token that can be used."""

    def test_nothing_is_given(self, db: None) -> None:
        answer = Client().get("/api/v1/environments")
        assert answer.status_code == 401
        assert answer.json()["code"] == "no-token"
        assert answer["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            "sy_",
            "sy__",
            "sy_a_b",
            "sy_0123456789_" + "x" * 43,
            "Bearer",
            "\x00",
            "sy_é_é",
            "sy_a\x00_b",
            "é" * 9,
        ],
    )
    def test_what_is_no_token(self, alice: User, text: str) -> None:
        token_for(alice)
        assert Program(text).ask("GET", "/environments").status_code == 401

    def test_another_secret_behind_a_prefix(self, alice: User) -> None:
        made = token_for(alice)
        wrong = f"sy_{made.row.prefix}_{'x' * 43}"
        assert Program(wrong).get("/environments", 401)["code"] == "bad-token"

    def test_one_that_is_over(self, alice: User) -> None:
        made = token_for(alice, expires_at=timezone.now() + timedelta(minutes=1))
        Program(made.text).get("/environments")
        ApiToken.objects.update(expires_at=timezone.now())
        Program(made.text).get("/environments", 401)

    def test_one_of_somebody_who_is_switched_off(self, alice: User) -> None:
        program = program_of(alice)
        User.objects.update(is_active=False)
        program.get("/environments", 401)

    def test_a_session_opens_nothing(self, alice: User, client_of: Callable[[User], Client]) -> None:
        """No other site can have a browser use the API: a cookie is worth nothing here."""
        browser = client_of(alice)
        assert browser.get("/api/v1/environments").status_code == 401
        assert browser.post("/api/v1/environments", "{}", content_type="application/json").status_code == 401

    def test_a_session_beside_a_token_lends_it_nothing(
        self, ada: User, alice: User, client_of: Callable[[User], Client]
    ) -> None:
        """ada's browser with alice's token: alice it is, who may not read the audit."""
        header = {"Authorization": f"Bearer {token_for(alice).text}"}
        assert client_of(ada).get("/api/v1/audit", headers=header).status_code == 403

    def test_when_it_was_used_is_kept(self, alice: User) -> None:
        program = program_of(alice)
        assert ApiToken.objects.get().last_used_at is None
        program.get("/environments")
        assert ApiToken.objects.get().last_used_at is not None


class TestSecrets:
    """A token is nowhere but with whoever has it."""

    def test_no_table_has_it(self, dev: Environment, alice: User) -> None:
        made = token_for(alice)
        Program(made.text).post("/environments/hello-erlang/dev-alice/changes", {"kind": "park"}, 202)
        secret = made.text.split("_", 2)[2]
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  (names of our own tables)
                assert secret not in str(cursor.fetchall()), table

    def test_no_log_has_it(
        self, alice: User, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        made = token_for(alice)
        Program(made.text).get("/environments")
        Program(made.text + "x").get("/environments", 401)
        Program(made.text).get("/nothing", 404)
        secret = made.text.split("_", 2)[2]
        assert secret not in caplog.text
        assert secret not in "".join(capfd.readouterr())


def test_the_audit_names_the_token(dev: Environment, alice: User) -> None:
    made = token_for(alice, name="deploy robot")
    Program(made.text).post("/environments/hello-erlang/dev-alice/changes", {"kind": "park"}, 202)
    entry = AuditEntry.objects.get(verb="request_park")
    assert entry.by == alice
    assert entry.detail["token"] == f"deploy robot ({made.row.prefix})"


def test_scopes_are_held_to(dev: Environment, alice: User) -> None:
    reader = program_of(alice, Scope.READ)
    reader.get("/environments")
    refused = reader.post("/environments/hello-erlang/dev-alice/changes", {"kind": "park"}, 403)
    assert (refused["code"], refused["detail"]) == ("no-scope", "This token may read; this needs change.")
