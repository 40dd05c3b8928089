"""The parts of the form that follow what is typed: names, choices, price."""

import re

import boto3
import pytest
from django.test import Client

from portal.accounts.models import User
from provisioning.actions.choices import live_choices
from provisioning.aws.clients import call_count
from provisioning.lifecycle import ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, Change, Environment

from .. import rows
from ..rows import page
from .browser import FORM, HTMX, ClientOf, chosen, sent, text, value


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
        assert "Choose a VPC first." in html

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


class TestOfTheStage:
    """What depends on the stage is renewed when the stage moves, and nothing that was typed is lost on the way."""

    URL = f"{FORM}names/"

    def reply(self, client: Client, name: str, **typed: str) -> str:
        return client.get(self.URL, {"name": name, "stage": "dev", **typed}, headers=HTMX).content.decode()

    def test_the_same_stage_leaves_what_is_being_typed_alone(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        html = self.reply(client_of(alice), "dev-alice", shown="dev", lifetime_days="5")
        for part in ('id="lifetime"', 'id="start"', 'id="stages"'):
            assert part not in html
        assert 'id="send"' in html

    def test_what_a_stage_does_not_ask_for_is_kept_for_the_way_back(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client = client_of(alice)
        there = self.reply(client, "prod", shown="dev", lifetime_days="5")
        assert value(there, "kept_lifetime_days") == "5"
        assert 'name="lifetime_days"' not in there
        back = self.reply(client, "dev-alice", shown="prod", kept_lifetime_days="5", start_at="2030-01-31T18:00")
        assert value(back, "lifetime_days") == "5"
        assert value(back, "kept_start_at") == "2030-01-31T18:00"
        again = self.reply(client, "prod", shown="dev", lifetime_days="5", kept_start_at="2030-01-31T18:00")
        assert value(again, "start_at") == "2030-01-31T18:00"

    def test_the_page_says_which_stage_it_shows(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        assert value(page(client_of(alice), f"{FORM}?name=prod"), "shown") == "prod"

    def test_without_javascript_too(self, alice: User, client_of: ClientOf, network: dict[str, str]) -> None:
        typed = sent(network, name="prod", look="1", kept_lifetime_days="5")
        html = client_of(alice).post(FORM, typed).content.decode()
        assert value(html, "kept_lifetime_days") == "5"
        html = client_of(alice).post(FORM, {**typed, "name": "dev-alice"}).content.decode()
        assert value(html, "lifetime_days") == "5"

    def test_editing_a_change_begins_with_how_long_it_was_to_last(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client = client_of(alice)
        client.post(FORM, sent(network, lifetime_days="3"))
        change = Change.objects.get()
        html = page(client, f"{FORM}?from={change.pk}&replaces={change.pk}")
        assert value(html, "lifetime_days") == "3"
