"""One release as a page, and two of them against each other."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.flags.sealing import digest
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Account, Environment, Parameter, Release, Template

from .. import rows
from ..rows import page
from .scene import CANARY, parameter, release, toggled, versions, words

ClientOf = Callable[[User], Client]
HERE = "/environments/fileshare/dev/releases/"


@pytest.fixture
def dev(account: Account, alice: User) -> Environment:
    return toggled(rows.environment(alice, "dev", "fileshare"), alice)


def other_template(environment: Environment, *replaced: tuple[str, str]) -> Template:
    """The compute template with some of its text otherwise."""
    body = environment.stacks.get(kind=StackKind.COMPUTE).template.body  # type: ignore[union-attr]  # it has one
    for before, after in replaced:
        assert before in body
        body = body.replace(before, after)
    return Template.objects.create(digest="f" * 64, body=body)


def compared(client: Client, before: int, after: int) -> str:
    """The page of two releases, as people read it."""
    return words(page(client, f"{HERE}compare/?from={before}&to={after}"))


class TestOne:
    """The page of one release."""

    def test_it_says_what_ran_together(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        change = rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.SET_PARAMETERS)
        values: dict[str, Any] = {"Environment": "dev", "ContainerImage": "shop:3", "TaskSize": "large"}
        kept = versions(use_dynamodb=(1, "true"), token=(1, CANARY), forgotten=(4, "nobody knows"))
        release(dev, 3, alice, artifact="shop:3", change=change, stack_parameters=values, versions=kept)
        text = page(client_of(alice), f"{HERE}3/")
        read = words(text)
        assert "Runs shop:3 " in read
        digest_of_template = dev.stacks.values_list("template_id", flat=True).get(kind=StackKind.COMPUTE)
        assert f"Template {str(digest_of_template)[:12]}" in read
        assert f'href="/changes/{change.pk}/"' in text
        assert "use_dynamodb flag true v1" in read
        assert f"token hidden #{digest(CANARY)[:8]} v1" in read
        assert "forgotten not known any more v4" in read
        assert "TaskSize large" in read
        assert "Filled by Stackyard: Environment dev." in read
        assert CANARY not in text

    def test_a_plain_value_under_a_name_that_is_a_secret_now_is_hidden(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        parameter(dev, "once_plain", CANARY)
        Parameter.objects.filter(key="once_plain").update(type="SecureString")
        release(dev, 3, alice, versions=versions(once_plain=(1, CANARY)))
        assert CANARY not in page(client_of(alice), f"{HERE}3/")

    def test_where_it_came_from_and_where_it_went(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        staging = toggled(rows.environment(alice, "staging", "fileshare"), alice)
        first = Release.objects.get(environment=dev, number=1)
        made = release(staging, 3, alice, promoted_from=first)
        text = page(client_of(alice), f"{HERE}1/")
        assert "Promoted to Release 3 of staging" in words(text)
        assert 'href="/environments/fileshare/staging/releases/3/"' in text
        release(staging, 4, alice, restores=made)
        assert "Promoted from Release 1 of dev" in words(
            page(client_of(alice), "/environments/fileshare/staging/releases/3/")
        )
        assert "from dev, release 1" in words(page(client_of(alice), "/environments/fileshare/staging/releases/"))

    @pytest.mark.parametrize("number", ["99", "0", "99999999999999999999"])
    def test_one_that_is_not_there(self, dev: Environment, alice: User, client_of: ClientOf, number: str) -> None:
        page(client_of(alice), f"{HERE}{number}/", 404)

    def test_anothers_release_is_not_this_ones(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(rows.environment(alice, "staging", "fileshare"), 7, alice)
        page(client_of(alice), f"{HERE}7/", 404)

    def test_one_that_failed_cannot_be_gone_back_to(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(dev, 3, alice, good=False)
        assert "Roll back to release" not in page(client_of(alice), f"{HERE}3/")
        assert 'aria-label="Roll back to release 1"' in page(client_of(alice), f"{HERE}1/")

    def test_auditors_read_it(self, dev: Environment, audrey: User, client_of: ClientOf) -> None:
        assert "Roll back" not in page(client_of(audrey), f"{HERE}1/")


class TestTwo:
    """Two releases against each other."""

    def test_parameters_by_value_and_secrets_by_hash(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        text = page(client_of(alice), f"{HERE}compare/?from=1&to=2")
        read = words(text)
        assert "use_dynamodb flag true (v1) false (v2)" in read
        assert f"token parameter hidden #{digest(CANARY)[:8]} (v1) hidden #{digest(f'{CANARY}-two')[:8]} (v2)" in read
        assert "1 parameter had the same value in both." in read
        assert CANARY not in text

    def test_without_numbers_the_two_newest(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(dev, 3, alice, artifact="shop:3")
        assert "Release 2 → 3" in words(page(client_of(alice), f"{HERE}compare/"))

    def test_artifact_and_parameters_of_the_stack(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(dev, 3, alice, artifact="shop:3", stack_parameters={"ContainerImage": "shop:3", "TaskSize": "large"})
        release(dev, 4, alice, artifact="shop:4", stack_parameters={"ContainerImage": "shop:4"})
        read = compared(client_of(alice), 3, 4)
        assert "Image shop:3 shop:4" in read
        assert "ContainerImage" not in read, "it is the image"
        assert "TaskSize compute stack large —" in read
        assert "Template" not in read

    def test_templates_by_resource_and_as_text(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        other = other_template(dev, ("DesiredCount: !FindInMap [TaskCounts, !Ref TaskCount, Tasks]", "DesiredCount: 7"))
        release(dev, 3, alice, template=other)
        text = page(client_of(alice), f"{HERE}compare/?from=2&to=3")
        read = words(text)
        assert "Service Resources changed AWS::ECS::Service" in read
        assert "comes: + DesiredCount: 7" in read
        assert "goes: − DesiredCount: !FindInMap" in read
        assert "f" * 12 in read

    def test_a_template_that_is_not_known_any_more(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(dev, 3, alice, template=None)
        assert "One of the two templates is not known any more." in compared(client_of(alice), 2, 3)

    def test_a_template_that_cannot_be_read(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(dev, 3, alice, template=Template.objects.create(digest="e" * 64, body="Resources: ["))
        assert "One of the two templates cannot be read: This is not YAML" in compared(client_of(alice), 2, 3)

    def test_one_with_itself(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        assert "Both ran the same: they are one release" in compared(client_of(alice), 2, 2)

    def test_none_yet(self, account: Account, alice: User, client_of: ClientOf) -> None:
        rows.environment(alice, "dev", "fileshare")
        assert "No release to compare" in page(client_of(alice), f"{HERE}compare/")

    @pytest.mark.parametrize("query", ["?from=99&to=1", "?from=1&to=99"])
    def test_one_that_is_not_there(self, dev: Environment, alice: User, client_of: ClientOf, query: str) -> None:
        page(client_of(alice), f"{HERE}compare/{query}", 404)

    @pytest.mark.parametrize("text", ["x", "-1", "1e3", "²", "9" * 30, ""])
    def test_a_number_that_is_none_is_as_none_given(
        self, dev: Environment, alice: User, client_of: ClientOf, text: str
    ) -> None:
        assert "Release 1 → 2" in words(page(client_of(alice), f"{HERE}compare/?from={text}&to={text}"))

    def test_few_queries(
        self, dev: Environment, alice: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(3, 40):
            parameter(dev, f"key-{number}", "a", "b")
            release(dev, number, alice, versions=versions(**{f"key-{n}": (1, "a") for n in range(3, number)}))
        client = client_of(alice)
        page(client, f"{HERE}compare/?from=3&to=39")
        with django_assert_max_num_queries(28):
            page(client, f"{HERE}compare/?from=3&to=39")
