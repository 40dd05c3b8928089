"""The history of a parameter: beyond what AWS keeps, since when and by whom, differences, and the way back."""

from datetime import timedelta

from django.utils import timezone

from portal.accounts.models import User
from portal.flags.rows import who_put
from portal.parameters.history import lines_between
from provisioning.lifecycle import ParameterVerb, WriteState
from provisioning.models import Change, Environment, Parameter, ParameterVersion

from .scene import FLAG, Flags, parameter, version, words


def many(environment: Environment, by: User, count: int) -> Parameter:
    """A parameter with so many versions, a minute apart; the last two have the same value."""
    row = parameter(environment, "greeting", "value 1")
    ParameterVersion.objects.filter(parameter=row).update(at=timezone.now() - timedelta(minutes=count + 60))
    for number in range(2, count + 1):
        last = version(
            row, number, f"value {min(number, count - 1)}", by=by, ago=count - number + 60, reason=f"Why {number}"
        )
    row.value, row.digest, row.version = last.value, last.digest, count
    row.save()
    return row


def restore(flags: Flags, environment: Environment, row: Parameter, number: int) -> str:
    """The page that sets an old version again."""
    old = ParameterVersion.objects.get(parameter=row, version=number)
    return flags.page(environment, row.key, "parameter_restore", version=str(old.pk))


def test_flags_pitfall_11_our_own_history_goes_beyond_a_hundred_versions(
    flags: Flags, shared: Environment, bob: User
) -> None:
    row = many(shared, bob, 130)
    first = flags.page(shared, "greeting", "parameter_history")
    assert "1–25 of 130 versions" in words(first)
    last = words(flags.page(shared, "greeting", "parameter_history", page="6"))
    assert "v1 value 1 Found as it was" in last
    assert "v2 value 2 Set B Bob" in last
    assert "v130 → v131, with the value of v1" in words(restore(flags, shared, row, 1))


def test_flags_pitfall_10_to_go_back_is_a_new_version(
    flags: Flags, shared: Environment, bob: User, alice: User
) -> None:
    row = many(shared, bob, 9)
    page = restore(flags, shared, row, 7)
    assert "v9 → v10, with the value of v7" in words(page)
    assert "− value 8" in words(page)
    assert "+ value 7" in words(page)
    old = ParameterVersion.objects.get(parameter=row, version=7)
    answer = flags.post(
        shared, "parameter_restore", "greeting", version=str(old.pk), expected="9", reason="It was better"
    )
    assert answer.status_code == 302
    change = Change.objects.get()
    assert change.goal["sets"][0]["restores"] == old.pk
    assert (change.requested_by, change.reason) == (alice, "It was better")
    version(
        row, 10, "value 7", verb=ParameterVerb.RESTORE, restores=old, by=alice, reason="It was better", change=change
    )
    Parameter.objects.filter(pk=row.pk).update(version=10, value="value 7", digest=old.digest)
    said = flags.page(shared, "greeting", "parameter_history")
    assert f'#version-{old.pk}">restores v7</a>' in said
    assert f'href="/changes/{change.pk}/"' in said


def test_the_same_value_and_what_was_never_read_cannot_be_restored(
    flags: Flags, shared: Environment, bob: User
) -> None:
    row = many(shared, bob, 9)
    page = restore(flags, shared, row, 8)
    assert "It has this value now." in words(page)
    assert "disabled" in page
    lost = version(row, 99, "", ago=300)
    assert 'title="Its value was never read."' in flags.page(shared, "greeting", "parameter_history")
    answer = flags.post(shared, "parameter_restore", "greeting", version=str(lost.pk), expected="9")
    assert answer.status_code == 409
    assert not Change.objects.exists()


def test_since_when_it_has_its_value(flags: Flags, shared: Environment, bob: User) -> None:
    many(shared, bob, 9)
    said = words(flags.page(shared, "greeting"))
    assert "Has this value since v8" in said
    assert "Bob: “Why 8”" in said


def test_two_versions_side_by_side(flags: Flags, shared: Environment, bob: User) -> None:
    row = many(shared, bob, 9)
    first, second = (str(ParameterVersion.objects.get(parameter=row, version=number).pk) for number in (3, 5))
    said = words(flags.page(shared, "greeting", "parameter_history", before=first, after=second))
    assert "v3 → v5" in said
    assert "− value 3" in said
    other = str(ParameterVersion.objects.get(parameter__key=FLAG).pk)
    for wrong in (other, "x", "9" * 30, ""):
        assert "v3 →" not in words(flags.page(shared, "greeting", "parameter_history", before=first, after=wrong))


def test_json_is_laid_out_before_it_is_compared() -> None:
    lines = lines_between('{"a": 1, "b": [1, 2]}', '{"a": 1,"b": [1, 3]}')
    assert [(one.mark, one.text.strip()) for one in lines if one.mark] == [("minus", "2"), ("plus", "3")]
    assert [one.mark for one in lines_between("a\nb", "a\nc")] == ["", "minus", "plus"]
    assert [one.mark for one in lines_between("same", "same")] == [""]


def test_lives_of_a_name_and_what_is_on_its_way(flags: Flags, shared: Environment, alice: User) -> None:
    row = parameter(shared, "greeting", "new", generation=2)
    version(row, 1, "old", generation=1, ago=90)
    version(row, None, "", generation=1, verb=ParameterVerb.GONE, ago=80)
    version(row, None, "next", state=WriteState.SENT, by=alice)
    version(row, None, "refused", state=WriteState.REFUSED, by=alice)
    said = words(flags.page(shared, "greeting", "parameter_history"))
    assert "v1 life 2 stored new" in said
    assert "being stored life 2 next" in said
    assert "Deleted outside Stackyard" in said
    assert "refused" not in said


def test_who_is_named() -> None:
    assert who_put((1, "edit", "arn:role", "Ada", "Lovelace", "ada")) == "Ada Lovelace"
    assert who_put((1, "outside", "arn:carol", None, None, None)) == "outside Stackyard, as arn:carol"
    assert who_put((1, "stack", "", None, None, None)) == "its stack"
    assert who_put((1, "found", "arn:role", None, None, None)) == ""
