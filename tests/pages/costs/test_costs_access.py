"""Who sees which costs, and that looking at them asks AWS nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.models import Account, CostCall, CostRevision

from .spent import APRIL, MAY, NOW, lines, numbers, read, spend, whole

SignIn = Callable[[User], Client]


class TestAccess:
    """Costs may be sensitive."""

    @pytest.fixture(autouse=True)
    def _by_owner(self, settings: Any) -> None:
        settings.COSTS_BY_OWNER = True

    @pytest.fixture
    def people(self, alice: User, audrey: User, ada: User) -> tuple[User, ...]:
        """An engineer, an auditor, an admin."""
        return alice, audrey, ada

    @pytest.mark.parametrize("path", ["/costs/", "/costs/source/", "/costs/numbers.csv", "/costs/numbers.json"])
    def test_costs_pitfall_22_engineers_see_what_is_theirs(
        self, steady: None, account: Account, people: tuple[User, ...], client_of: SignIn, path: str
    ) -> None:
        alice, *others = people
        spend(("fileshare", "PROD"), "7")
        CostRevision.objects.create(
            account=account, day=APRIL, application="fileshare", environment_name="prod",
            service="Amazon Elastic Container Service", record_type="Usage", before="1.00", after="1.10", at=NOW,
        )  # fmt: skip
        theirs = client_of(alice).get(path, {"range": "month"})
        text = (b"".join(theirs) if theirs.streaming else theirs.content).decode()
        assert "fileshare/prod" not in text
        assert "Container Service" not in text
        assert "Support" not in text.replace("support and data", "")
        for user in others:
            answer = client_of(user).get(path, {"range": "month"})
            text = (b"".join(answer) if answer.streaming else answer.content).decode()
            assert "fileshare" in text

    def test_costs_pitfall_22_totals_are_of_what_is_theirs(
        self, steady: None, alice: User, bob: User, client_of: SignIn
    ) -> None:
        whole(MAY, "999")
        assert numbers(client_of(alice), "range=month")["total"] == "19.81"
        assert numbers(client_of(bob), "range=month")["total"] == "36.01"
        assert "do not add up" not in read(client_of(alice))
        assert "You see what is yours" in read(client_of(alice))

    def test_an_application_belongs_to_its_owners(self, steady: None, alice: User, client_of: SignIn) -> None:
        alice.groups.add(Group.objects.create(name="fileshare"))
        assert numbers(client_of(alice), "range=month")["total"] == "55.82"

    def test_costs_pitfall_22_no_formula_in_csv(self, account: Account, ada: User, client_of: SignIn) -> None:
        spend(("=cmd|' /C calc'!A0", "@x"), "1.123456789012")
        (row,) = lines(client_of(ada))
        assert row["group"] == "'=cmd|' /C calc'!A0/@x"
        assert row["amount"] == "1.123456789012"


class TestNeverAws:
    """A page costs nothing."""

    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Every call that botocore would make."""
        made: list[str] = []

        def counted(_: object, operation: str, __: object) -> None:
            made.append(operation)
            raise AssertionError(operation)

        monkeypatch.setattr(BaseClient, "_make_api_call", counted)
        return made

    def test_costs_pitfall_01_a_hundred_looks_and_no_call(
        self, steady: None, alice: User, client_of: SignIn, calls: list[str]
    ) -> None:
        client = client_of(alice)
        for number in range(100):
            assert client.get("/costs/", {"range": ("30", "365")[number % 2]}).status_code == 200
        assert client.get("/costs/source/").status_code == 200
        assert calls == []
        assert not CostCall.objects.exists()

    def test_queries(
        self, steady: None, alice: User, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = client_of(alice)
        client.get("/costs/")
        with django_assert_max_num_queries(12):
            client.get("/costs/")
