"""The flags page: a tree of parameters by environment, what stands out, how old it is, and that it asks no AWS."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, ParameterVerb, ScheduleStatus
from provisioning.models import Environment, Parameter, ParameterPath, ParameterSchedule, ParameterVersion

from .. import rows
from .scene import (
    APPLICATION,
    CANARY,
    FLAG,
    ClientOf,
    Flags,
    cells,
    parameter,
    path_row,
    row_of,
    version,
    words,
)

HTMX = {"HX-Request": "true"}


class TestTree:
    """Rows by path, columns by stage."""

    def test_columns_by_stage_and_personal_ones_after(
        self, flags: Flags, prod: Environment, shared: Environment, staging: Environment, alice: User
    ) -> None:
        mine = rows.environment(alice, "dev-alice", APPLICATION)
        path_row(mine)
        page = flags.matrix()
        places = [page.index(f'>{name}</a> <span class="stage') for name in ("dev", "staging", "prod", "dev-alice")]
        assert places == sorted(places)
        assert "dev-alice" not in words(flags.matrix(columns="shared").split("flags-matrix")[1])

    def test_folders_close_without_javascript(self, flags: Flags, shared: Environment) -> None:
        for key in ("limits/upload/mb", "limits/upload/count", "limits/rate", "deep/er/down"):
            parameter(shared, key, "5")
        page = flags.matrix()
        assert '<details class="flag-folder" open data-folder="limits/">' in page
        assert '<details class="flag-folder" open data-folder="limits/upload/">' in page
        assert '<details class="flag-folder" open data-folder="deep/er/">' in page
        assert "<code>deep/er/</code>" in page
        assert cells(page, "limits/upload/mb")[0].startswith("5 v1")

    def test_a_parameter_that_is_not_everywhere(self, flags: Flags, shared: Environment, staging: Environment) -> None:
        parameter(shared, "greeting", "hello")
        assert cells(flags.matrix(), "greeting")[1] == "missing"
        assert "/parameters/new/?key=greeting" in row_of(flags.matrix(), "greeting")

    def test_a_declared_flag_is_listed_even_where_it_was_never_stored(
        self, flags: Flags, alice: User, account: object
    ) -> None:
        path_row(rows.environment(alice, "dev", APPLICATION))
        assert cells(flags.matrix(), FLAG) == ["missing"]

    def test_the_tab_of_one_environment_has_the_same_rows(self, flags: Flags, shared: Environment) -> None:
        parameter(shared, "limits/rate", "5")
        page = flags.tab(shared)
        assert cells(page, FLAG)[0] == "true v1"
        assert cells(page, "limits/rate")[0] == "5 v1"

    def test_more_environments_than_columns(self, flags: Flags, shared: Environment, bob: User) -> None:
        for number in range(24):
            rows.environment(bob, f"dev-{number:02}", APPLICATION)
        assert "5 more environments of others are not shown." in words(flags.matrix())


class TestTeaching:
    """Who has no parameters yet is told how to get some."""

    def test_an_application_without_a_path(self, flags: Flags, dev: Environment) -> None:
        said = words(flags.matrix("hello-erlang"))
        assert "Hello Erlang reads no parameters" in said
        assert "parameter_path: /hello-erlang/{environment}/" in said
        assert "reads no parameters" in words(flags.tab(dev))

    def test_no_environment_yet(self, flags: Flags, account: object) -> None:
        assert "No environment yet" in words(flags.matrix())


class TestValues:
    """What cells say."""

    @pytest.mark.parametrize("value", ["True", "true ", "1", "yes", "TRUE\n"])
    def test_flags_pitfall_17_an_unknown_boolean_is_shown_as_it_is_in_red(
        self, flags: Flags, shared: Environment, value: str
    ) -> None:
        Parameter.objects.filter(key=FLAG).update(value=value)
        row = row_of(flags.matrix(), FLAG)
        assert 'class="flag-value flag-wrong"' in row
        assert "flag-on" not in row
        assert "flag-off" not in row
        assert value.strip() in words(row)
        assert ("␣" in row) is value.endswith(" ")
        assert ("⏎" in row) is value.endswith("\n")

    def test_booleans_look_like_switches(self, flags: Flags, shared: Environment, staging: Environment) -> None:
        Parameter.objects.filter(environment=staging).update(value="false")
        row = row_of(flags.matrix(), FLAG)
        assert 'class="flag-value flag-on"' in row
        assert 'class="flag-value flag-off"' in row

    def test_flags_pitfall_06_who_put_it_outside_is_named_by_aws(self, flags: Flags, shared: Environment) -> None:
        row = Parameter.objects.get(environment=shared)
        row.version, row.outside_at = 2, timezone.now()
        row.save()
        version(row, 2, "true", verb=ParameterVerb.OUTSIDE, who="arn:aws:iam::1:user/carol")
        (cell,) = cells(flags.matrix(), FLAG)
        assert "outside Stackyard, as arn:aws:iam::1:user/carol" in cell
        assert cell.endswith("outside")
        assert "Flags 1" in words(flags.tab(shared))

    def test_flags_pitfall_23_the_person_is_named_and_not_the_role(
        self, flags: Flags, shared: Environment, bob: User
    ) -> None:
        ParameterVersion.objects.update(by=bob, verb=ParameterVerb.EDIT, who="arn:aws:sts::1:assumed-role/stackyard/x")
        page = flags.matrix()
        assert "Bob" in cells(page, FLAG)[0]
        assert "assumed-role" not in page

    def test_flags_pitfall_21_what_a_stack_makes_is_locked(self, flags: Flags, shared: Environment) -> None:
        parameter(shared, "dynamodb_users_table_name", "dev-users", owned_by="UsersTableName")
        row = row_of(flags.matrix(), "dynamodb_users_table_name")
        assert "Made by a stack as UsersTableName: read only" in row
        said = words(flags.page(shared, "dynamodb_users_table_name"))
        assert "It says what there is, and is no switch" in said
        assert "parameters/set/" not in flags.page(shared, "dynamodb_users_table_name")
        refused = flags.post(shared, key="dynamodb_users_table_name", value="other", expected="1")
        assert refused.status_code in {400, 409}
        assert Parameter.objects.get(key="dynamodb_users_table_name").asked_at is None

    def test_asked_for_live_scheduled_and_stale(self, flags: Flags, gallery: Environment, alice: User) -> None:
        parameter(gallery, "greeting", "Hello")
        row = Parameter.objects.get(key=FLAG)
        row.live_version, row.live_on, row.live_of = 1, 1, 3
        row.save()
        ParameterSchedule.objects.create(
            parameter=row,
            value="false",
            at=timezone.now(),
            status=ScheduleStatus.WAITING,
            by=alice,
            asked_at=timezone.now(),
        )
        goal = {"sets": [{"key": FLAG, "verb": "edit", "type": "String"}, {"key": "brand/new"}]}
        rows.change(gallery, alice, ChangeStatus.AWAITING_APPROVAL, ChangeKind.SET_PARAMETERS, goal=goal)
        page = flags.matrix("gallery")
        (cell,) = cells(page, FLAG)
        assert cell.endswith("live: 1 of 3 on v1 asked for scheduled")
        assert cells(page, "brand/new") == ["missing asked for"]
        assert "still used?" in words(row_of(page, "greeting"))

    def test_keys_and_values_are_text(self, flags: Flags, shared: Environment) -> None:
        attack = "<script>alert(1)</script>"
        parameter(shared, f"a/{attack}", f'"><img src=x onerror=1>{attack}', owned_by=attack)
        parameter(shared, "quoted", '\'" onmouseover="x')
        for page in (
            flags.matrix(),
            flags.tab(shared),
            flags.page(shared, f"a/{attack}"),
            flags.page(shared, "quoted"),
        ):
            assert attack not in page
            assert "<img" not in page
            assert '" onmouseover="' not in page

    def test_flags_pitfall_02_only_what_is_below_the_path_is_shown(self, flags: Flags, shared: Environment) -> None:
        parameter(shared, "/fileshare/dev-bob/stray", "x", name="/fileshare/dev-bob/stray")
        assert "stray" not in flags.matrix()
        url = reverse("parameter", args=(APPLICATION, "dev", "/fileshare/dev-bob/stray"))
        assert flags.client.get(url).status_code == 404


class TestFilters:
    """What is listed; the address says it all."""

    def test_by_text_and_kind(self, flags: Flags, shared: Environment) -> None:
        parameter(shared, "greeting", "hello")
        parameter(shared, "token", CANARY, type="SecureString")
        parameter(shared, "arn", "arn:aws:x", owned_by="PolicyArn")
        every = {FLAG, "greeting", "token", "arn"}

        def listed(**query: str) -> set[str]:
            page = flags.matrix(**query)
            return {key for key in every if f'<code title="{key}">' in page}

        assert listed() == every
        assert listed(q="DynamoDB") == {FLAG}  # in its title
        assert listed(q="hello") == {"greeting"}  # in its value
        assert listed(only="flags") == {FLAG}
        assert listed(only="parameters") == {"greeting", "token"}
        assert listed(only="secrets") == {"token"}
        assert listed(only="stacks") == {"arn"}
        assert listed(q="nothing") == set()
        assert 'value="hello"' in flags.matrix(q="hello")

    def test_a_secret_is_not_found_by_its_value(self, flags: Flags, shared: Environment) -> None:
        parameter(shared, "token", CANARY, type="SecureString")
        assert '<code title="token">' not in flags.matrix(q=CANARY[:6])

    def test_flags_pitfall_20_secrets_are_compared_and_not_shown(
        self, flags: Flags, shared: Environment, staging: Environment, prod: Environment
    ) -> None:
        for environment, value in ((shared, CANARY), (staging, CANARY), (prod, "another-secret")):
            parameter(environment, "token", value, type="SecureString")
        page = flags.matrix(view="differs")
        assert [cell.split(" v1")[0] for cell in cells(page, "token")] == ["hidden A", "hidden A", "hidden B"]
        assert row_of(page, "token").count("flag-odd") == 1
        assert CANARY not in page
        assert "another-secret" not in page

    def test_what_differs_between_stages(
        self, flags: Flags, shared: Environment, staging: Environment, alice: User
    ) -> None:
        parameter(shared, "arn", "one", owned_by="Arn")
        parameter(staging, "arn", "two", owned_by="Arn")
        parameter(shared, "only_here", "x")
        mine = rows.environment(alice, "dev-alice", APPLICATION)
        path_row(mine)
        parameter(mine, FLAG, "false")
        page = flags.matrix(view="differs")
        assert "only_here" in page
        assert f'<code title="{FLAG}">' not in page  # a personal one does not count beside two shared ones
        assert '<code title="arn">' not in page  # what stacks make always differs
        ParameterPath.objects.filter(environment=staging).update(read_at=None)
        assert "only_here" not in flags.matrix(view="differs", columns="shared")  # nobody knows of staging


class TestReading:
    """The page shows rows; looking has them read anew, and says how old they are."""

    def test_flags_pitfall_04_many_who_look_ask_for_one_reading(
        self, flags: Flags, shared: Environment, client_of: ClientOf, bob: User
    ) -> None:
        with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
            flags.matrix()
            due = ParameterPath.objects.get(environment=shared).read_due_at
            assert due is not None
        with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
            Flags(client_of(bob)).matrix()
            flags.page(shared)
            assert ParameterPath.objects.get(environment=shared).read_due_at == due

    def test_what_was_just_read_is_not_asked_for_again(self, flags: Flags, shared: Environment) -> None:
        flags.matrix()
        assert ParameterPath.objects.get(environment=shared).read_due_at is None

    def test_flags_pitfall_03_trouble_is_told_at_once(self, flags: Flags, shared: Environment) -> None:
        problem = "Parameter Store asked Stackyard to slow down. Try 2 of 4."
        due = timezone.now() + timedelta(seconds=20)
        ParameterPath.objects.filter(environment=shared).update(problem=problem, tries=2, read_due_at=due)
        for page in (flags.matrix(), flags.tab(shared), flags.page(shared)):
            assert problem in words(page)

    def test_pages_and_calls_are_for_admins(
        self, flags: Flags, shared: Environment, client_of: ClientOf, ada: User
    ) -> None:
        ParameterPath.objects.filter(environment=shared).update(pages=4_321, reads=1_234)
        assert "1,234 readings, 4,321 pages" in words(Flags(client_of(ada)).matrix())
        assert "4,321" not in flags.matrix()

    def test_the_part_that_moves_brings_the_matrix_only_when_it_has(self, flags: Flags, shared: Environment) -> None:
        page = flags.matrix()
        seen = page.split("seen=")[1].split('"')[0]

        def asked() -> str:
            query = {"application": APPLICATION, "seen": seen}
            return flags.text(flags.client.get(reverse("flags_live"), query, headers=HTMX))

        assert "flags-matrix" not in asked()
        Parameter.objects.update(version=2)
        assert 'id="flags-matrix" class="stack" hx-swap-oob="true"' in asked()
        away = flags.client.get(reverse("flags_live"), {"application": APPLICATION, "q": "x"})
        assert away["Location"] == f"{reverse('flags')}?application={APPLICATION}&q=x"

    def test_it_looks_often_only_while_something_moves(self, flags: Flags, shared: Environment) -> None:
        assert "every 30s, refresh" in flags.matrix()
        ParameterPath.objects.filter(environment=shared).update(read_due_at=timezone.now())
        assert "every 2s, refresh" in flags.matrix()


def test_six_environments_of_two_hundred_take_few_queries(
    flags: Flags, alice: User, account: object, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("dev", "staging", "prod", "dev-alice", "dev-bob", "dev-carol"):
        environment = rows.environment(alice, name, APPLICATION)
        path_row(environment)
        Parameter.objects.bulk_create(
            Parameter(
                environment=environment,
                key=f"group-{number // 20}/key-{number}",
                name=f"/{APPLICATION}/{name}/group-{number // 20}/key-{number}",
                type="String",
                value="x",
                version=1,
                modified_at=timezone.now(),
            )
            for number in range(200)
        )
    with django_assert_max_num_queries(12):
        page = flags.matrix()
    assert page.count('<th scope="row">') == 201
    with django_assert_max_num_queries(12):
        flags.client.get(reverse("flags_live"), {"application": APPLICATION}, headers=HTMX)


def test_auditors_read(client_of: ClientOf, audrey: User, shared: Environment) -> None:
    flags = Flags(client_of(audrey))
    assert cells(flags.matrix(), FLAG)[0].startswith("true")
    assert "New parameter" not in words(flags.tab(shared))
    assert Client().get(reverse("flags")).status_code == 302
