"""Scheduled values by the API: made on the version that was looked at, listed, taken up again, cancelled."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import Scope, User
from portal.api.service import description
from provisioning.flags.sealing import opened
from provisioning.lifecycle import ChangeStatus, ScheduleStatus
from provisioning.models import Account, Change, Environment, Parameter, ParameterSchedule

from .. import rows
from ..flags.scene import CANARY, FLAG, parameter, version
from ..flags.test_schedules import made
from .program import Program, program_of, told

HERE = "/environments/fileshare/dev"
ALL, V1 = f"{HERE}/schedules", '"v1.1"'


@pytest.fixture
def share(account: Account, alice: User) -> Environment:
    """A fileshare with its flag, off, and a secret."""
    found = rows.environment(alice, "dev", "fileshare")
    parameter(found, FLAG, "false")
    parameter(found, "deep/api_token", CANARY, type="SecureString")
    return found


@pytest.fixture
def prod(account: Account, alice: User) -> Environment:
    """Where somebody else decides."""
    found = rows.environment(alice, "prod", "fileshare")
    parameter(found, FLAG, "false")
    return found


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def soon() -> datetime:
    """In two hours."""
    return timezone.now() + timedelta(hours=2)


class TestMaking:
    """POST …/schedules."""

    def test_a_value_at_a_time_waits(self, share: Environment, program: Program) -> None:
        at = soon()
        answer = program.ask("POST", ALL, {"key": FLAG, "value": "true", "at": at, "reason": "The fair"}, If_Match=V1)
        found = told(answer, 202)
        row = ParameterSchedule.objects.get()
        assert answer["Location"] == f"/api/v1{ALL}/{row.pk}"
        assert (row.value, row.at, row.expected_version, row.reason) == ("true", at, 1, "The fair")
        assert (found["id"], found["status"], found["change"], found["why_not_cancel"]) == (row.pk, "waiting", None, "")
        assert program.get(f"{ALL}/{row.pk}")["value"] == "true"
        assert not Change.objects.exists()

    def test_for_a_while_begins_at_once(self, share: Environment, program: Program) -> None:
        found = program.post(ALL, {"key": FLAG, "value": "true", "back_minutes": 30}, 202, If_Match=V1)
        change = Change.objects.get()
        assert found["change"] == str(change.pk)
        assert change.goal["back"] == {"at": None, "minutes": 30}
        back = program.get(f"{ALL}/{found['back']}")
        assert (back["value"], back["minutes"], back["back_of"], back["expected_version"]) == (
            "false",
            30,
            found["id"],
            None,
        )

    def test_where_somebody_decides_they_are_asked_at_once(self, prod: Environment, program: Program) -> None:
        sent = {"key": FLAG, "value": "true", "at": soon(), "back_at": soon() + timedelta(hours=1)}
        found = program.post("/environments/fileshare/prod/schedules", sent, 202, If_Match=V1)
        change = Change.objects.get()
        assert (found["change"], change.start_at is not None) == (str(change.pk), True)

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({}, "at"),
            ({"at": "2020-01-01T09:00:00Z"}, "at"),
            ({"at": "tomorrow"}, "at"),
            ({"back_minutes": 0}, "back_minutes"),
            ({"back_minutes": 5, "back_at": "2099-01-01T09:00:00Z"}, "back_at"),
            ({"back_minutes": 5, "value": "TRUE"}, FLAG),
            ({"back_minutes": 5, "value": ""}, "value"),
            ({"back_minutes": 5, "start_at": "2099-01-01T09:00:00Z"}, "start_at"),
        ],
    )
    def test_what_is_wrong_is_said(self, share: Environment, program: Program, sent: Any, field: str) -> None:
        found = program.post(ALL, {"key": FLAG, "value": "true", **sent}, 422, If_Match=V1)
        assert list(found["fields"]) == [field]
        assert not ParameterSchedule.objects.exists()

    def test_only_on_the_version_that_was_looked_at(self, share: Environment, program: Program) -> None:
        sent = {"key": FLAG, "value": "true", "at": soon()}
        assert program.post(ALL, sent, 428)["code"] == "no-version"
        assert program.post(ALL, sent, 412, If_Match='"v1.2"')["code"] == "version-moved"
        assert program.post(ALL, sent, 412, If_None_Match="*")["code"] == "exists"
        assert program.post(ALL, sent | {"key": "nothing"}, 404, If_Match=V1)["code"] == "not-found"
        Parameter.objects.filter(key=FLAG).update(gone_at=timezone.now())
        assert program.post(ALL, sent, 404, If_None_Match="*")["code"] == "not-found"
        assert not ParameterSchedule.objects.exists()

    def test_the_description_says_so(self, db: None) -> None:
        paths = description()["paths"]
        for path in (ALL, f"{ALL}/{{schedule}}/resume"):
            named = path.replace(HERE, "/environments/{app}/{name}")
            assert "If-Match" in {one["name"] for one in paths[f"/api/v1{named}"]["post"]["parameters"]}

    def test_one_at_a_time(self, share: Environment, program: Program) -> None:
        sent = {"key": FLAG, "value": "true", "at": soon()}
        program.post(ALL, sent, 202, If_Match=V1)
        found = program.post(ALL, sent | {"at": soon() + timedelta(days=1)}, 409, If_Match=V1)
        assert found["code"] == "scheduled"

    @pytest.mark.parametrize("times", [{"at": "later"}, {"back_minutes": 30}], ids=["waiting", "with a change"])
    def test_sent_twice_it_is_one(self, share: Environment, program: Program, times: dict[str, Any]) -> None:
        times = times | ({"at": soon()} if "at" in times else {})
        sent = {"key": FLAG, "value": "true", "confirmed": True, **times}
        first = program.ask("POST", ALL, sent, If_Match=V1, Idempotency_Key="k")
        program.post(f"{ALL}/{told(first, 202)['id']}/cancel")
        again = program.ask("POST", ALL, sent, If_Match=V1, Idempotency_Key="k")
        assert (again["Idempotent-Replayed"], told(again, 202)["id"]) == ("true", told(first, 202)["id"])
        assert told(again, 202)["status"] == "cancelled"
        assert ParameterSchedule.objects.filter(back_of=None).count() == 1
        refused = program.post(ALL, sent | {"value": "false"}, 422, If_Match=V1, Idempotency_Key="k")
        assert refused["code"] == "key-reused"

    def test_who_may_not(self, share: Environment, alice: User, bob: User, audrey: User) -> None:
        mine = rows.environment(bob, "dev-bob", "fileshare")
        parameter(mine, FLAG, "false")
        sent = {"key": FLAG, "value": "true", "at": soon()}
        assert program_of(audrey).post(ALL, sent, 403, If_Match=V1)["code"] == "not-allowed"
        assert program_of(alice, Scope.READ).post(ALL, sent, 403, If_Match=V1)["code"] == "no-scope"
        theirs = "/environments/fileshare/dev-bob/schedules"
        assert program_of(alice).post(theirs, sent, 403, If_Match=V1)["code"] == "not-yours"
        assert not ParameterSchedule.objects.exists()

    def test_a_secret_is_never_told(self, share: Environment, program: Program) -> None:
        sent = {"key": "deep/api_token", "value": f"{CANARY}-2", "at": soon()}
        answer = program.ask("POST", ALL, sent, If_Match=V1)
        row = ParameterSchedule.objects.get()
        assert opened("SecureString", row.value) == f"{CANARY}-2"
        assert told(answer, 202)["value"] is None
        for path in (ALL, f"{ALL}/{row.pk}", "/schedules"):
            text = program.ask("GET", path).content.decode()
            assert CANARY not in text
            assert row.value not in text


class TestReading:
    """GET …/schedules, GET /schedules."""

    def test_the_list_and_its_filters(
        self, share: Environment, prod: Environment, alice: User, program: Program, audrey: User
    ) -> None:
        done, waits = made(share, alice, status=ScheduleStatus.DONE), made(share, alice)
        secret = made(share, alice, parameter=Parameter.objects.get(key="deep/api_token"))
        other = made(prod, alice, status=ScheduleStatus.SUSPENDED, problem="It was set meanwhile.")
        for path, expected in (
            (ALL, [secret.pk, waits.pk, done.pk]),
            (f"{ALL}?key={FLAG}", [waits.pk, done.pk]),
            (f"{ALL}?status=live", [secret.pk, waits.pk]),
            (f"{ALL}?status=done", [done.pk]),
            ("/schedules", [other.pk, secret.pk, waits.pk, done.pk]),
            ("/schedules?status=suspended", [other.pk]),
            ("/schedules?application=fileshare&environment=prod", [other.pk]),
            ("/schedules?application=hello-erlang", []),
        ):
            assert [one["id"] for one in program_of(audrey).get(path)["items"]] == expected, path
        first = program.get("/schedules?limit=3")
        assert [one["id"] for one in program.get(f"/schedules?cursor={first['next']}")["items"]] == [done.pk]
        program.get(f"{ALL}?status=soon", 422)

    def test_one(self, share: Environment, alice: User, program: Program, audrey: User) -> None:
        row = made(share, alice, status=ScheduleStatus.SUSPENDED, problem="It was set meanwhile.")
        found = program.get(f"{ALL}/{row.pk}")
        assert (found["by"], found["problem"], found["resumes"]) == ("alice", "It was set meanwhile.", True)
        assert found["expected_version"] == "v1.1"
        assert "not change anything" in program_of(audrey).get(f"{ALL}/{row.pk}")["why_not_cancel"]
        for path in (f"{ALL}/{row.pk + 1}", f"/environments/fileshare/prod/schedules/{row.pk}", f"{ALL}/{10**30}"):
            program.get(path, 404)


class TestEnding:
    """…/cancel, …/resume."""

    def test_cancelled_once(self, share: Environment, alice: User, program: Program) -> None:
        row = made(share, alice)
        assert program.post(f"{ALL}/{row.pk}/cancel")["status"] == "cancelled"
        again = program.ask("POST", f"{ALL}/{row.pk}/cancel")
        assert (told(again, 200)["status"], again["Idempotent-Replayed"]) == ("cancelled", "true")

    def test_what_is_over_is_not_cancelled(self, share: Environment, alice: User, program: Program) -> None:
        row = made(share, alice, status=ScheduleStatus.DONE)
        assert program.post(f"{ALL}/{row.pk}/cancel", status=409)["code"] == "too-late"

    def test_an_agreed_way_back_is_not_whose_who_asked(self, prod: Environment, alice: User, program: Program) -> None:
        change = rows.change(prod, alice, ChangeStatus.SUCCEEDED)
        first = made(prod, alice, status=ScheduleStatus.DONE, change=change)
        back = made(prod, alice, value="true", back_of=first)
        path = f"/environments/fileshare/prod/schedules/{back.pk}"
        assert "part of what was approved" in program.get(path)["why_not_cancel"]
        assert program.post(f"{path}/cancel", status=403)["code"] == "agreed"

    def test_taken_up_on_the_version_that_is_there_now(
        self, share: Environment, alice: User, bob: User, program: Program
    ) -> None:
        row = made(share, bob, value="true", status=ScheduleStatus.SUSPENDED, problem="It was set meanwhile.")
        Parameter.objects.filter(pk=row.parameter_id).update(version=2, value="maybe")
        version(Parameter.objects.get(pk=row.parameter_id), 2, "maybe")
        path, at = f"{ALL}/{row.pk}/resume", soon()
        assert program.post(path, {}, 428)["code"] == "no-version"
        assert program.post(path, {}, 412, If_Match=V1)["code"] == "version-moved"
        past = program.post(path, {"at": "2020-01-01T09:00:00Z"}, 422, If_Match='"v1.2"')
        assert list(past["fields"]) == ["at"]
        found = program.post(path, {"at": at}, If_Match='"v1.2"')
        assert (found["status"], found["expected_version"], found["by"]) == ("waiting", "v1.2", "alice")
        again = program.ask("POST", path, {"at": at}, If_Match='"v1.2"')
        assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
        refused = program_of(bob).post(path, {}, 409, If_Match='"v1.2"')
        assert refused["code"] == "not-suspended"

    def test_where_somebody_decides_they_are_asked_anew(self, prod: Environment, alice: User, program: Program) -> None:
        row = made(prod, alice, value="true", status=ScheduleStatus.SUSPENDED)
        found = program.post(f"/environments/fileshare/prod/schedules/{row.pk}/resume", {}, If_Match=V1)
        assert found["change"] == str(Change.objects.get().pk)

    def test_who_may_not(self, share: Environment, alice: User, audrey: User) -> None:
        row = made(share, alice, status=ScheduleStatus.SUSPENDED)
        for act in ("cancel", "resume"):
            for program in (program_of(audrey), program_of(alice, Scope.READ)):
                program.post(f"{ALL}/{row.pk}/{act}", {}, 403, If_Match=V1)
        row.refresh_from_db()
        assert row.status == ScheduleStatus.SUSPENDED
