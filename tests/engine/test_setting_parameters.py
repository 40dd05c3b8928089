"""Parameters as a change: put on the version that was looked at, never over somebody else's without a word."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from fakes.resources import put_version

from provisioning.actions.deciding import do_approve
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import AskToSet, Setting, do_set_parameters
from provisioning.aws import parameters as store
from provisioning.aws.clients import Clients, Target
from provisioning.engine.parameters.reading import read, want_now
from provisioning.lifecycle import ChangeStatus, ParameterVerb, WriteState
from provisioning.models import AuditEntry, Change, Environment, Parameter, ParameterVersion, SealedPlan

from .yard import FILESHARE, HELLO, Yard

KEY, NAME = "use_dynamodb", "/fileshare/dev/use_dynamodb"
PUT = "PutParameter"


@pytest.fixture
def dev(yard: Yard) -> Environment:
    """fileshare/dev, up, its path read."""
    return looked(yard, yard.ready(FILESHARE))


@pytest.fixture
def prod(yard: Yard) -> Environment:
    """fileshare/prod, up, its path read."""
    return looked(yard, yard.ready(FILESHARE, "prod"))


def looked(yard: Yard, environment: Environment) -> Environment:
    path_id = want_now(environment)
    assert path_id is not None
    read(path_id, yard.fake.aws_for)
    yard.clock.shift(timedelta(minutes=2))
    return environment


def aws(yard: Yard) -> Clients:
    return yard.fake.aws_for(Target("us-east-1"))


def ask(yard: Yard, environment: Environment, *settings: Setting, **more: Any) -> Change:
    by = more.pop("by", yard.alice)
    return do_set_parameters(by, environment, settings, AskToSet(key=uuid.uuid4(), redeploy=False, **more))


def toggle(yard: Yard, environment: Environment, value: str, **more: Any) -> Change:
    """Set the flag on the version that is known now, and let it run."""
    change = ask(yard, environment, Setting(KEY, value, row(environment).version), **more)
    return yard.drive(change)


def row(environment: Environment, key: str = KEY) -> Parameter:
    return Parameter.objects.get(environment=environment, key=key)


def stored(yard: Yard, name: str = NAME) -> tuple[str, int] | None:
    found = store.get_parameter(aws(yard), name)
    return (found.value, found.version) if found else None


class TestDev:
    """Where nobody decides, it is put at once."""

    def test_a_toggle(self, yard: Yard, dev: Environment) -> None:
        change = toggle(yard, dev, "false", reason="Trying the built-in database")
        assert change.status == ChangeStatus.SUCCEEDED
        assert stored(yard) == ("false", 2)
        assert (row(dev).value, row(dev).version) == ("false", 2)
        put = ParameterVersion.objects.get(change=change)
        assert (put.version, put.state, put.verb, put.by_id) == (2, WriteState.DONE, "edit", yard.alice.user_id)
        assert change.secrets == ""

    def test_flags_pitfall_23_aws_is_told_who_it_was(self, yard: Yard, dev: Environment) -> None:
        said: list[str] = []
        yard.fake.script.watch(PUT, lambda asked: said.append(asked.get("Description", "")))
        change = toggle(yard, dev, "false")
        assert said == [f"alice through Stackyard, change {change.pk.hex[:8]}"]

    def test_flags_pitfall_15_each_put_has_its_audit_entries(self, yard: Yard, dev: Environment) -> None:
        change = toggle(yard, dev, "false")
        verbs = list(AuditEntry.objects.filter(change=change).order_by("pk").values_list("verb", flat=True))
        assert verbs[0] == "request_set_parameters"
        assert verbs.count("succeeded") == 1

    @pytest.mark.parametrize("fault", ["", "lose_answer", "lose_call", "throttle", "break_down", "deny"])
    def test_flags_pitfall_15_no_put_without_its_row_and_entry_before_it(
        self, yard: Yard, dev: Environment, fault: str
    ) -> None:
        """Whatever goes wrong: what is written down before the call, and the result after it, are one each."""
        before: list[tuple[int, int]] = []

        def look(_asked: object) -> None:
            sent = ParameterVersion.objects.filter(state=WriteState.SENT, by=yard.alice.user_id).count()
            asked = AuditEntry.objects.filter(verb="request_set_parameters", by=yard.alice.user_id).count()
            before.append((sent, asked))

        yard.fake.script.watch(PUT, look)
        if fault:
            getattr(yard.fake.script, fault)(PUT)
        change = toggle(yard, dev, "false")
        landed = fault != "deny"
        assert before == ([(1, 1)] if landed else [])
        assert stored(yard) == (("false", 2) if landed else ("true", 1))
        (put,) = ParameterVersion.objects.filter(change=change)
        assert put.state == (WriteState.DONE if landed else WriteState.REFUSED)
        ends = AuditEntry.objects.filter(change=change, verb__in=["succeeded", "fail"])
        assert [entry.verb for entry in ends] == ["succeeded" if landed else "fail"]

    def test_create_and_delete(self, yard: Yard, dev: Environment) -> None:
        change = yard.drive(ask(yard, dev, Setting("greeting", "hello", None)))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert stored(yard, "/fileshare/dev/greeting") == ("hello", 1)
        tags = yard.fake.world.tags[yard.fake.world.arn("ssm", "parameter/fileshare/dev/greeting")]
        assert tags["Environment"] == "dev"
        gone = yard.drive(ask(yard, dev, Setting("greeting", None, 1), confirmed=True))
        assert gone.status == ChangeStatus.SUCCEEDED, gone.problem
        assert stored(yard, "/fileshare/dev/greeting") is None
        assert row(dev, "greeting").gone_at is not None

    def test_a_name_that_was_deleted_rests_for_half_a_minute(self, yard: Yard, dev: Environment) -> None:
        yard.drive(ask(yard, dev, Setting("greeting", "hello", None)))
        yard.drive(ask(yard, dev, Setting("greeting", None, 1), confirmed=True))
        change = ask(yard, dev, Setting("greeting", "again", None), confirmed=True)
        yard.tick(change)
        assert "half a minute" in change.waiting_for
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED
        assert (row(dev, "greeting").generation, row(dev, "greeting").version) == (2, 1)

    def test_a_secret_is_in_no_plan_and_no_row_in_clear(self, yard: Yard, dev: Environment) -> None:
        change = yard.drive(ask(yard, dev, Setting("token", "hunter2", None, type="SecureString")))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert stored(yard, "/fileshare/dev/token") == ("hunter2", 1)
        texts = [
            str(change.plan),
            str(change.goal),
            str(SealedPlan.objects.latest("pk").content),
            row(dev, "token").value,
        ]
        texts += [put.value for put in ParameterVersion.objects.filter(change=change)]
        texts += [entry.summary + str(entry.detail) for entry in AuditEntry.objects.all()]
        assert not [text for text in texts if "hunter2" in text]

    def test_what_is_so_already_is_refused(self, yard: Yard, dev: Environment) -> None:
        with pytest.raises(Refusal, match="so already"):
            ask(yard, dev, Setting(KEY, "true", 1))


class TestRefused:
    """What is not even asked of AWS."""

    def test_flags_pitfall_21_what_a_stack_owns(self, yard: Yard, dev: Environment) -> None:
        for key in ("dynamodb_users_table_name", "dynamodb_policy_arn"):
            with pytest.raises(Refusal, match="belongs to a stack"):
                ask(yard, dev, Setting(key, "another", 1))

    def test_flags_pitfall_17_a_flag_has_its_canonical_forms_only(self, yard: Yard, dev: Environment) -> None:
        for value in ("True", "yes", "1", "true "):
            with pytest.raises(Refusal, match="true or false"):
                ask(yard, dev, Setting(KEY, value, 1))

    def test_names_and_values_that_aws_would_refuse(self, yard: Yard, dev: Environment) -> None:
        for key, value, word in (("a b", "x", "no spaces"), ("a//b", "x", "Two slashes"), ("a", "{{b}}", "two braces")):
            with pytest.raises(Refusal, match=word):
                ask(yard, dev, Setting(key, value, None))

    def test_flags_pitfall_22_two_quick_flips_are_meant_knowingly(self, yard: Yard, dev: Environment) -> None:
        toggle(yard, dev, "false")
        with pytest.raises(Refusal, match="Set it again all the same") as refusal:
            toggle(yard, dev, "true")
        assert refusal.value.code == "quick-flip"
        assert toggle(yard, dev, "true", confirmed=True).status == ChangeStatus.SUCCEEDED
        yard.clock.shift(timedelta(seconds=61))
        assert toggle(yard, dev, "false").status == ChangeStatus.SUCCEEDED

    def test_an_application_without_a_path(self, yard: Yard) -> None:
        with pytest.raises(Refusal, match="reads no parameters"):
            ask(yard, yard.ready(HELLO), Setting("a", "b", None))

    def test_a_second_click_is_the_same_change(self, yard: Yard, dev: Environment) -> None:
        key = uuid.uuid4()
        clicks = [
            do_set_parameters(yard.alice, dev, [Setting(KEY, "false", 1)], AskToSet(key=key, redeploy=False))
            for _ in range(2)
        ]
        assert clicks[0].pk == clicks[1].pk


class TestLostUpdate:
    """Two people, and writers outside."""

    def test_flags_pitfall_05_whoever_looked_at_an_older_version_is_told_both_values(
        self, yard: Yard, dev: Environment
    ) -> None:
        toggle(yard, dev, "false")
        with pytest.raises(Refusal, match=r"“false” now \(v2\); you looked at v1"):
            ask(yard, dev, Setting(KEY, "true", 1), by=yard.bob, confirmed=True)

    def test_two_people_at_once_end_with_one_change(self, yard: Yard, dev: Environment) -> None:
        first = ask(yard, dev, Setting(KEY, "false", 1))
        with pytest.raises(Refusal, match="alice has a change of use_dynamodb open") as refusal:
            ask(yard, dev, Setting(KEY, "false", 1), by=yard.bob)
        assert refusal.value.change_id == str(first.pk)

    def test_an_outside_put_before_the_plan_is_noticed(self, yard: Yard, dev: Environment) -> None:
        change = ask(yard, dev, Setting(KEY, "false", 1))
        store.put_parameter(aws(yard), NAME, "TRUE")
        yard.drive(change)
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "“TRUE” now (v2); you looked at v1. You asked for “false”." in change.problem["sentence"]
        assert stored(yard) == ("TRUE", 2)

    def test_an_outside_put_between_read_and_put_is_said_with_both_values(self, yard: Yard, dev: Environment) -> None:
        change = ask(yard, dev, Setting(KEY, "false", 1))
        yard.fake.script.before(PUT, lambda: put_past_the_script(yard, "maybe"))
        yard.drive(change)
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "as v2. Theirs was “maybe”. Yours stands over it now, as v3." in change.problem["sentence"]
        assert stored(yard) == ("false", 3)
        looked(yard, dev)
        verbs = dict(ParameterVersion.objects.filter(parameter=row(dev)).values_list("version", "verb"))
        assert verbs[2] == ParameterVerb.OUTSIDE
        assert verbs[3] == ParameterVerb.EDIT

    def test_a_lost_answer_is_settled_by_looking(self, yard: Yard, dev: Environment) -> None:
        yard.fake.script.lose_answer(PUT)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED
        assert stored(yard) == ("false", 2)
        assert ParameterVersion.objects.filter(change=change).count() == 1

    def test_a_call_that_never_arrived_is_sent_again_once(self, yard: Yard, dev: Environment) -> None:
        yard.fake.script.lose_call(PUT)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED
        assert stored(yard) == ("false", 2)

    @pytest.mark.parametrize("code", ["TooManyUpdates", "ThrottlingException"])
    def test_temporary_trouble_is_waited_for_in_words(self, yard: Yard, dev: Environment, code: str) -> None:
        yard.fake.script.refuse(PUT, code)
        change = ask(yard, dev, Setting(KEY, "false", 1))
        yard.tick(change)
        assert "slow down" in change.waiting_for
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED
        assert stored(yard) == ("false", 2)

    def test_flags_pitfall_12_a_label_on_the_oldest_version_is_named(self, yard: Yard, dev: Environment) -> None:
        yard.fake.world.parameters[NAME][0]["Labels"] = ["release-7"]
        yard.fake.script.refuse(PUT, "ParameterMaxVersionLimitExceeded")
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "v1, carries the label release-7" in change.problem["sentence"]
        assert "Move the label release-7" in change.problem["advice"]

    def test_flags_pitfall_12_our_own_label_moves_by_itself(self, yard: Yard, dev: Environment) -> None:
        yard.fake.world.parameters[NAME][0]["Labels"] = ["stackyard-good"]
        yard.fake.script.refuse(PUT, "ParameterMaxVersionLimitExceeded")
        assert toggle(yard, dev, "false").status == ChangeStatus.SUCCEEDED
        assert yard.fake.world.parameters[NAME][0]["Labels"] == []


class TestProd:
    """A second person decides, about exactly this."""

    def test_flags_pitfall_16_nobody_approves_their_own(self, yard: Yard, prod: Environment) -> None:
        change = toggle(yard, prod, "false", by=yard.ada)
        assert change.status == ChangeStatus.AWAITING_APPROVAL
        with pytest.raises(Refusal):
            do_approve(yard.ada, change, digest=change.plan_digest)

    def test_approved_it_runs(self, yard: Yard, prod: Environment) -> None:
        change = toggle(yard, prod, "false")
        assert change.status == ChangeStatus.AWAITING_APPROVAL
        assert change.plan is not None
        (planned,) = change.plan["parameters"]["sets"]
        assert (planned["before"]["value"], planned["after"]["value"]) == ("true", "false")
        yard.approve(change)
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED
        assert stored(yard, "/fileshare/prod/use_dynamodb") == ("false", 2)

    def test_flags_pitfall_13_an_edit_after_the_approval_voids_it(self, yard: Yard, prod: Environment) -> None:
        change = toggle(yard, prod, "false")
        yard.approve(change)
        store.put_parameter(aws(yard), "/fileshare/prod/use_dynamodb", "maybe")
        yard.drive(change)
        assert change.status == ChangeStatus.FAILED
        assert stored(yard, "/fileshare/prod/use_dynamodb") == ("maybe", 2)

    def test_flags_pitfall_14_before_and_after_are_kept_as_they_were(self, yard: Yard, prod: Environment) -> None:
        change = toggle(yard, prod, "false")
        yard.approve(change)
        yard.drive(change)
        content = SealedPlan.objects.filter(change=change).latest("pk").content
        (kept,) = content["parameters"]["sets"]
        assert (kept["before"]["value"], kept["before"]["version"], kept["after"]["value"]) == ("true", 1, "false")

    def test_a_way_back_asks_nobody_where_the_stage_allows_it(
        self, yard: Yard, prod: Environment, settings: Any
    ) -> None:
        change = toggle(yard, prod, "false")
        yard.approve(change)
        yard.drive(change)
        yard.clock.shift(timedelta(minutes=2))
        assert toggle(yard, prod, "true").status == ChangeStatus.SUCCEEDED
        yard.clock.shift(timedelta(minutes=2))
        forward = toggle(yard, prod, "false")
        assert forward.status == ChangeStatus.AWAITING_APPROVAL, "to go forward again is no way back"


def put_past_the_script(yard: Yard, value: str) -> None:
    """An outside writer's put, which the script does not see."""
    put_version(yard.fake.world, NAME, value, "String")
