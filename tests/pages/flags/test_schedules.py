"""Scheduling a value, its list, taking it up again, cancelling: in dev and where somebody decides."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeStatus, ScheduleStatus
from provisioning.models import Change, Environment, Parameter, ParameterSchedule

from .scene import CANARY, FLAG, ClientOf, Flags, address, parameter, version, where, words

SOON = timedelta(hours=2)


def typed(at: datetime) -> str:
    """A time as a browser sends it."""
    return f"{at:%Y-%m-%dT%H:%M}"


def schedule(flags: Flags, environment: Environment, **data: str) -> Any:
    """Send the form of a schedule, on version 1 unless said otherwise."""
    return flags.post(
        environment, "parameter_schedule", **{"value": "false", "expected": "1", "redeploy": "no", **data}
    )


def made(environment: Environment, user: User, **columns: Any) -> ParameterSchedule:
    """A schedule of the flag, as the verbs leave it."""
    row = columns.pop("parameter", None) or Parameter.objects.get(environment=environment, key=FLAG)
    return ParameterSchedule.objects.create(
        **{
            "parameter": row,
            "value": "false",
            "at": timezone.now() + SOON,
            "status": ScheduleStatus.WAITING,
            "expected_version": row.version,
            "by": user,
            "asked_at": timezone.now(),
            **columns,
        }
    )


def act(client: Client, name: str, row: ParameterSchedule, **data: str) -> Any:
    """Post to an address of a schedule."""
    url = reverse(name, args=(*where(row.parameter.environment), row.pk))
    return client.post(url, data)


class TestAsking:
    """The form."""

    def test_a_value_at_a_time_waits(self, flags: Flags, shared: Environment) -> None:
        at = timezone.now() + SOON
        answer = schedule(flags, shared, at=typed(at), reason="The fair begins")
        assert answer["Location"] == f"{address(shared, 'parameter', key=FLAG)}#schedules"
        page = flags.page(shared)
        assert f'title="{at:%Y-%m-%d %H:%M} UTC"' in page
        assert "Scheduled When Value Stands Who Acts" in words(page)
        assert "The fair begins" in words(page)
        assert "Waiting" in words(page)
        assert not Change.objects.filter(environment=shared).exists()

    def test_for_a_while_begins_at_once(self, flags: Flags, shared: Environment) -> None:
        answer = schedule(flags, shared, back_minutes="30")
        assert answer["Location"].endswith("#states")
        change = Change.objects.get(environment=shared)
        assert change.goal["back"] == {"at": None, "minutes": 30}
        page = words(flags.page(shared))
        assert "30 min after it is stored" in page
        assert "back to true" in page

    def test_where_somebody_decides_it_leads_to_the_change(self, flags: Flags, prod: Environment) -> None:
        page = words(flags.page(prod, name="parameter_schedule"))
        assert "Somebody decides now, with the times in the plan." in page
        assert "Ask for this" in page
        answer = schedule(flags, prod, at=typed(timezone.now() + SOON), back_minutes="30")
        change = Change.objects.get(environment=prod)
        assert answer["Location"] == reverse("change", args=[change.pk])
        assert change.start_at is not None

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            ({}, "Say when it is set, or when it goes back."),
            ({"at": "2020-01-01T09:00"}, "is in the past"),
            ({"back_minutes": "0"}, "greater than or equal to 1"),
            ({"back_minutes": "5", "back_at": "2099-01-01T09:00"}, "not both"),
            ({"at": "tomorrow"}, "Enter a valid date/time."),
            ({"back_minutes": "5", "value": "TRUE"}, "Select a valid choice"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_stays(
        self, flags: Flags, shared: Environment, data: dict[str, str], sentence: str
    ) -> None:
        answer = schedule(flags, shared, reason="Kept words", **data)
        assert answer.status_code == 400
        page = answer.content.decode()
        assert sentence in words(page)
        assert "Kept words" in page
        assert not ParameterSchedule.objects.exists()

    def test_somebody_was_quicker(self, flags: Flags, shared: Environment) -> None:
        Parameter.objects.filter(environment=shared).update(version=2)
        answer = schedule(flags, shared, at=typed(timezone.now() + SOON))
        assert answer.status_code == 409
        assert "you looked at v1" in words(answer.content.decode())
        assert 'name="expected" value="2"' in answer.content.decode()

    def test_what_is_not_there_has_no_form(self, flags: Flags, shared: Environment) -> None:
        Parameter.objects.filter(environment=shared).update(gone_at=timezone.now())
        answer = flags.client.get(address(shared, "parameter_schedule", key=FLAG))
        assert answer.status_code == 404


class TestEnds:
    """Cancelled, resumed."""

    def test_cancelled_from_where_it_is_listed(self, flags: Flags, shared: Environment, alice: User) -> None:
        row = made(shared, alice)
        back = reverse("environment_flags", args=where(shared))
        assert "Cancel: use_dynamodb" in flags.tab(shared)
        answer = act(flags.client, "parameter_schedule_cancel", row, back=back)
        assert answer["Location"] == back
        row.refresh_from_db()
        assert row.status == ScheduleStatus.CANCELLED
        assert "Scheduled" not in words(flags.tab(shared))
        assert "Cancelled by alice." in words(flags.page(shared))

    def test_it_leads_nowhere_else(self, flags: Flags, shared: Environment, alice: User) -> None:
        answer = act(flags.client, "parameter_schedule_cancel", made(shared, alice), back="https://example.com/")
        assert answer["Location"] == address(shared, "parameter", key=FLAG)

    def test_an_agreed_way_back_has_no_button_for_who_asked(self, flags: Flags, prod: Environment, alice: User) -> None:
        change = Change.objects.create(
            environment=prod,
            kind="set_parameters",
            status=ChangeStatus.SUCCEEDED,
            requested_by=alice,
            requested_at=timezone.now(),
            finished_at=timezone.now(),
        )
        first = made(prod, alice, status=ScheduleStatus.DONE, change=change)
        row = made(prod, alice, value="true", back_of=first)
        page = flags.page(prod)
        assert "The way back is part of what was approved" in words(page)
        assert reverse("parameter_schedule_cancel", args=(*where(prod), row.pk)) not in page
        assert act(flags.client, "parameter_schedule_cancel", row).status_code == 403
        row.refresh_from_db()
        assert row.status == ScheduleStatus.WAITING

    def test_resumed_with_both_values_before_the_eyes(self, flags: Flags, shared: Environment, alice: User) -> None:
        row = made(
            shared, alice, status=ScheduleStatus.SUSPENDED, problem="It was set meanwhile: “maybe” (v2). Planned on v1."
        )
        Parameter.objects.filter(pk=row.parameter_id).update(version=2, value="maybe")
        version(Parameter.objects.get(pk=row.parameter_id), 2, "maybe")
        assert "Resume…" in flags.page(shared)
        url = reverse("parameter_schedule_resume", args=(*where(shared), row.pk))
        page = words(flags.text(flags.client.get(url)))
        assert "It was set meanwhile: “maybe” (v2)." in page
        assert "Stored now: maybe v2" in page
        assert "it becomes false" in page
        refused = act(flags.client, "parameter_schedule_resume", row, expected="1")
        assert refused.status_code == 409
        assert 'name="expected" value="2"' in refused.content.decode()
        answer = act(flags.client, "parameter_schedule_resume", row, expected="2", at=typed(timezone.now() + SOON))
        assert answer["Location"].endswith("#schedules")
        row.refresh_from_db()
        assert (row.status, row.expected_version) == (ScheduleStatus.WAITING, 2)

    def test_nothing_to_resume_leads_back(self, flags: Flags, shared: Environment, alice: User) -> None:
        url = reverse("parameter_schedule_resume", args=(*where(shared), made(shared, alice).pk))
        assert flags.client.get(url)["Location"] == address(shared, "parameter", key=FLAG)

    def test_another_environments_is_none_of_this_one(
        self, flags: Flags, shared: Environment, staging: Environment, alice: User
    ) -> None:
        row = made(shared, alice)
        for name in ("parameter_schedule_cancel", "parameter_schedule_resume"):
            assert flags.client.post(reverse(name, args=(*where(staging), row.pk))).status_code == 404


class TestLists:
    """Who sees what."""

    def test_the_matrix_lists_what_waits(
        self, flags: Flags, shared: Environment, prod: Environment, alice: User
    ) -> None:
        made(prod, alice, reason="Night work")
        page = words(flags.matrix())
        assert "use_dynamodb prod" in page
        assert "Night work" in page

    def test_auditors_read_and_have_no_buttons(
        self, client_of: ClientOf, audrey: User, shared: Environment, alice: User
    ) -> None:
        row = made(shared, alice, status=ScheduleStatus.SUSPENDED)
        auditor = Flags(client_of(audrey))
        page = auditor.page(shared)
        assert "Suspended" in words(page)
        assert "Resume…" not in page
        assert act(auditor.client, "parameter_schedule_cancel", row).status_code == 403
        assert auditor.client.get(address(shared, "parameter_schedule", key=FLAG)).status_code == 403

    def test_a_secret_is_in_no_list_and_no_form(self, flags: Flags, shared: Environment, alice: User) -> None:
        row = parameter(shared, "token", CANARY, type="SecureString")
        schedule(flags, shared, key=row.key, value=f"{CANARY}-2", at=typed(timezone.now() + SOON))
        made(shared, alice, parameter=row, status=ScheduleStatus.SUSPENDED, value=row.value)
        suspended = ParameterSchedule.objects.get(status=ScheduleStatus.SUSPENDED)
        for page in (
            flags.page(shared, "token"),
            flags.page(shared, "token", "parameter_schedule"),
            flags.tab(shared),
            flags.matrix(),
            flags.text(flags.client.get(reverse("parameter_schedule_resume", args=(*where(shared), suspended.pk)))),
        ):
            assert CANARY not in page
            assert suspended.value not in page
