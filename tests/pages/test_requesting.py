"""The request form: what it offers, what it warns of, what it sends, and what it does with what cannot be sent."""

import re
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import boto3
import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from moto import mock_aws
from pytest_django import DjangoAssertNumQueries, Settings

from portal.accounts.models import User
from portal.requesting.prices import price_of
from provisioning.actions.choices import live_choices
from provisioning.aws.clients import call_count, clients_for
from provisioning.blueprints.loader import SHIPPED, library
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, Change, Environment, Stack, Template

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]
FORM = "/request/hello-erlang/"
HTMX = {"HX-Request": "true"}
SECRET = "correct-horse"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No test sees what another one read."""
    cache.clear()
    clients_for.cache_clear()
    yield
    cache.clear()
    clients_for.cache_clear()


@pytest.fixture
def network(account: Account) -> Iterator[dict[str, str]]:
    """An account in moto with the default VPC, one named demo with two subnets, and one key pair."""
    with mock_aws():
        ec2 = boto3.client("ec2", region_name="us-east-1")
        vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "demo"}])
        found = {"vpc": vpc}
        for letter, third in (("a", 1), ("b", 2)):
            subnet = ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.42.{third}.0/24", AvailabilityZone=f"us-east-1{letter}"
            )
            found[letter] = subnet["Subnet"]["SubnetId"]
        ec2.create_key_pair(KeyName="demo-key")
        default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        yield {**found, "default": default}


@pytest.fixture
def away(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account whose AWS does not answer: a port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")


def sent(network: dict[str, str], **over: object) -> dict[str, object]:
    """What a browser sends when nothing but the network was chosen."""
    values = {
        "key": str(uuid.uuid4()),
        "stage": "dev",
        "name": "dev-alice",
        "reason": "Trying it out",
        "compute.InstanceType": "t3.micro",
        "compute.ImageId": "ami-0abc",
        "compute.KeyName": "demo-key",
        "compute.VolumeSize": "8",
        "compute.VpcId": network["vpc"],
        "compute.SubnetIds": [network["a"], network["b"]],
        "compute.AllowedCidr": "0.0.0.0/0",
        "compute.SshCidr": "",
        "compute.ApplicationPort": "8080",
        "compute.HealthCheckPath": "/echo",
        "data.BillingMode": "PAY_PER_REQUEST",
        "data.ReadCapacity": "5",
        "data.WriteCapacity": "5",
        "data.DeletionProtection": "false",
        "data.PointInTimeRecovery": "false",
        "data.Alarms": "false",
    }
    return {**values, **over}


def text(response: HttpResponse) -> str:
    """The words of a page, as people read them."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def value(html: str, name: str) -> str:
    """The value of an input."""
    found = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*>', html)
    assert found, name
    inside = re.search(r'value="([^"]*)"', found.group(0))
    return unescape(inside.group(1)) if inside else ""


def chosen(html: str, name: str) -> list[str]:
    """What is selected in a select, or ticked in checkboxes."""
    select = re.search(rf'<select name="{re.escape(name)}".*?</select>', html, re.DOTALL)
    if select:
        return re.findall(r'<option value="([^"]*)" selected', select.group(0))
    return re.findall(rf'name="{re.escape(name)}" value="([^"]*)"[^>]*checked', html)


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
        assert "Needs 1 approval by admins AD Ada GR Grace" in words or ("Ada" in words and "Grace" in words)
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
        with django_assert_max_num_queries(12):
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


class TestSending:
    """One click, one change; what cannot be sent comes back whole."""

    def test_leads_to_the_change(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        response = client_of(alice).post(FORM, sent(network))
        change = Change.objects.get()
        assert response.status_code == 302
        assert response["Location"] == f"/changes/{change.pk}/"
        assert (change.environment.name, change.reason, change.kind) == (
            "dev-alice",
            "Trying it out",
            ChangeKind.CREATE,
        )
        compute = change.operations.get(stack__kind=StackKind.COMPUTE).parameters
        assert compute["SubnetIds"] == f"{network['a']},{network['b']}"
        assert compute["ImageId"] == "ami-0abc"  # on no list, and yet it may be somebody's

    def test_twice_is_once(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        client, data = client_of(alice), sent(network)
        places = {client.post(FORM, data)["Location"] for _ in range(2)}
        assert len(places) == 1
        assert Change.objects.count() == 1

    def test_two_forms_of_one_name_do_not_make_two(
        self, alice: User, bob: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client_of(alice).post(FORM, sent(network, name="prod", stage="prod"))
        first = Change.objects.get()
        response = client_of(bob).post(FORM, sent(network, name="prod", stage="prod"))
        assert response.status_code == 422
        assert "alice has a change of this environment open." in text(response)
        assert f"/changes/{first.pk}/" in response.content.decode()
        assert Change.objects.count() == 1

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("", "Give the environment a name"),
            ("dev-" + "a" * 30, "At most 24 characters; this has 34."),
            ("Dev-Alice", "Lower case only: dev-alice."),
            ("dev--alice", "One hyphen at a time."),
            ("dev-zoë", "Only the letters a to z"),
            ("dev-alice-", "end with a letter or a digit"),
            ("playground", "Use dev, staging or prod, or start with dev-"),
            ("dev-a\0b", "Null characters are not allowed."),
        ],
    )
    def test_says_what_is_wrong_with_a_name(
        self, alice: User, client_of: ClientOf, network: dict[str, str], name: str, sentence: str
    ) -> None:
        response = client_of(alice).post(FORM, sent(network, name=name))
        assert response.status_code == 422
        assert sentence in text(response)
        assert not Environment.objects.exists()

    @pytest.mark.parametrize(
        "case",
        [
            ("compute.VpcId", "vpc-0dead", "The account does not have this."),
            ("compute.VpcId", "", "This is needed."),
            ("compute.SubnetIds", "subnet-0dead", "This is not in the chosen VPC."),
            ("compute.SubnetIds", [], "This is needed."),
            ("compute.KeyName", "lost-key", "The account does not have this."),
            ("compute.ImageId", "nonsense", "Give an image id"),
            ("compute.VolumeSize", "much", "Write a number."),
            ("compute.VolumeSize", "9000", "Write a number of 8 to 200."),
            ("compute.InstanceType", "x9.huge", "Choose one of t3.micro"),
            ("compute.AllowedCidr", "everyone", "Write a range of addresses"),
            ("compute.HealthCheckPath", "/" + "x" * 5000, "This is too long: 4,096 bytes is the most."),
        ],
    )
    def test_says_what_is_wrong_with_a_value(
        self, alice: User, client_of: ClientOf, network: dict[str, str], case: tuple[str, object, str]
    ) -> None:
        field, typed, sentence = case
        response = client_of(alice).post(FORM, sent(network, **{field: typed}))
        assert response.status_code == 422
        assert sentence in text(response)
        assert not Environment.objects.exists()

    def test_keeps_everything_typed_and_names_every_mistake_at_once(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        data = sent(network, name="Prod", **{"compute.VolumeSize": "much", "compute.InstanceType": "t3.small"})
        response = client_of(alice).post(FORM, data)
        html = response.content.decode()
        assert "This environment was not requested. 2 things to correct" in text(response)
        assert value(html, "name") == "Prod"
        assert value(html, "compute.VolumeSize") == "much"
        assert value(html, "key") == data["key"]
        assert chosen(html, "compute.InstanceType") == ["t3.small"]
        assert chosen(html, "compute.SubnetIds") == [network["a"], network["b"]]
        assert "Trying it out</textarea>" in html
        assert re.search(
            r"<details class=\"more\" open>\s*<summary>1 more: Disk", html
        )  # the mistake is not folded away

    def test_an_image_that_was_typed_wins_over_the_list(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client_of(alice).post(FORM, sent(network, **{"compute.ImageId.typed": " ami-0feed "}))
        assert Change.objects.get().goal["values"]["compute"]["ImageId"] == "ami-0feed"

    def test_refuses_the_name_of_somebody_else(
        self, alice: User, bob: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        rows.environment(bob, "dev-bob", status=EnvironmentStatus.REMOVED)
        response = client_of(alice).post(FORM, sent(network, name="dev-bob"))
        assert response.status_code == 422
        assert "hello-erlang/dev-bob belongs to bob." in text(response)

    def test_without_javascript_a_look_reads_all_again_and_sends_nothing(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        data = sent(network, look="1", name="staging", **{"compute.VpcId": network["default"]})
        response = client_of(alice).post(FORM, data)
        html = response.content.decode()
        assert response.status_code == 200
        assert not Change.objects.exists()
        assert value(html, "key") == data["key"]
        assert "hello-erlang-data-staging" in html
        assert f"Cleared, because it is not there: {network['a']}, {network['b']}." in html
        assert "Compared with the account just now." in html


class TestNames:
    """What is shown while a name is typed."""

    URL = f"{FORM}names/"

    def look(self, client: Client, name: str, application: str = "hello-erlang") -> str:
        response = client.get(f"/request/{application}/names/", {"name": name, "stage": "dev"}, headers=HTMX)
        assert response.status_code == 200
        assert "HX-Request" in response["Vary"]
        return text(response)

    def test_names_stacks_tables_and_the_parameter_path(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        words = self.look(client_of(alice), "dev-alice", "fileshare")
        for name in ("fileshare-data-dev-alice", "fileshare-dev-alice", "file-sharing-app-dev-alice-users"):
            assert name in words
        assert "6 parameters under /fileshare/dev-alice/" in words
        assert "Compared with the account just now." in words

    def test_names_stacks_and_tables_that_are_there(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        body = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
        boto3.client("cloudformation", region_name="us-east-1").create_stack(
            StackName="hello-erlang-dev-alice", TemplateBody=body
        )
        boto3.client("dynamodb", region_name="us-east-1").create_table(
            TableName="dev-alice-hello-erlang-messages",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        words = self.look(client_of(alice), "dev-alice")
        assert "A stack named hello-erlang-dev-alice exists already (ready) and was made outside Stackyard." in words
        assert "A table named dev-alice-hello-erlang-messages exists already." in words
        assert "hello-erlang-data-dev-alice taken" not in words

    def test_names_anybodys_environment_and_links_to_it(
        self, alice: User, bob: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        rows.environment(bob, "staging")
        response = client_of(alice).get(self.URL, {"name": "staging"}, headers=HTMX)
        assert "hello-erlang/staging exists already. Open the environment" in text(response)
        assert "/environments/hello-erlang/staging/" in response.content.decode()

    def test_links_to_the_open_change(
        self, alice: User, bob: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        change = rows.change(rows.environment(bob, "staging"), bob, ChangeStatus.RUNNING)
        response = client_of(alice).get(self.URL, {"name": "staging"}, headers=HTMX)
        assert "bob has a change of hello-erlang/staging open" in text(response)
        assert f"/changes/{change.pk}/" in response.content.decode()

    def test_what_is_left_of_it_is_no_collision(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        made = rows.without(rows.environment(alice, "dev-alice", status=EnvironmentStatus.PARKED), StackKind.COMPUTE)
        boto3.client("cloudformation", region_name="us-east-1").create_stack(
            StackName="hello-erlang-data-dev-alice",
            TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
            Tags=[{"Key": "EnvironmentId", "Value": str(made.pk)}],
        )
        words = self.look(client_of(alice), "dev-alice")
        assert "hello-erlang/dev-alice is there (parked). What is missing is created." in words
        assert "exists already" not in words
        rows.without(made, StackKind.DATA)
        Environment.objects.filter(pk=made.pk).update(status=EnvironmentStatus.REMOVED)
        assert "was there before. Its history goes on." in self.look(client_of(alice), "dev-alice")

    def test_another_stage_changes_the_button_and_says_whose_settings_these_are(
        self, alice: User, ada: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        words = self.look(client_of(alice), "prod")
        assert "The settings below are those of dev. Start with those of prod" in words
        assert "Request prod environment" in words
        assert "Create dev environment" in self.look(client_of(alice), "dev-alice")

    def test_a_name_that_cannot_be_one_shows_the_reason_alone(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        assert self.look(client_of(alice), "dev--x").strip() == "One hyphen at a time."

    def test_says_what_could_not_be_checked(self, alice: User, client_of: ClientOf, away: None) -> None:
        words = self.look(client_of(alice), "dev-alice")
        assert "could not be checked now" in words
        assert "hello-erlang-data-dev-alice" in words

    @pytest.mark.parametrize("part", ["names/?name=dev", "choices/?field=compute.SubnetIds", "price/"])
    def test_parts_alone_lead_to_the_form(
        self, alice: User, client_of: ClientOf, network: dict[str, str], part: str
    ) -> None:
        response = client_of(alice).get(FORM + part)
        assert (response.status_code, response["Location"]) == (302, FORM)


class TestChoices:
    """Subnets follow the VPC; lists that cannot be read leave a field to type in."""

    URL = f"{FORM}choices/"

    def test_subnets_follow_the_vpc(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        asked = {"field": "compute.SubnetIds", "compute.VpcId": network["vpc"], "compute.SubnetIds": ["subnet-0old"]}
        html = client_of(alice).get(self.URL, asked, headers=HTMX).content.decode()
        assert chosen(html, "compute.SubnetIds") == [network["a"], network["b"]]
        assert "Cleared, because it is not there: subnet-0old. Check what is chosen now." in html

    @pytest.mark.parametrize("vpc", ["", "vpc-0dead", "vpc-" + "x" * 5000, "../etc"])
    def test_a_vpc_that_is_none_has_no_subnets(
        self, alice: User, client_of: ClientOf, network: dict[str, str], vpc: str
    ) -> None:
        asked = {"field": "compute.SubnetIds", "compute.VpcId": vpc}
        html = client_of(alice).get(self.URL, asked, headers=HTMX).content.decode()
        assert 'type="checkbox"' not in html
        assert ("Choose a VPC first." if not vpc else "This VPC has none.") in html

    @pytest.mark.parametrize("field", ["", "compute.InstanceType", "compute.Nonsense"])
    def test_only_live_lists_can_be_asked_for(
        self, alice: User, client_of: ClientOf, network: dict[str, str], field: str
    ) -> None:
        assert client_of(alice).get(self.URL, {"field": field}, headers=HTMX).status_code == 404

    def test_without_aws_the_form_takes_what_is_typed(self, alice: User, client_of: ClientOf, away: None) -> None:
        client = client_of(alice)
        html = page(client, FORM)
        assert html.count("The list could not be read, so type the") == 4
        assert value(html, "compute.VpcId") == ""
        typed = {"vpc": "vpc-0abc", "a": "subnet-0a", "b": "subnet-0b"}
        response = client.post(FORM, sent(typed, **{"compute.SubnetIds": "subnet-0a, subnet-0b"}))
        assert response.status_code == 302
        assert Change.objects.get().goal["values"]["compute"]["SubnetIds"] == "subnet-0a, subnet-0b"

    def test_without_aws_what_is_being_typed_is_left_alone(self, alice: User, client_of: ClientOf, away: None) -> None:
        asked = {"field": "compute.SubnetIds", "compute.VpcId": "vpc-0abc", "typed": "1"}
        assert client_of(alice).get(self.URL, asked, headers=HTMX).status_code == 204

    def test_what_was_read_is_kept_for_a_minute(self, network: dict[str, str], account: Account) -> None:
        before = call_count("ec2.DescribeKeyPairs")
        first, second = (live_choices(account, "key_pair") for _ in range(2))
        assert call_count("ec2.DescribeKeyPairs") == before + 1
        assert first == second
        assert first.values == {"demo-key"}

    def test_an_account_that_does_not_answer_is_waited_for_once(self, away: None, account: Account) -> None:
        before = call_count("ec2")
        found = [live_choices(account, kind) for kind in ("vpc", "key_pair", "image", "subnets")]
        assert {one.problem for one in found} == {"EC2 could not be reached in time."}
        assert 0 < call_count("ec2") - before <= 2  # the first read, and botocore's own second try


class TestPrice:
    """The price follows what is typed."""

    URL = f"{FORM}price/"

    def figure(self, client: Client, **values: str) -> str:
        response = client.post(self.URL, {"name": "dev", **values}, headers=HTMX)
        found = re.search(r"\$[\d.,]+", text(response))
        assert found
        return found.group(0)

    def test_follows_the_size(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        small = self.figure(client_of(alice), **{"compute.InstanceType": "t3.micro"})
        large = self.figure(client_of(alice), **{"compute.InstanceType": "t3.medium"})
        assert float(large[1:]) > float(small[1:])
        shown = re.search(r'class="figure">.*?\$([\d.]+)', page(client_of(alice), FORM), re.DOTALL)
        assert shown
        assert f"${shown.group(1)}" == small

    def test_a_value_that_does_not_fit_has_no_price(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        data = {"name": "dev", "compute.TaskSize": "gigantic"}
        response = client_of(alice).post("/request/fileshare/price/", data, headers=HTMX)
        assert "There is no price while a value does not fit." in text(response)

    def test_shows_what_it_costs_now(self, alice: User, client_of: ClientOf, dev: Environment) -> None:
        response = client_of(alice).post(self.URL, {"name": dev.name}, headers=HTMX)
        assert "$34.99 as it is now" in text(response)


class TestUpdate:
    """The form of an environment that is there."""

    URL = "/environments/hello-erlang/dev-alice/update/"

    @pytest.fixture
    def updatable(self, dev: Environment, network: dict[str, str]) -> Environment:
        """Alice's environment with a network and a size of its own."""
        used = {
            "VpcId": network["vpc"],
            "SubnetIds": f"{network['a']},{network['b']}",
            "InstanceType": "t3.medium",
            "ImageId": "ami-0abc",
            "KeyName": "demo-key",
        }
        dev.stacks.filter(kind=StackKind.COMPUTE).update(parameters=used)
        return dev

    def test_begins_with_what_the_stacks_have(
        self, alice: User, client_of: ClientOf, updatable: Environment, network: dict[str, str]
    ) -> None:
        html = page(client_of(alice), self.URL)
        assert chosen(html, "compute.InstanceType") == ["t3.medium"]
        assert chosen(html, "compute.SubnetIds") == [network["a"], network["b"]]
        assert chosen(html, "compute.ImageId") == ["ami-0abc"]  # kept, though the account's list lacks it
        assert "A newer template comes with this update" not in html

    def test_says_when_the_template_is_newer(self, alice: User, client_of: ClientOf, updatable: Environment) -> None:
        old = Template.objects.create(digest="old", body="{}")
        updatable.stacks.filter(kind=StackKind.DATA).update(template=old, blueprint_version="0.9")
        words = text(client_of(alice).get(self.URL))
        assert "A newer template comes with this update" in words
        assert "was made with version 0.9; the blueprint is now 1.0." in words

    def test_sends_an_update_once(
        self, alice: User, client_of: ClientOf, updatable: Environment, network: dict[str, str]
    ) -> None:
        client, data = client_of(alice), sent(network, **{"data.BillingMode": "PROVISIONED"})
        places = {client.post(self.URL, data)["Location"] for _ in range(2)}
        change = Change.objects.get()
        assert places == {f"/changes/{change.pk}/"}
        assert change.kind == ChangeKind.UPDATE
        assert change.operations.get(stack__kind=StackKind.DATA).parameters["BillingMode"] == "PROVISIONED"

    def test_keeps_what_was_typed_when_it_does_not_fit(
        self, alice: User, client_of: ClientOf, updatable: Environment, network: dict[str, str]
    ) -> None:
        response = client_of(alice).post(self.URL, sent(network, **{"compute.VolumeSize": "much"}))
        assert response.status_code == 422
        assert value(response.content.decode(), "compute.VolumeSize") == "much"
        assert not Change.objects.exists()

    def test_leaves_out_a_stack_that_is_not_there(
        self, alice: User, client_of: ClientOf, updatable: Environment
    ) -> None:
        rows.without(updatable, StackKind.COMPUTE)
        html = page(client_of(alice), self.URL)
        assert "There is no compute stack now" in html
        assert "compute.InstanceType" not in html
        assert "data.BillingMode" in html

    def test_is_blocked_while_a_change_is_open(
        self, alice: User, bob: User, client_of: ClientOf, updatable: Environment, network: dict[str, str]
    ) -> None:
        change = rows.change(updatable, alice, ChangeStatus.RUNNING)
        html = page(client_of(alice), self.URL)
        assert "Not possible now" in html
        assert f"/changes/{change.pk}/" in html
        assert 'id="request"' not in html
        response = client_of(alice).post(self.URL, sent(network))
        assert response.status_code == 422
        assert Change.objects.count() == 1

    def test_is_for_those_who_may_change_it(
        self, bob: User, ada: User, audrey: User, client_of: ClientOf, updatable: Environment
    ) -> None:
        assert "belongs to alice" in page(client_of(bob), self.URL, 403)
        assert client_of(bob).post(self.URL, {}).status_code == 403
        assert client_of(audrey).get(self.URL).status_code == 403
        assert client_of(ada).get(self.URL).status_code == 200
        assert client_of(ada).get("/environments/hello-erlang/nonsense/update/").status_code == 404
        assert not Change.objects.exists()


class TestSecrets:
    """NoEcho values go in and never come out."""

    FORM = "/request/vault/"

    @pytest.fixture(autouse=True)
    def vault(self, tmp_path: Path, settings: Settings) -> None:
        """An application like hello-erlang whose compute template asks for a secret, which no group mentions."""
        folder = tmp_path / "blueprints" / "vault"
        shutil.copytree(SHIPPED / "hello-erlang", folder)
        template = (folder / "compute.yaml").read_text()
        secret = "Parameters:\n  DoorCode:\n    Type: String\n    NoEcho: true\n    MinLength: 8\n"
        (folder / "compute.yaml").write_text(template.replace("Parameters:\n", secret, 1))
        settings.BLUEPRINT_DIRS = [folder.parent]
        assert "vault" in library().blueprints, library().problems

    def data(self, network: dict[str, str], **over: object) -> dict[str, object]:
        return sent(network, **{"compute.DoorCode": SECRET, **over})

    def test_a_parameter_of_no_group_is_asked_for_last(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        html = page(client_of(alice), self.FORM)
        assert re.search(r"<legend>Other settings</legend>.*Door code.*<legend>Lifetime", html, re.DOTALL)
        assert re.search(r'<input type="password" name="compute.DoorCode"', html)

    def test_is_never_shown_again(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        client = client_of(alice)
        for over in ({"name": "Nonsense"}, {"look": "1"}):
            assert SECRET not in client.post(self.FORM, self.data(network, **over)).content.decode()
        client.post(self.FORM, self.data(network))
        change = Change.objects.get()
        assert SECRET not in str(change.goal) + change.secrets
        assert all(SECRET not in str(one.parameters) for one in change.operations.all())
        assert SECRET not in page(client, f"{self.FORM}?from={change.pk}")

    def test_is_needed_for_a_new_environment(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        response = client_of(alice).post(self.FORM, self.data(network, **{"compute.DoorCode": ""}))
        assert response.status_code == 422
        assert "This is needed." in text(response)

    def test_is_judged_without_being_repeated(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        response = client_of(alice).post(self.FORM, self.data(network, **{"compute.DoorCode": "qwzx"}))
        assert response.status_code == 422
        assert "Write at least 8 characters." in text(response)
        assert "qwzx" not in response.content.decode()

    def test_left_empty_an_update_keeps_it(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        rows.environment(alice, "dev-alice", "vault")
        Stack.objects.filter(kind=StackKind.COMPUTE).update(parameters={"VpcId": network["vpc"]})
        url = "/environments/vault/dev-alice/update/"
        assert "Leave it empty to keep what is set." in page(client_of(alice), url)
        assert client_of(alice).post(url, self.data(network, **{"compute.DoorCode": ""})).status_code == 302
        assert Change.objects.get().operations.get(stack__kind=StackKind.COMPUTE).keep == ["DoorCode"]
