"""stackyard flags schedule|schedules|unschedule|resume: values at a time, for a while, or both."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.flags.sealing import opened
from provisioning.lifecycle import ScheduleStatus
from provisioning.models import Change, Environment, Parameter, ParameterSchedule

from .. import rows
from ..flags.scene import CANARY, FLAG, parameter, version
from ..flags.test_schedules import made
from .served import Terminal

ENV = "fileshare/dev"
WORDS = ("flags", "schedule", ENV, FLAG, "true")


@pytest.fixture(autouse=True)
def dev_share(alice: User, served: object) -> Environment:
    """fileshare/dev with its flag, off, and a secret."""
    found = rows.environment(alice, "dev", "fileshare")
    parameter(found, FLAG, "false")
    parameter(found, "token", CANARY, type="SecureString")
    return found


class TestMaking:
    """schedule."""

    def test_at_a_time(self, alice_types: Terminal) -> None:
        told = alice_types.json(*WORDS, "--at", "2h", "--reason", "The fair", "--no-redeploy")
        row = ParameterSchedule.objects.get()
        assert (told["id"], row.reason, row.expected_version, row.redeploy) == (row.pk, "The fair", 1, False)
        assert abs(row.at - timezone.now() - timedelta(hours=2)) < timedelta(minutes=5)
        assert not Change.objects.exists()
        shown = alice_types.told("flags", "schedules", ENV)
        assert shown.splitlines()[1].split()[:5] == [str(row.pk), ENV, FLAG, "true", "waiting"]

    def test_for_a_while(self, alice_types: Terminal) -> None:
        done = alice_types.run(*WORDS, "--for", "90m")
        assert done.exit_code == 0, done.output
        assert "90 min after it is stored" in done.stdout
        change = Change.objects.get()
        assert f"stackyard changes watch {change.pk}" in done.stderr
        assert change.goal["back"] == {"at": None, "minutes": 90}

    def test_for_a_while_in_prod_waits_for_somebody(self, alice: User, alice_types: Terminal) -> None:
        parameter(rows.environment(alice, "prod", "fileshare"), FLAG, "false")
        words = ("flags", "schedule", "fileshare/prod", FLAG, "true", "--at", "30m", "--back-at", "3h")
        done = alice_types.run(*words, "--wait", "--timeout", "0")
        assert done.exit_code in {8, 9}, done.output
        assert Change.objects.get().start_at is not None

    def test_waiting_for_what_has_not_begun(self, alice_types: Terminal) -> None:
        done = alice_types.run(*WORDS, "--at", "2h", "--wait")
        assert (done.exit_code, "begins at its time" in done.stderr) == (0, True)

    def test_a_secret_comes_from_standard_input_and_is_not_told(self, alice_types: Terminal) -> None:
        done = alice_types.run("flags", "schedule", ENV, "token", "-", "--at", "2h", typed=f"{CANARY}-2\n")
        assert done.exit_code == 0, done.output
        assert CANARY not in done.output + alice_types.told("flags", "schedules", ENV)
        assert opened("SecureString", ParameterSchedule.objects.get().value) == f"{CANARY}-2"

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ([], 2),
            (["--for", "soon"], 2),
            (["--for", "30"], 2),
            (["--for", "30m", "--back-at", "2h"], 2),
            (["--at", "later"], 2),
            (["--at", "2020-01-01"], 2),
            (["--for", "9w"], 2),
            (["--at", "2h", "--if-match", "v1.7"], 5),
            (["--at", "2h", "--if-match", "7"], 2),
        ],
    )
    def test_what_is_refused(self, alice_types: Terminal, words: list[str], code: int) -> None:
        alice_types.refused(*WORDS, *words, code=code)
        alice_types.refused("flags", "schedule", ENV, "nothing", "x", "--at", "2h", code=4)
        assert not ParameterSchedule.objects.exists()

    def test_twice_with_one_key_is_once(self, alice_types: Terminal) -> None:
        at = ("--at", f"{timezone.now() + timedelta(hours=2):%Y-%m-%dT%H:%M}")
        told = [alice_types.json(*WORDS, *at, "--key", "k-1")["id"] for _ in range(2)]
        assert told[0] == told[1]
        assert "has scheduled" in alice_types.refused(*WORDS, "--at", "3h", code=5)


class TestEnds:
    """schedules, unschedule, resume."""

    def test_those_of_all_environments_and_those_that_are_over(
        self, alice: User, dev_share: Environment, alice_types: Terminal
    ) -> None:
        prod = rows.environment(alice, "prod", "fileshare")
        parameter(prod, FLAG, "false")
        over, waits = made(dev_share, alice, status=ScheduleStatus.DONE), made(prod, alice)
        back = made(prod, alice, value="false", back_of=waits, minutes=30, expected_version=None)
        for words, expected in (
            ([ENV], []),
            ([ENV, "--all"], [over.pk]),
            ([], [back.pk, waits.pk]),
            (["--app", "hello-erlang"], []),
            (["--flag", "token", "--all"], []),
        ):
            assert [one["id"] for one in alice_types.json("flags", "schedules", *words)["items"]] == expected, words
        assert f"30 min after {waits.pk}" in alice_types.told("flags", "schedules")
        assert alice_types.told("flags", "schedules", ENV) == "Nothing is scheduled.\n"

    def test_cancelled_once(self, alice: User, dev_share: Environment, alice_types: Terminal) -> None:
        row = made(dev_share, alice)
        for _ in range(2):
            assert alice_types.json("flags", "unschedule", ENV, str(row.pk))["status"] == "cancelled"
        alice_types.refused("flags", "unschedule", "fileshare/prod", str(row.pk), code=4)
        ParameterSchedule.objects.update(status=ScheduleStatus.DONE)
        assert "done already" in alice_types.refused("flags", "unschedule", ENV, str(row.pk), code=5)

    def test_taken_up_again_on_what_is_there_now(
        self, alice: User, dev_share: Environment, alice_types: Terminal
    ) -> None:
        row = made(dev_share, alice, value="true", status=ScheduleStatus.SUSPENDED, problem="It was set meanwhile.")
        Parameter.objects.filter(pk=row.parameter_id).update(version=2, value="maybe")
        version(Parameter.objects.get(pk=row.parameter_id), 2, "maybe")
        words = ("flags", "resume", ENV, str(row.pk))
        assert "set meanwhile" in alice_types.run(*words, "--if-match", "v1.1").stderr
        done = alice_types.run(*words, "--at", "2h")
        assert done.exit_code == 0, done.output
        assert "Stored now: maybe (v1.2). It becomes true." in done.stderr
        row.refresh_from_db()
        assert (row.status, row.expected_version) == (ScheduleStatus.WAITING, 2)
