"""The page of one parameter: its three states, its forms, what somebody else set meanwhile, who may."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, ParameterVerb
from provisioning.models import AuditEntry, Change, Environment, Parameter, ParameterVersion

from .. import rows
from ..table_rows import table
from .scene import APPLICATION, FLAG, ClientOf, Flags, address, parameter, path_row, version, words

LONG_AGO = timedelta(hours=1)


def put(environment: Environment, number: int, value: str, by: User, **columns: Any) -> Parameter:
    """The flag as somebody set it, an hour ago, as that version."""
    row = Parameter.objects.get(environment=environment, key=FLAG)
    made = version(row, number, value, by=by, **{"ago": 60, **columns})
    row.value, row.digest, row.version, row.modified_at = made.value, made.digest, number, made.at
    row.save()
    return row


def settings_of(change: Change) -> list[tuple[str, str, int | None]]:
    """What a change asks for: key, verb, and the version that was looked at."""
    return [(one["key"], one["verb"], one["expected"]) for one in change.goal["sets"]]


class TestStates:
    """Asked for, stored, live."""

    def test_found_as_it_was(self, flags: Flags, shared: Environment) -> None:
        said = words(flags.page(shared))
        assert "Asked for Nobody asked" in said
        assert "Stored true v1" in said
        assert "Live Not known The next redeploy tells what runs." in said

    def test_flags_pitfall_09_a_partial_rollout_says_how_far_it_is(
        self, flags: Flags, shared: Environment, alice: User
    ) -> None:
        put(shared, 9, "false", alice)
        goal = {"sets": [{"key": FLAG, "verb": "edit", "type": "String", "expected": 8}]}
        change = rows.change(shared, alice, ChangeStatus.RUNNING, ChangeKind.SET_PARAMETERS, goal=goal)
        Parameter.objects.update(
            live_value="true", live_version=8, live_on=1, live_of=3, live_at=timezone.now(), live_from="started"
        )
        said = words(flags.page(shared))
        assert "Live true rolling: 1 of 3 on v9" in said
        assert "The rest still has v8. Started after it was stored" in said
        Parameter.objects.update(live_value="false", live_version=9, live_on=3)
        Change.objects.filter(pk=change.pk).update(status=ChangeStatus.SUCCEEDED)
        assert "Live false v9 on all 3" in words(flags.page(shared))

    def test_where_nothing_can_be_seen_that_is_said(self, flags: Flags, shared: Environment) -> None:
        Parameter.objects.update(live_on=0, live_of=0, live_at=timezone.now(), live_from="unseen")
        assert "Live Nothing can be seen" in words(flags.page(shared))

    def test_a_change_that_failed_says_why(self, flags: Flags, shared: Environment, alice: User) -> None:
        goal = {"sets": [{"key": FLAG, "verb": "edit", "type": "String", "expected": 1}]}
        problem = {"sentence": "It was put back, as v3.", "turn": "you", "advice": ""}
        rows.change(
            shared,
            alice,
            ChangeStatus.FAILED,
            ChangeKind.SET_PARAMETERS,
            goal=goal,
            problem=problem,
            finished_at=timezone.now(),
        )
        assert "Failed A Alice just now It was put back, as v3." in words(flags.page(shared))

    def test_the_live_part_comes_only_when_it_moved(self, flags: Flags, shared: Environment) -> None:
        page = flags.page(shared)
        seen = page.split("?seen=")[1].split("&amp;")[0]
        assert "every 20s, refresh" in page
        assert flags.look(shared, seen=seen).status_code == 204
        assert flags.post(shared, value="false", expected="1", redeploy="no").status_code == 302
        moved = flags.text(flags.look(shared, seen=seen))
        assert "every 1s, refresh" in moved
        assert "Asked for: false, Planning" in words(moved.split("#said")[1])
        there = flags.client.get(address(shared, "parameter_live", key=FLAG))
        assert there["Location"] == address(shared, "parameter", key=FLAG)

    def test_once_what_i_asked_for_is_stored_the_forms_go_on_from_there(
        self, flags: Flags, shared: Environment, alice: User, bob: User
    ) -> None:
        assert "&amp;on=1.1" in flags.page(shared)
        url = address(shared, "parameter_live", key=FLAG)
        flags.post(shared, value="false", expected="1", redeploy="no")
        change = Change.objects.get()

        def look() -> str:
            answer = flags.client.get(url, {"on": "1.1", "seen": ""}, headers={"HX-Request": "true"})
            return flags.text(answer)

        assert 'name="expected"' not in look()
        put(shared, 2, "false", alice)
        Change.objects.filter(pk=change.pk).update(status=ChangeStatus.SUCCEEDED)
        renewed = look()
        assert '<input type="hidden" name="expected" value="2" hx-swap-oob="true" id="id_expected">' in renewed
        assert "&amp;on=1.2" in renewed
        Change.objects.filter(pk=change.pk).update(requested_by=bob)
        assert 'name="expected"' not in look()

    def test_what_is_not_there_is_not_found(self, flags: Flags, shared: Environment, dev: Environment) -> None:
        for url in (address(shared, "parameter", key="nothing"), address(dev, "parameter", key=FLAG)):
            assert flags.client.get(url).status_code == 404


class TestSetting:
    """Through one verb, whose refusals come back with what was typed."""

    def test_dev_is_set_at_once_and_stays_on_the_page(self, flags: Flags, shared: Environment) -> None:
        page = flags.page(shared)
        assert '<input type="radio" name="value" value="false" required id="id_value_1" checked>' in page
        assert '<button class="button button-primary" type="submit">Set</button>' in page
        answer = flags.post(shared, value="false", expected="1", reason="To try it")
        assert answer["Location"] == f"{address(shared, 'parameter', key=FLAG)}#states"
        change = Change.objects.get()
        assert settings_of(change) == [(FLAG, "edit", 1)]
        assert (change.reason, change.goal["redeploy"]) == ("To try it", True)

    def test_without_a_redeploy(self, flags: Flags, shared: Environment) -> None:
        flags.post(shared, value="false", expected="1", redeploy="no")
        assert Change.objects.get().goal["redeploy"] is False

    def test_prod_is_asked_for(self, flags: Flags, prod: Environment, ada: User) -> None:
        page = flags.page(prod)
        assert ">Ask for this change</button>" in page
        assert "Needs 1 approval by admins" in words(page)
        answer = flags.post(prod, value="false", expected="1", reason="Back to the built-in one")
        assert answer["Location"] == f"/changes/{Change.objects.get().pk}/"

    def test_a_way_back_in_prod_takes_nobody_where_the_stage_allows_it(
        self, flags: Flags, prod: Environment, alice: User, ada: User
    ) -> None:
        row = put(prod, 2, "false", alice)
        old = ParameterVersion.objects.get(parameter=row, version=1)
        page = flags.page(prod, name="parameter_restore", version=str(old.pk))
        assert "sets back" in words(page)
        assert ">Restore v1</button>" in page
        answer = flags.post(prod, "parameter_restore", version=str(old.pk), expected="2")
        assert answer["Location"] == f"{address(prod, 'parameter', key=FLAG)}#states"
        assert Change.objects.get().goal["reverts"] is True

    def test_a_second_click_is_the_same_change(self, flags: Flags, shared: Environment) -> None:
        data = {"value": "false", "expected": "1", "key": "6a2f41a3-c54c-4ce4-9d3e-2f1d7b1e6a11"}
        for _ in range(2):
            flags.client.post(address(shared, "parameter_set", key=FLAG), data)
        assert Change.objects.count() == 1

    def test_flags_pitfall_05_both_values_are_shown_where_somebody_was_quicker(
        self, flags: Flags, gallery: Environment, bob: User
    ) -> None:
        row = parameter(gallery, "greeting", "Hello")
        ParameterVersion.objects.filter(parameter=row).update(at=timezone.now() - LONG_AGO)
        theirs = version(row, 2, "Good day", by=bob, ago=5)
        row.value, row.digest, row.version = theirs.value, theirs.digest, 2
        row.save()
        answer = flags.post(gallery, key="greeting", value="Hi there", expected="1", reason="Shorter")
        assert answer.status_code == 409
        page = answer.content.decode()
        said = words(page)
        assert "Stored now (v2) Good day B Bob" in said
        assert "Yours (on v1) Hi there" in said
        assert "you looked at v1" in said
        assert 'name="expected" value="2"' in page
        assert ">\nHi there</textarea>" in page
        assert ">\nShorter</textarea>" in page
        assert not Change.objects.exists()
        assert flags.post(gallery, key="greeting", value="Hi there", expected="2").status_code == 302

    def test_flags_pitfall_22_a_quick_second_flip_is_confirmed_on_the_same_form(
        self, flags: Flags, shared: Environment, bob: User
    ) -> None:
        put(shared, 2, "false", bob, ago=0)
        answer = flags.post(shared, value="true", expected="2", reason="No, on")
        assert answer.status_code == 409
        page = answer.content.decode()
        assert '<input type="checkbox" name="confirmed"' in page
        assert "bob set use_dynamodb" in words(page)
        assert "Set it again all the same?" in words(page)
        assert ">\nNo, on</textarea>" in page
        assert flags.post(shared, value="true", expected="2", confirmed="on").status_code == 302

    def test_one_open_change_at_a_time(self, flags: Flags, shared: Environment) -> None:
        flags.post(shared, value="false", expected="1")
        answer = flags.post(shared, value="false", expected="1")
        assert answer.status_code == 409
        assert "alice has a change of use_dynamodb open, planning." in words(answer.content.decode())


class TestForms:
    """A field for every type."""

    def test_each_declared_type(self, flags: Flags, gallery: Environment) -> None:
        for key, value in (("theme", "light"), ("most_megabytes", "5"), ("hosts", "a,b"), ("routes", '{"a": 1}')):
            parameter(gallery, key, value)
        assert '<input type="radio" name="value" value="dark"' in flags.page(gallery, "theme")
        assert 'inputmode="decimal"' in flags.page(gallery, "most_megabytes")
        assert ">\na\nb</textarea>" in flags.page(gallery, "hosts")
        assert 'rows="10"' in flags.page(gallery, "routes")
        assert '<input type="password" name="value" class="mono" autocomplete="new-password" required' in flags.page(
            gallery, "api_token"
        )

    @pytest.mark.parametrize(
        ("key", "value", "told"),
        [
            ("theme", "blue", "Select a valid choice."),
            ("most_megabytes", "5 MB", "This is a number such as 5 or 0.25."),
            ("hosts", "a,b", "A member of a list cannot hold a comma"),
            ("routes", '{"a": }', "This is not JSON, line 1, column 7."),
            ("routes", "", "A value cannot be empty."),
            ("greeting", "{{ssm:x}}", "A value cannot hold two braces side by side"),
            (FLAG, "yes", "Select a valid choice."),
        ],
    )
    def test_what_is_wrong_stands_at_the_value(
        self, flags: Flags, gallery: Environment, key: str, value: str, told: str
    ) -> None:
        if key != FLAG:
            parameter(gallery, key, "5")
        answer = flags.post(gallery, key=key, value=value, expected="1", reason="Typed before")
        assert answer.status_code == 400
        page = answer.content.decode()
        assert told in words(page)
        assert ">\nTyped before</textarea>" in page
        assert not Change.objects.exists()

    @pytest.mark.parametrize(
        ("key", "typed", "stored"),
        [("hosts", "a\r\n b \r\n", "a,b"), ("greeting", " two\r\nlines ", " two\nlines "), ("routes", "[1]", "[1]")],
    )
    def test_what_is_typed_is_what_is_stored(
        self, flags: Flags, gallery: Environment, key: str, typed: str, stored: str
    ) -> None:
        parameter(gallery, key, "5")
        assert flags.post(gallery, key=key, value=typed, expected="1").status_code == 302
        assert Parameter.objects.get(key=key).asked_value == stored

    def test_a_declared_flag_that_is_missing_is_made_here(self, flags: Flags, gallery: Environment) -> None:
        assert "Stored Missing" in words(flags.page(gallery, "theme"))
        assert flags.post(gallery, key="theme", value="dark", expected="").status_code == 302
        assert settings_of(Change.objects.get()) == [("theme", "create", None)]
        assert "Asked for dark Planning" in words(flags.page(gallery, "theme"))


class TestNewAndGone:
    """Parameters that no blueprint declares come and go."""

    def test_a_new_one(self, flags: Flags, shared: Environment) -> None:
        url = address(shared, "parameter_new")
        page = flags.text(flags.client.get(url, {"type": "SecureString", "key": "a/b"}))
        assert 'type="password"' in page
        assert 'value="a/b"' in page
        answer = flags.client.post(url, {"name": "limits/rate", "value": "5"})
        assert answer["Location"] == f"{address(shared, 'parameter', key='limits/rate')}#states"
        assert "Asked for 5 Planning" in words(flags.page(shared, "limits/rate"))
        declared = flags.client.get(url, {"key": FLAG})
        assert declared["Location"] == address(shared, "parameter", key=FLAG)

    @pytest.mark.parametrize("name", ["a b", " a", "a//b", "a/", "ä", "/".join("abcdefghijklmno")])
    def test_flags_pitfall_18_a_name_that_aws_refuses_is_refused_here(
        self, flags: Flags, shared: Environment, name: str
    ) -> None:
        answer = flags.client.post(address(shared, "parameter_new"), {"name": name, "value": "x"})
        assert answer.status_code == 400
        assert 'aria-describedby="id_name_helptext id_name_error"' in answer.content.decode()
        live = flags.text(flags.client.get(address(shared, "parameter_name"), {"name": name}))
        assert "attention" in live
        assert not Change.objects.exists()

    def test_a_name_is_checked_while_it_is_typed(self, flags: Flags, shared: Environment) -> None:
        url = address(shared, "parameter_name")
        assert "exists already, at v1" in flags.text(flags.client.get(url, {"name": FLAG}))
        assert "<code>/fileshare/dev/a/b</code>" in flags.text(flags.client.get(url, {"name": "a/b"}))

    def test_deleting_and_the_history_of_what_is_gone(self, flags: Flags, shared: Environment) -> None:
        row = parameter(shared, "greeting", "hello")
        ParameterVersion.objects.filter(parameter=row).update(at=timezone.now() - LONG_AGO)
        assert "parameters/delete/" not in flags.page(shared)  # a declared one stays
        assert flags.post(shared, "parameter_delete", "greeting", expected="1").status_code == 302
        assert settings_of(Change.objects.get()) == [("greeting", "delete", 1)]
        Change.objects.update(status=ChangeStatus.SUCCEEDED)
        row.gone_at = timezone.now()
        row.save()
        assert "Stored Deleted" in words(flags.page(shared, "greeting"))
        old = ParameterVersion.objects.get(parameter=row)
        assert flags.post(shared, "parameter_restore", "greeting", version=str(old.pk), expected="").status_code == 302


class TestRights:
    """Checked where it counts: on the server."""

    @pytest.mark.parametrize("name", ["parameter_set", "parameter_delete"])
    def test_auditors_cannot_set(self, client_of: ClientOf, audrey: User, shared: Environment, name: str) -> None:
        flags = Flags(client_of(audrey))
        page = flags.page(shared)
        assert "You may read everything here, but not change anything." in words(page)
        assert "parameters/set/" not in page
        assert flags.post(shared, name, value="false", expected="1").status_code == 403
        assert not Change.objects.exists()

    def test_somebody_elses_personal_environment(
        self, client_of: ClientOf, alice: User, bob: User, account: object
    ) -> None:
        mine = rows.environment(alice, "dev-alice", APPLICATION)
        path_row(mine)
        parameter(mine, FLAG)
        flags = Flags(client_of(bob))
        assert "belongs to alice" in words(flags.page(mine))
        assert flags.post(mine, value="false", expected="1").status_code == 403
        assert flags.client.post(address(mine, "parameter_new"), {"name": "a", "value": "x"}).status_code == 403
        assert not Change.objects.exists()
        assert not AuditEntry.objects.exists()

    def test_csrf(self, alice: User, shared: Environment) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        old = ParameterVersion.objects.get()
        for name, more in (
            ("parameter_set", {"key": FLAG}),
            ("parameter_delete", {"key": FLAG}),
            ("parameter_restore", {"key": FLAG, "version": old.pk}),
            ("parameter_reveal", {"key": FLAG, "version": old.pk}),
            ("parameter_new", {}),
        ):
            assert client.post(address(shared, name, **more), {"value": "false", "expected": "1"}).status_code == 403


def test_consequences_for_data_are_told(flags: Flags, shared: Environment) -> None:
    table(shared, "file-sharing-app-dev-users", item_count=1_203)
    said = words(flags.page(shared))
    assert "What is in the tables file-sharing-app-dev-users ≈ 1,203 items" in said


def test_the_same_elsewhere(flags: Flags, shared: Environment, prod: Environment) -> None:
    Parameter.objects.filter(environment=prod).update(value="false", digest="other")
    assert "Elsewhere prod prod false v1" in words(flags.page(shared))
    assert ParameterVerb.FOUND.label in words(flags.page(shared))
