"""A change that waits is no dead end: another one is sent instead of it, with its values to begin with."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Change, Environment

from .. import rows
from ..rows import page
from .browser import FORM, HTMX, ClientOf, chosen, sent, text, value

UPDATE = "/environments/hello-erlang/dev-alice/update/"


@pytest.fixture
def waiting(dev: Environment, alice: User, network: dict[str, str]) -> Change:
    """Alice's update of her environment, which waits for somebody to approve it."""
    used = {
        "VpcId": network["vpc"],
        "SubnetIds": f"{network['a']},{network['b']}",
        "InstanceType": "t3.medium",
        "ImageId": "ami-0abc",
        "KeyName": "demo-key",
    }
    dev.stacks.filter(kind=StackKind.COMPUTE).update(parameters=used)
    found = rows.change(dev, alice, ChangeStatus.AWAITING_APPROVAL, reason="More room", sent_back=True)
    found.operations.filter(stack__kind=StackKind.COMPUTE).update(parameters={**used, "InstanceType": "t3.small"})
    return found


class TestUpdate:
    """Another update instead of a change that waits."""

    def test_is_offered_by_name(self, waiting: Change, alice: User, ada: User, client_of: ClientOf) -> None:
        for person in (alice, ada):
            html = page(client_of(person), UPDATE)
            assert "alice asked for this change of hello-erlang/dev-alice: update. It was sent back." in html
            assert "what it prepared in AWS is removed" in html
            assert f"{UPDATE}?from={waiting.pk}&amp;replaces={waiting.pk}" in html

    def test_begins_with_what_was_asked_for_and_replaces_it(
        self, waiting: Change, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client = client_of(alice)
        html = page(client, f"{UPDATE}?from={waiting.pk}&replaces={waiting.pk}")
        assert chosen(html, "compute.InstanceType") == ["t3.small"]
        assert chosen(html, "compute.SubnetIds") == [network["a"], network["b"]]
        assert "More room" in html
        assert "Sending this replaces the waiting change" in html
        client.post(UPDATE, sent(network, replaces=value(html, "replaces")))
        waiting.refresh_from_db()
        assert waiting.status == ChangeStatus.SUPERSEDED
        assert Change.objects.get(kind=ChangeKind.UPDATE, status=ChangeStatus.PLANNING).supersedes == waiting

    def test_a_form_that_met_it_keeps_what_was_typed_and_has_the_button(
        self, waiting: Change, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        response = client_of(alice).post(UPDATE, sent(network, **{"compute.VolumeSize": "21"}))
        html = response.content.decode()
        assert response.status_code == 422
        assert value(html, "compute.VolumeSize") == "21"
        assert f'name="replaces" value="{waiting.pk}">Replace the waiting change' in html
        waiting.refresh_from_db()
        assert waiting.status == ChangeStatus.AWAITING_APPROVAL

    def test_what_began_to_run_meanwhile_is_not_replaced(
        self, waiting: Change, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        Change.objects.update(status=ChangeStatus.RUNNING)
        response = client_of(alice).post(UPDATE, sent(network, replaces=str(waiting.pk)))
        assert response.status_code == 422
        assert Change.objects.count() == 1
        assert "Not possible now" in page(client_of(alice), f"{UPDATE}?replaces={waiting.pk}")


class TestCreate:
    """Another create instead of a change that waits."""

    @pytest.fixture
    def asked(self, dev: Environment, alice: User, network: dict[str, str]) -> Change:
        """Alice's create of dev-alice, which waits, over stacks that are not there yet."""
        rows.without(dev, *StackKind)
        found = rows.change(dev, alice, ChangeStatus.AWAITING_APPROVAL, ChangeKind.CREATE)
        found.operations.filter(stack__kind=StackKind.COMPUTE).update(parameters={"InstanceType": "t3.small"})
        return found

    def test_begins_with_its_name_and_values_and_replaces_it(
        self, asked: Change, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client = client_of(alice)
        html = page(client, f"{FORM}?from={asked.pk}&replaces={asked.pk}")
        assert value(html, "name") == "dev-alice"
        assert chosen(html, "compute.InstanceType") == ["t3.small"]
        assert "has a change of hello-erlang/dev-alice open" not in html
        client.post(FORM, sent(network, replaces=value(html, "replaces")))
        asked.refresh_from_db()
        assert asked.status == ChangeStatus.SUPERSEDED
        assert Change.objects.get(status=ChangeStatus.PLANNING).supersedes == asked

    def test_the_button_stays_right_while_the_name_is_typed(
        self, asked: Change, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client, names = client_of(alice), f"{FORM}names/"
        same = client.get(names, {"name": "dev-alice", "replaces": str(asked.pk)}, headers=HTMX)
        other = client.get(names, {"name": "dev-other", "replaces": str(asked.pk)}, headers=HTMX)
        assert "Replace the waiting change" in text(same)
        assert "Create dev environment" in text(other)

    def test_a_change_of_another_environment_is_not_replaced(
        self, asked: Change, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        response = client_of(alice).post(FORM, sent(network, name="dev-other", replaces=str(asked.pk)))
        assert response.status_code == 422
        assert "is not one of hello-erlang/dev-other" in text(response)
        assert 'name="replaces"' not in response.content.decode()
        asked.refresh_from_db()
        assert asked.status == ChangeStatus.AWAITING_APPROVAL

    def test_a_create_that_met_it_has_the_button(
        self, asked: Change, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        response = client_of(alice).post(FORM, sent(network))
        assert response.status_code == 422
        assert f'name="replaces" value="{asked.pk}"' in response.content.decode()


class TestStart:
    """A start of one's own, at the stages that ask somebody."""

    def test_is_offered_where_somebody_decides_and_kept_while_the_name_is_typed(
        self, alice: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        client = client_of(alice)
        assert 'name="start_at"' in page(client, f"{FORM}?name=prod")
        assert 'name="start_at"' not in page(client, f"{FORM}?name=dev-alice")
        typed = {"name": "prod", "start_at": "2030-01-02T03:04"}
        part = client.get(f"{FORM}names/", typed, headers=HTMX).content.decode()
        assert value(part, "start_at") == "2030-01-02T03:04"

    def test_is_kept_with_the_change(
        self, alice: User, ada: User, client_of: ClientOf, network: dict[str, str]
    ) -> None:
        then = (timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)
        late = sent(network, name="prod", start_at="2020-01-01T00:00")
        refused = client_of(alice).post(FORM, late)
        assert refused.status_code == 422
        assert "in the past" in text(refused)
        client_of(alice).post(FORM, late | {"start_at": f"{then:%Y-%m-%dT%H:%M}"})
        assert Change.objects.get().start_at == then
