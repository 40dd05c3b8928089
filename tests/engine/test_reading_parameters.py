"""Parameter paths: read once for everybody, and what is noticed of versions that others put."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.aws import parameters as store
from provisioning.engine.parameters.reading import EVERY, due_paths, path_of, read, want, want_now
from provisioning.flags.sealing import digest
from provisioning.lifecycle import ChangeKind, ParameterVerb, WriteState
from provisioning.models import Environment, Parameter, ParameterPath, ParameterVersion

from .yard import FILESHARE, HELLO, Yard

FLAG = "/fileshare/dev/use_dynamodb"
PAGES = "ssm.GetParametersByPath"


@pytest.fixture
def there(yard: Yard) -> Environment:
    """fileshare/dev, up, its path read once."""
    environment = yard.ready(FILESHARE)
    assert look(yard, environment)
    return environment


def look(yard: Yard, environment: Environment) -> bool:
    """Somebody looks; a worker that was rung reads."""
    rung = want([environment])
    return any(read(path_id, yard.fake.aws_for) for path_id in rung)


def later(yard: Yard, environment: Environment) -> bool:
    """Somebody looks half a minute later."""
    yard.clock.shift(timedelta(seconds=31))
    return look(yard, environment)


def flag() -> Parameter:
    return Parameter.objects.get(name=FLAG)


def put(yard: Yard, value: str, **more: Any) -> int:
    """Somebody puts the flag outside Stackyard."""
    return store.put_parameter(yard.fake.aws_for(None), FLAG, value, **more)  # type: ignore[arg-type]  # the fake knows one target


class TestReading:
    """How often AWS is asked."""

    def test_what_is_there_becomes_rows(self, there: Environment) -> None:
        keys = set(Parameter.objects.filter(environment=there).values_list("key", flat=True))
        assert {"use_dynamodb", "dynamodb_users_table_name", "dynamodb_policy_arn"} <= keys
        row = flag()
        assert (row.value, row.version, row.type, row.generation) == ("true", 1, "String", 1)
        assert row.outside_at is None

    def test_flags_pitfall_21_what_a_stack_makes_is_its_own(self, there: Environment) -> None:
        assert flag().owned_by == ""
        assert Parameter.objects.get(key="dynamodb_users_table_name").owned_by != ""

    def test_flags_pitfall_04_many_viewers_cost_one_reading_in_half_a_minute(
        self, yard: Yard, there: Environment
    ) -> None:
        before = yard.fake.calls[PAGES]
        for _ in range(50):
            look(yard, there)
        assert yard.fake.calls[PAGES] == before
        yard.clock.shift(timedelta(seconds=31))
        rung = [path_id for _ in range(50) for path_id in want([there])]
        assert len(rung) == 1
        assert [read(rung[0], yard.fake.aws_for) for _ in range(5)].count(True) == 1
        assert yard.fake.calls[PAGES] == before + 1

    def test_pages_are_counted(self, yard: Yard, there: Environment) -> None:
        row = ParameterPath.objects.get(environment=there)
        assert (row.reads, row.pages, row.problem) == (1, yard.fake.calls[PAGES] - 1, "")  # one of the create itself

    def test_without_viewers_a_path_is_read_every_ten_minutes(self, yard: Yard, there: Environment) -> None:
        assert due_paths(timezone.now()) == []
        yard.clock.shift(EVERY + timedelta(seconds=1))
        (path_id,) = due_paths(timezone.now())
        assert read(path_id, yard.fake.aws_for)
        assert due_paths(timezone.now()) == []

    def test_a_reading_wanted_during_a_reading_still_comes(self, yard: Yard, there: Environment) -> None:
        path_id = want_now(there)
        assert path_id is not None
        yard.clock.shift(timedelta(milliseconds=5))
        assert want_now(there) == path_id
        assert read(path_id, yard.fake.aws_for)
        assert due_paths(timezone.now()) == []

    def test_a_worker_that_ended_in_it_is_followed_by_another(self, yard: Yard, there: Environment) -> None:
        path_id = want_now(there)
        ParameterPath.objects.update(reading_until=timezone.now() + timedelta(seconds=60))
        assert path_id is not None
        assert not read(path_id, yard.fake.aws_for)
        yard.clock.shift(timedelta(seconds=61))
        assert due_paths(timezone.now()) == [path_id]
        assert read(path_id, yard.fake.aws_for)

    def test_an_application_without_a_path_has_none(self, yard: Yard) -> None:
        environment = yard.ready(HELLO)
        assert path_of(environment) is None
        assert want([environment]) == []

    def test_flags_pitfall_03_throttling_is_said_and_bounded(self, yard: Yard, there: Environment) -> None:
        yard.fake.script.throttle("GetParametersByPath", times=2)
        assert not later(yard, there)
        row = ParameterPath.objects.get()
        assert "slow down" in row.problem
        assert row.problem.endswith("Try 1 of 4.")
        assert row.read_due_at is not None
        assert row.read_due_at > timezone.now()
        yard.clock.shift(timedelta(seconds=10))
        assert not read(row.pk, yard.fake.aws_for)
        yard.clock.shift(timedelta(seconds=10))
        assert read(row.pk, yard.fake.aws_for)
        assert ParameterPath.objects.get().problem == ""
        assert flag().value == "true"


class TestOutside:
    """Versions that nobody here put."""

    def test_flags_pitfall_06_a_put_from_outside_is_noticed(self, yard: Yard, there: Environment) -> None:
        put(yard, "false")
        assert later(yard, there)
        row = flag()
        assert (row.value, row.version) == ("false", 2)
        assert row.outside_at is not None
        newest = ParameterVersion.objects.filter(parameter=row).first()
        assert newest is not None
        assert (newest.verb, newest.by, newest.version) == (ParameterVerb.OUTSIDE, None, 2)

    def test_several_puts_between_two_looks_are_all_kept(self, yard: Yard, there: Environment) -> None:
        for value in ("false", "true", "TRUE"):
            put(yard, value)
        assert later(yard, there)
        versions = ParameterVersion.objects.filter(parameter=flag()).order_by("version")
        assert [(one.version, one.value) for one in versions] == [(1, "true"), (2, "false"), (3, "true"), (4, "TRUE")]

    def test_a_put_of_ours_is_not_outside(self, yard: Yard, there: Environment) -> None:
        row = flag()
        ours = ParameterVersion.objects.create(
            parameter=row, version=2, value="false", verb=ParameterVerb.EDIT, state=WriteState.DONE, at=timezone.now()
        )
        put(yard, "false")
        assert later(yard, there)
        assert flag().outside_at is None
        assert list(ParameterVersion.objects.filter(parameter=row, version=2)) == [ours]

    def test_a_put_whose_answer_was_lost_is_ours_when_it_is_what_was_sent(self, yard: Yard, there: Environment) -> None:
        sent = ParameterVersion.objects.create(
            parameter=flag(),
            value="false",
            digest=digest("false"),
            verb=ParameterVerb.EDIT,
            state=WriteState.SENT,
            at=timezone.now(),
        )
        put(yard, "false")
        assert later(yard, there)
        sent.refresh_from_db()
        assert (sent.version, sent.state) == (2, WriteState.DONE)
        assert flag().outside_at is None

    def test_deleted_and_made_again_starts_a_new_generation(self, yard: Yard, there: Environment) -> None:
        aws = yard.fake.aws_for(None)  # type: ignore[arg-type]  # the fake knows one target
        put(yard, "false")
        assert later(yard, there)
        store.delete_parameter(aws, FLAG)
        assert later(yard, there)
        assert flag().gone_at is not None
        assert ParameterVersion.objects.filter(verb=ParameterVerb.GONE).count() == 1
        store.create_parameter(aws, FLAG, "true", tags={})
        assert later(yard, there)
        row = flag()
        assert (row.generation, row.version, row.value, row.gone_at) == (2, 1, "true", None)

    def test_flags_pitfall_07_a_stack_update_leaves_a_flag_alone(self, yard: Yard, there: Environment) -> None:
        put(yard, "false")
        assert later(yard, there)
        change = yard.did(there, ChangeKind.UPDATE, {"compute": {"TaskSize": "large"}})
        assert change.status == "succeeded"
        assert later(yard, there)
        assert flag().value == "false"
        assert flag().version == 2
