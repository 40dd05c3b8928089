"""What a person finds who comes to ask for an environment."""

import re
import uuid

from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from portal.requesting.prices import price_of
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, Change, Environment

from .. import rows
from ..rows import page
from .browser import FORM, ClientOf, chosen, sent, text, value


class TestForm:
    """What a person finds when they come."""

    def test_is_made_from_the_blueprint_in_its_order(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        html = page(client_of(alice), FORM)
        legends = re.findall(r"<legend>(Where|Machine|Network|Tables|Lifetime|Why)</legend>", html)
        assert legends == ["Where", "Machine", "Network", "Tables", "Lifetime", "Why"]
        assert "Pay per request" in html  # an allowed value, worded
        assert chosen(html, "compute.InstanceType") == ["t3.micro"]
        folded = re.search(r"<details class=\"more\">\s*<summary>1 more: Disk.*?</details>", html, re.DOTALL)
        assert folded
        assert 'name="compute.VolumeSize"' in folded.group(0)
        assert "EnvironmentId" not in html  # Stackyard fills it

    def test_offers_what_the_account_has(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        html = page(client_of(alice), FORM)
        assert chosen(html, "compute.VpcId") == [network["default"]]
        assert f"demo · 10.42.0.0/16 · {network['vpc']}" in html
        assert len(chosen(html, "compute.SubnetIds")) == 2
        assert network["a"] not in html  # a subnet of the other VPC
        assert chosen(html, "compute.KeyName") == ["demo-key"]

    def test_takes_the_network_that_was_used_last(
        self, alice: User, bob: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        used = {"VpcId": network["vpc"], "SubnetIds": network["b"], "InstanceType": "t3.medium"}
        rows.environment(bob, "dev-bob").stacks.filter(kind=StackKind.COMPUTE).update(parameters=used)
        html = page(client_of(alice), FORM)
        assert chosen(html, "compute.VpcId") == [network["vpc"]]
        assert chosen(html, "compute.SubnetIds") == [network["b"]]
        assert chosen(html, "compute.InstanceType") == ["t3.micro"]  # sizes are everybody's own

    def test_takes_what_was_deployed_where_compute_is_made_again(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        deployed = "s3://releases/two.tar.gz"
        made = rows.environment(alice, "dev-alice")
        made.stacks.filter(kind=StackKind.COMPUTE).update(parameters={"ReleaseUri": deployed}, status="DELETE_COMPLETE")
        client = client_of(alice)
        again = client.get(FORM, {"name": "dev-alice"}).content.decode()
        assert value(again, "compute.ReleaseUri") == deployed
        assert value(page(client, FORM), "compute.ReleaseUri") == ""

    def test_begins_with_a_free_name(
        self, alice: User, bob: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client = client_of(alice)
        assert value(page(client, FORM), "name") == "dev"
        rows.environment(bob, "dev")
        assert value(page(client, FORM), "name") == "dev-alice"
        made = rows.environment(alice, "dev-alice")
        assert value(page(client, FORM), "name") == "dev-alice-2"
        Environment.objects.filter(pk=made.pk).update(status=EnvironmentStatus.REMOVED)
        assert value(page(client, FORM), "name") == "dev-alice"

    def test_prod_says_who_must_agree_what_is_protected_and_what_it_costs(
        self, alice: User, ada: User, grace: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        response = client_of(alice).get(FORM, {"name": "prod"})
        words = text(response)
        assert "Needs 1 approval by admins A Ada G Grace" in words
        assert "Point-in-time recovery is on. Tables refuse deletion. The data stack is protected." in words
        blueprint = library().blueprints["hello-erlang"]
        monthly = price_of(blueprint, name="prod", stage="prod", region="us-east-1").monthly
        assert f"≈ ${monthly:.2f} a month at expected use." in words
        assert "Request prod environment" in words
        assert chosen(response.content.decode(), "data.DeletionProtection") == ["true"]  # prod's own starting values

    def test_never_names_the_requester_as_an_approver(
        self, ada: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        words = text(client_of(ada).get(FORM, {"name": "prod"}))
        assert "nobody but you is in that group" in words

    def test_refuses_auditors_and_unknown_applications(
        self, audrey: User, alice: User, client_of: ClientOf, account: Account
    ) -> None:
        assert client_of(audrey).get(FORM).status_code == 403
        assert client_of(audrey).post(FORM, {}).status_code == 403
        for path in ("", "names/", "choices/", "price/"):
            assert client_of(alice).get(f"/request/nonsense/{path}").status_code == 404

    def test_says_so_while_there_is_no_account(self, alice: User, client_of: ClientOf) -> None:
        assert "No AWS account is set up yet" in page(client_of(alice), FORM)

    def test_costs_few_queries(
        self,
        alice: User,
        client_of: ClientOf,
        network: dict[str, str],
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = client_of(alice)
        for number in range(8):
            rows.environment(alice, f"dev-{number}")
        with django_assert_max_num_queries(13):
            page(client, f"{FORM}?name=prod")


class TestSameAgain:
    """Every past request can be repeated."""

    def test_begins_with_the_values_of_that_change(
        self, alice: User, bob: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client = client_of(bob)
        client.post(FORM, sent(network, name="dev-bob", **{"compute.InstanceType": "t3.medium"}))
        first = Change.objects.get()
        html = page(client_of(alice), f"{FORM}?from={first.pk}")
        assert chosen(html, "compute.InstanceType") == ["t3.medium"]
        assert chosen(html, "compute.SubnetIds") == [network["a"], network["b"]]
        assert value(html, "name") == "dev"  # bob's is there, so this one has a name of its own
        assert f"/changes/{first.pk}/" in html
        assert "Trying it out" in html

    def test_takes_back_what_is_not_there_any_more_and_says_so(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        made = rows.environment(alice, "dev-alice")
        goal = {"values": {"compute": {"VpcId": network["vpc"], "SubnetIds": f"subnet-0dead,{network['a']}"}}}
        change = rows.change(made, alice, ChangeStatus.SUCCEEDED, goal=goal)
        html = page(client_of(alice), f"{FORM}?from={change.pk}")
        assert chosen(html, "compute.SubnetIds") == [network["a"]]
        assert "Cleared, because it is not there: subnet-0dead." in html

    def test_does_not_find_changes_of_other_applications_or_none(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        change = rows.change(rows.environment(alice, "dev", "fileshare"), alice, ChangeStatus.SUCCEEDED)
        for wanted in (change.pk, uuid.uuid4(), "nonsense"):
            assert client_of(alice).get(FORM, {"from": str(wanted)}).status_code == 404
