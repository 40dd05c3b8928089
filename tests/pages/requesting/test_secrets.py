"""NoEcho values through the form."""

import re
import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from portal.accounts.models import User
from provisioning.blueprints.loader import SHIPPED, library
from provisioning.lifecycle import StackKind
from provisioning.models import Change, Stack

from .. import rows
from ..rows import page
from .browser import ClientOf, sent, text

SECRET = "correct-horse"


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
