"""Values copied from one environment to another: as both sides were looked at, secrets unseen, prod asked first."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from provisioning.actions.copying_parameters import Pair, Picked, State, compared, do_copy_parameters
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import AskToSet, Setting, do_set_parameters
from provisioning.aws import parameters as store
from provisioning.aws.clients import Clients
from provisioning.engine.parameters.reading import read, want_now
from provisioning.lifecycle import ChangeStatus, ParameterVerb
from provisioning.models import Change, Environment, ParameterVersion, SealedPlan

from .flags import KEY, aws, row, stored
from .yard import FILESHARE, HELLO, Yard

CANARY = "hunter2-canary"


@pytest.fixture
def dev(yard: Yard) -> Environment:
    """fileshare/dev with the flag at false, a text and a secret of its own."""
    environment = yard.ready(FILESHARE)
    client = aws(yard)
    store.put_parameter(client, "/fileshare/dev/use_dynamodb", "false")
    create(client, "/fileshare/dev/limits/upload", "5")
    create(client, "/fileshare/dev/token", CANARY, "SecureString")
    return looked(yard, environment)


@pytest.fixture
def staging(yard: Yard, dev: Environment) -> Environment:
    """fileshare/staging as it was made."""
    return looked(yard, yard.ready(FILESHARE, "staging"))


def looked(yard: Yard, environment: Environment) -> Environment:
    path_id = want_now(environment)
    assert path_id is not None
    read(path_id, yard.fake.aws_for)
    yard.clock.shift(timedelta(minutes=2))
    return environment


def create(client: Clients, name: str, value: str, kind: str = "String") -> None:
    """Somebody makes it outside Stackyard."""
    store.create_parameter(client, name, value, type=store.type_of(kind), tags={})


def pairs(source: Environment, target: Environment) -> dict[str, Pair]:
    return {pair.key: pair for pair in compared(source, target)}


def picked(source: Environment, target: Environment, *keys: str) -> list[Picked]:
    """What the preview shows now."""
    found = [pairs(source, target)[key] for key in keys]
    return [
        Picked(one.key, one.source.version if one.source else 0, one.target.version if one.target else None)
        for one in found
    ]


def copy(yard: Yard, source: Environment, target: Environment, chosen: list[Picked], **more: Any) -> Change:
    return do_copy_parameters(
        more.pop("by", yard.alice), source, target, chosen, AskToSet(key=uuid.uuid4(), redeploy=False, **more)
    )


def test_the_preview_says_what_differs_and_what_is_left_out(yard: Yard, dev: Environment, staging: Environment) -> None:
    create(aws(yard), "/fileshare/staging/only_here", "1")
    looked(yard, staging)
    found = pairs(dev, staging)
    assert (found[KEY].state, found[KEY].why_not) == (State.DIFFERS, "")
    assert (found["token"].state, found["token"].is_secret, found["token"].why_not) == (State.MISSING, True, "")
    assert found["only_here"].state == State.ONLY_THERE
    assert found["only_here"].why_not == "Not in fileshare/dev."
    for key in ("dynamodb_users_table_name", "dynamodb_policy_arn"):
        assert found[key].why_not == "A stack makes it: it says what there is."
    assert CANARY not in repr([(pair.key, pair.why_not) for pair in found.values()])


def test_one_change_copies_what_was_chosen(yard: Yard, dev: Environment, staging: Environment) -> None:
    change = yard.drive(copy(yard, dev, staging, picked(dev, staging, KEY, "limits/upload", "token")))
    assert change.status == ChangeStatus.SUCCEEDED, change.problem
    assert stored(yard, staging) == ("false", 2)
    assert stored(yard, staging, "limits/upload") == ("5", 1)
    assert stored(yard, staging, "token") == (CANARY, 1)
    verbs = set(ParameterVersion.objects.filter(change=change).values_list("verb", flat=True))
    assert verbs == {ParameterVerb.COPY}
    assert change.plan is not None
    assert change.plan["parameters"]["copied_from"] == "fileshare/dev"
    texts = [str(change.plan), str(change.goal), str(SealedPlan.objects.latest("pk").content), change.secrets]
    assert not [text for text in texts if CANARY in text]
    assert {pairs(dev, staging)[key].state for key in (KEY, "limits/upload", "token")} == {State.SAME}


def test_into_prod_somebody_decides(yard: Yard, dev: Environment) -> None:
    prod = looked(yard, yard.ready(FILESHARE, "prod"))
    change = yard.drive(copy(yard, dev, prod, picked(dev, prod, KEY)))
    assert change.status == ChangeStatus.AWAITING_APPROVAL
    assert stored(yard, prod) == ("true", 1)
    yard.approve(change)
    yard.drive(change)
    assert stored(yard, prod) == ("false", 2)


def test_a_side_that_moved_since_it_was_looked_at(yard: Yard, dev: Environment, staging: Environment) -> None:
    chosen = picked(dev, staging, KEY, "token", "limits/upload")
    for key, value in (("use_dynamodb", "true"), ("token", f"{CANARY}-2")):
        store.put_parameter(aws(yard), f"/fileshare/dev/{key}", value)
    create(aws(yard), "/fileshare/staging/limits/upload", "6")
    looked(yard, dev)
    looked(yard, staging)
    with pytest.raises(Refusal) as refusal:
        copy(yard, dev, staging, chosen)
    assert refusal.value.code == "moved"
    assert refusal.value.fields == {
        KEY: "use_dynamodb of fileshare/dev was set meanwhile: it is “true” now (v3); you looked at v2.",
        "token": "token of fileshare/dev was set meanwhile: it is a hidden value now (v2); you looked at v1.",
        "limits/upload": "limits/upload of fileshare/staging was set meanwhile: it is “6” now (v1);"
        " you saw none there.",
    }
    assert not Change.objects.filter(kind="set_parameters").exists()


def test_a_source_that_moved_unread_ends_the_change_before_anything_is_put(
    yard: Yard, dev: Environment, staging: Environment
) -> None:
    change = copy(yard, dev, staging, picked(dev, staging, KEY))
    store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "true")
    yard.drive(change)
    assert change.status == ChangeStatus.FAILED
    assert change.problem is not None
    assert "fileshare/dev was set meanwhile: it is “true” (v3) now; you looked at v2." in change.problem["sentence"]
    assert stored(yard, staging) == ("true", 1)


def test_a_target_that_moved_unread_too(yard: Yard, dev: Environment, staging: Environment) -> None:
    change = copy(yard, dev, staging, picked(dev, staging, KEY))
    store.put_parameter(aws(yard), "/fileshare/staging/use_dynamodb", "maybe")
    yard.drive(change)
    assert change.status == ChangeStatus.FAILED
    assert stored(yard, staging) == ("maybe", 2)


def test_what_is_not_copied(yard: Yard, dev: Environment, staging: Environment) -> None:
    for chosen, word in (
        ([], "Choose what"),
        (picked(dev, staging, "dynamodb_policy_arn"), "A stack makes it"),
        ([Picked("none_such", 1, None)], "not there any more"),
    ):
        with pytest.raises(Refusal, match=word):
            copy(yard, dev, staging, chosen)
    with pytest.raises(Refusal, match="another environment"):
        copy(yard, dev, dev, [Picked(KEY, 2, 2)])
    with pytest.raises(Refusal, match="within one application"):
        compared(dev, yard.ready(HELLO))


def test_secrets_of_prod_stay_there_and_so_does_what_is_undeclared(yard: Yard, dev: Environment) -> None:
    prod = looked(yard, yard.ready(FILESHARE, "prod"))
    create(aws(yard), "/fileshare/prod/key", CANARY, "SecureString")
    store.put_parameter(aws(yard), "/fileshare/prod/use_dynamodb", "TRUE")
    looked(yard, prod)
    found = pairs(prod, dev)
    assert found["key"].why_not == "A secret of prod stays in prod."
    assert found[KEY].why_not == "This is true or false, written just so."
    with pytest.raises(Refusal, match="stays in prod"):
        copy(yard, prod, dev, [Picked("key", 1, None)])


def test_auditors_copy_nothing_and_a_second_click_is_the_same(
    yard: Yard, dev: Environment, staging: Environment
) -> None:
    auditor = type(yard.alice)(yard.alice.user_id, "otto", frozenset({"auditors"}))
    chosen, key = picked(dev, staging, KEY), uuid.uuid4()
    with pytest.raises(Refusal, match="may read everything"):
        copy(yard, dev, staging, chosen, by=auditor)
    ask = AskToSet(key=key, redeploy=False)
    changes = [do_copy_parameters(yard.alice, dev, staging, chosen, ask) for _ in range(2)]
    assert changes[0] == changes[1]


def test_flags_pitfall_02_each_name_is_asked_again(yard: Yard, dev: Environment, staging: Environment) -> None:
    type(row(dev)).objects.filter(environment=dev, key=KEY).update(name="/another/dev/use_dynamodb")
    assert pairs(dev, staging)[KEY].state == State.ONLY_THERE


def test_a_copy_is_no_way_back(yard: Yard, dev: Environment) -> None:
    """A copied value that happens to be the one before still is decided about."""
    prod = looked(yard, yard.ready(FILESHARE, "prod"))
    change = yard.drive(
        do_set_parameters(yard.alice, prod, [Setting(KEY, "false", 1)], AskToSet(key=uuid.uuid4(), redeploy=False))
    )
    yard.approve(change)
    yard.drive(change)
    store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "true")
    looked(yard, dev)
    again = yard.drive(copy(yard, dev, prod, picked(dev, prod, KEY)))
    assert again.status == ChangeStatus.AWAITING_APPROVAL
