"""Parameters of all environments at once, one by itself, its deletion, and a secret's value, by the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import Scope, User
from provisioning.flags.sealing import digest
from provisioning.models import Account, AuditEntry, Change, Environment, Parameter

from .. import rows
from ..flags.conftest import ssm
from ..flags.scene import CANARY, FLAG, parameter, path_row, version
from ..flags.test_schedules import made
from .program import Program, program_of

__all__ = ["ssm"]  # a fixture
HERE = "/environments/fileshare/dev"
NAME, NEWER = "/fileshare/dev/token", f"{CANARY}-newer"
REVEAL = f"{HERE}/parameter-reveal/token"


@pytest.fixture
def dev_share(account: Account, alice: User) -> Environment:
    """fileshare/dev: its flag, on; a secret with two versions; what a stack makes; what nobody declared."""
    found = rows.environment(alice, "dev", "fileshare")
    path_row(found)
    parameter(found, FLAG, "true", by=alice)
    version(parameter(found, "token", NEWER, type="SecureString", version=2), 1, CANARY, ago=60)
    parameter(found, "dynamodb_policy_arn", "arn:dev", owned_by="Policy")
    parameter(found, "limits/upload", "5")
    return found


@pytest.fixture
def prod(account: Account, alice: User) -> Environment:
    """fileshare/prod, whose flag is off and odd."""
    found = rows.environment(alice, "prod", "fileshare")
    path_row(found)
    parameter(found, FLAG, "TRUE", live_version=1, live_on=1, live_of=3, outside_at=timezone.now())
    parameter(found, "limits/upload", "5")
    return found


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def keys(found: dict[str, Any]) -> list[str]:
    return [one["key"] for one in found["items"]]


class TestAllAtOnce:
    """GET /flags."""

    def test_a_line_has_a_cell_for_each_environment(
        self, dev_share: Environment, prod: Environment, alice: User, program: Program
    ) -> None:
        made(dev_share, alice)
        path_row(prod, read_at=timezone.now() - timedelta(hours=1))
        found = program.get("/flags?application=fileshare")
        assert [one["reading"] for one in found["environments"]] == [False, True], "whoever asks has it read again"
        assert [(one["environment"], one["stage"]) for one in found["environments"]] == [
            ("fileshare/dev", "dev"),
            ("fileshare/prod", "prod"),
        ]
        assert (found["application"], found["total"], found["left_out"], found["next"]) == ("fileshare", 4, 0, None)
        flag = next(one for one in found["items"] if one["key"] == FLAG)
        assert (flag["type"], flag["secret"]) == ("boolean", False)
        here, there = flag["cells"]
        assert (here["value"], here["version"], here["who"], here["wrong"]) == ("true", 1, "Alice", "")
        assert [one["word"] for one in here["marks"]] == ["scheduled"]
        assert (there["value"], there["wrong"] != "") == ("TRUE", True)
        assert [one["word"] for one in there["marks"]] == ["outside", "live: 1 of 3 on v1"]

    def test_secrets_are_hidden_and_what_is_missing_says_so(
        self, dev_share: Environment, prod: Environment, program: Program
    ) -> None:
        answer = program.ask("GET", "/flags?application=fileshare")
        assert CANARY not in answer.content.decode()
        (line,) = program.get("/flags?application=fileshare&only=secrets")["items"]
        here, there = line["cells"]
        assert (here["stored"], here["hidden"], here["value"], here["version"]) == (True, True, None, 2)
        assert (there["stored"], there["hidden"], there["value"], there["version"]) == (False, False, None, None)

    def test_the_filters_of_the_page(self, dev_share: Environment, prod: Environment, program: Program) -> None:
        for query, expected in (
            ("", ["dynamodb_policy_arn", "limits/upload", "token", FLAG]),
            ("&only=flags", [FLAG]),
            ("&only=parameters", ["limits/upload", "token"]),
            ("&only=stacks", ["dynamodb_policy_arn"]),
            ("&q=upload", ["limits/upload"]),
            ("&q=canary", []),
            ("&view=differs", ["token", FLAG]),
        ):
            assert keys(program.get(f"/flags?application=fileshare{query}")) == expected, query
        program.get("/flags?only=some", 422)

    def test_the_same_secret_has_the_same_letter(
        self, dev_share: Environment, prod: Environment, alice: User, program: Program
    ) -> None:
        parameter(prod, "token", CANARY, type="SecureString")
        staging = rows.environment(alice, "staging", "fileshare")
        path_row(staging)
        parameter(staging, "token", CANARY, type="SecureString")
        (line,) = program.get("/flags?application=fileshare&view=differs&only=secrets")["items"]
        assert [(one["letter"], one["odd"]) for one in line["cells"]] == [("A", True), ("B", False), ("B", False)]
        assert digest(CANARY) not in str(line)

    def test_pages_and_columns(
        self, dev_share: Environment, prod: Environment, alice: User, bob: User, program: Program
    ) -> None:
        first = program.get("/flags?application=fileshare&limit=3")
        assert keys(program.get(f"/flags?application=fileshare&cursor={first['next']}")) == [FLAG]
        for number in range(24):
            rows.environment(bob, f"dev-{number:02}", "fileshare")
        rows.environment(alice, "dev-alice", "fileshare")
        assert program.get("/flags?application=fileshare")["left_out"] == 7
        shared, mine = (program.get(f"/flags?application=fileshare&columns={one}") for one in ("shared", "mine"))
        assert [len(one["environments"]) for one in (shared, mine)] == [2, 3]

    def test_the_first_application_that_has_some(self, account: Account, program: Program) -> None:
        assert program.get("/flags")["application"] == "fileshare"
        assert program.get("/flags?application=nothing", 404)["code"] == "not-found"
        assert program.get("/flags?application=hello-erlang", 409)["code"] == "no-path"


class TestOne:
    """GET, DELETE …/parameters/{key}."""

    def test_how_old_it_is_and_what_runs(self, dev_share: Environment, program: Program) -> None:
        at = timezone.now()
        Parameter.objects.filter(key=FLAG).update(live_value="false", live_version=1, live_on=0, live_of=2, live_at=at)
        found = program.get(f"{HERE}/parameters/{FLAG}")
        assert (found["live_value"], found["reading"], found["problem"]) == ("false", False, "")
        assert found["read_at"] is not None
        assert (found["since"]["version"], found["since"]["who"]) == (1, "Alice")
        path_row(dev_share, read_at=at - timedelta(hours=1))
        assert program.get(f"{HERE}/parameters/{FLAG}")["reading"] is True, "whoever asks has it read again"

    def test_what_runs_of_a_secret_is_hidden(self, dev_share: Environment, program: Program) -> None:
        Parameter.objects.filter(key="token").update(live_value=CANARY, live_at=timezone.now(), live_on=1, live_of=1)
        assert CANARY not in program.ask("GET", f"{HERE}/parameters/token").content.decode()

    def test_the_list_of_one_environment_has_the_same_filter(self, dev_share: Environment, program: Program) -> None:
        for only, expected in (
            ("flags", [FLAG]),
            ("parameters", ["limits/upload", "token"]),
            ("secrets", ["token"]),
            ("stacks", ["dynamodb_policy_arn"]),
        ):
            assert keys(program.get(f"{HERE}/parameters?only={only}")) == expected

    def test_a_deletion_says_as_much_as_a_value(self, dev_share: Environment, alice: User, program: Program) -> None:
        version(Parameter.objects.get(key="limits/upload"), 2, "5", by=alice)
        Parameter.objects.filter(key="limits/upload").update(version=2)
        path = f"{HERE}/parameters/limits/upload?reason=unused&redeploy=false"
        assert program.ask("DELETE", path, If_Match='"v1.2"').status_code == 409, "somebody set it just now"
        assert program.ask("DELETE", f"{path}&confirmed=true", If_Match='"v1.2"').status_code == 202
        change = Change.objects.get()
        assert (change.reason, change.goal["redeploy"]) == ("unused", False)


class TestComparing:
    """GET …/parameter-difference/{key}."""

    def test_two_versions_line_by_line(self, dev_share: Environment, program: Program) -> None:
        row = Parameter.objects.get(key="limits/upload")
        version(row, 2, '{"a": 1, "b": 2}', ago=20)
        version(row, 3, '{"a": 1, "b": 3}', ago=10)
        path = f"{HERE}/parameter-difference/limits/upload"
        newest = program.get(path)
        assert (newest["before"], newest["after"], newest["same"]) == ("v1.2", "v1.3", False)
        assert newest["lines"] == [" {", '   "a": 1,', '-  "b": 2', '+  "b": 3', " }"]
        assert program.get(f"{path}?before=v1.1")["lines"][0] == "-5"
        assert program.get(f"{path}?before=v1.3&after=v1.3")["same"] is True
        assert program.get(f"{path}?before=v1.9", 404)["code"] == "not-found"
        assert program.get(f"{path}?after=v1.1", 404)["code"] == "not-found"
        program.get(f"{path}?before=3", 422)
        program.get(f"{HERE}/parameter-difference/nothing", 404)

    def test_secrets_are_compared_and_not_told(self, dev_share: Environment, program: Program) -> None:
        path = f"{HERE}/parameter-difference/token"
        found = program.get(path)
        assert (found["same"], found["lines"]) == (False, [])
        assert "The values differ" in found["said"]
        version(Parameter.objects.get(key="token"), 3, NEWER)
        assert program.get(path)["same"] is True
        assert CANARY not in program.ask("GET", path).content.decode()
        for number, value in ((4, f"{CANARY}-4"), (5, f"{CANARY}-5")):
            version(Parameter.objects.get(key="token"), number, value, type="String")
        assert (program.get(path)["same"], program.get(path)["lines"]) == (False, []), "plain once, a secret now"


class TestRevealing:
    """POST …/parameter-reveal/{key}."""

    @pytest.fixture(autouse=True)
    def _stored(self, dev_share: Environment, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        ssm: Any = request.getfixturevalue("ssm")
        ssm.put_parameter(Name=NAME, Value=CANARY, Type="SecureString")
        ssm.put_parameter(Name=NAME, Value=NEWER, Type="SecureString", Overwrite=True)

    def test_the_one_that_is_stored_or_an_earlier_one(self, program: Program, alice: User) -> None:
        answer = program.ask("POST", REVEAL, {"reason": "Rotating it"})
        assert answer["Cache-Control"] == "no-store"
        assert program.post(REVEAL, {"reason": "Rotating it"}) == {
            "key": "token",
            "generation": 1,
            "version": 2,
            "value": NEWER,
        }
        assert program.post(REVEAL, {"reason": "Rotating it", "version": 1})["value"] == CANARY
        entry = AuditEntry.objects.filter(verb="reveal_parameter").latest("pk")
        assert (entry.by, entry.reason, entry.detail["version"]) == (alice, "Rotating it", 1)
        assert entry.detail["token"].startswith("ci (")
        assert CANARY not in str(entry.detail) + entry.summary

    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            ({}, 422, "invalid"),
            ({"reason": " no "}, 422, "no-reason"),
            ({"reason": "Rotating it", "version": 9}, 404, "not-found"),
            ({"reason": "Rotating it", "version": 1, "generation": 2}, 404, "not-found"),
        ],
    )
    def test_what_is_refused(self, program: Program, sent: dict[str, Any], status: int, code: str) -> None:
        found = program.post(REVEAL, sent, status)
        assert found["code"] == code
        assert CANARY not in str(found)
        assert not AuditEntry.objects.filter(verb="reveal_parameter").exists()

    def test_only_secrets(self, program: Program) -> None:
        sent = {"reason": "Rotating it"}
        assert program.post(f"{HERE}/parameter-reveal/{FLAG}", sent, 409)["code"] == "no-secret"
        program.post(f"{HERE}/parameter-reveal/nothing", sent, 404)

    def test_who_may_not(self, dev_share: Environment, alice: User, bob: User, audrey: User) -> None:
        sent = {"reason": "Curious about it"}
        program_of(audrey).post(REVEAL, sent, 403)
        program_of(alice, Scope.READ).post(REVEAL, sent, 403)
        Environment.objects.filter(pk=dev_share.pk).update(name="dev-alice")
        Parameter.objects.filter(key="token").update(name="/fileshare/dev-alice/token")
        theirs = REVEAL.replace("/dev/", "/dev-alice/")
        assert program_of(bob).post(theirs, sent, 403)["code"] == "not-yours"
        assert not AuditEntry.objects.filter(verb="reveal_parameter").exists()
