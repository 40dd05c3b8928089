"""What is sent, once, and what comes back whole because it cannot be sent."""

import re

import pytest

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import Change, Environment

from .. import rows
from .browser import FORM, ClientOf, chosen, sent, text, value


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
