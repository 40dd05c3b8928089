"""The form of an environment that is there."""

import pytest

from portal.accounts.models import User
from provisioning.blueprints.loader import library
from provisioning.blueprints.promises import starting_values
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Change, Environment, Template

from .. import rows
from ..rows import page
from .browser import ClientOf, chosen, sent, text, value


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

    def test_what_is_deployed_is_no_setting_and_stays(
        self, alice: User, client_of: ClientOf, updatable: Environment, network: dict[str, str]
    ) -> None:
        """It is changed by deploying. A form from before that, which still has it, does not go back from it."""
        compute = updatable.stacks.get(kind=StackKind.COMPUTE)
        compute.parameters["ReleaseUri"] = "s3://releases/two.tar.gz"
        compute.save()
        client = client_of(alice)
        assert "ReleaseUri" not in page(client, self.URL)
        old = sent(network, **{"compute.ReleaseUri": "s3://releases/one.tar.gz"})
        client.post(self.URL, old)
        kept = Change.objects.get().operations.get(stack__kind=StackKind.COMPUTE).parameters
        assert kept["ReleaseUri"] == "s3://releases/two.tar.gz"

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

    def test_shows_what_will_change_before_it_is_sent(
        self, alice: User, client_of: ClientOf, updatable: Environment, network: dict[str, str]
    ) -> None:
        stack = library().blueprints["hello-erlang"].stacks["data"]
        now, _ = Template.objects.get_or_create(digest=stack.template.digest, defaults={"body": stack.template.body})
        shown = starting_values(library().blueprints["hello-erlang"], "data", "dev")
        filled = {"Environment": "dev-alice", "Stage": "dev", "Owner": "alice", "EnvironmentId": "1"}
        updatable.stacks.filter(kind=StackKind.DATA).update(template=now, parameters=shown | filled)
        client, partial = client_of(alice), {"HX-Request": "true"}
        fields = sent(network, update="1", **{f"data.{name}": default for name, default in shown.items()})
        same = client.post("/request/hello-erlang/price/", fields, headers=partial)
        typed = fields | {"data.BillingMode": "PROVISIONED"}
        changed = client.post("/request/hello-erlang/price/", typed, headers=partial).content.decode()
        assert "Data stack" not in same.content.decode().partition("What will change")[2]
        assert "MessagesTable" in changed.partition("What will change")[2]
        assert "<del>PAY_PER_REQUEST</del>" in changed
        assert "<ins>PROVISIONED</ins>" in changed
        assert not Change.objects.exists()

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
