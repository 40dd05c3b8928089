"""Acts while a change waits: who may take it back may send another one instead; and a start of one's own."""

import re
from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Account, Change, Environment

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]
HERE = "/environments/hello-erlang/dev-alice/"


def replaces(html: str, kind: str) -> list[str]:
    """What the forms of one act would replace."""
    forms = re.findall(rf'action="[^"]*act/{kind}/".*?</form>', html, re.DOTALL)
    return [found for form in forms for found in re.findall(r'name="replaces" value="([^"]+)"', form)]


class TestInstead:
    """Replacing a change that waits."""

    def test_acts_name_the_waiting_change_and_replace_it(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        waiting = rows.change(dev, alice, ChangeStatus.AWAITING_APPROVAL)
        client = client_of(alice)
        html = page(client, f"{HERE}settings/")
        assert "What you ask for now replaces it" in html
        assert "nothing of the waiting one runs, its plan stays readable" in html
        assert "Park instead" in html
        assert f'href="{HERE}update/?from={waiting.pk}&amp;replaces={waiting.pk}"' in html
        assert replaces(html, "park") == [str(waiting.pk)]
        client.post(f"{HERE}act/park/", {"replaces": replaces(html, "park")[0]})
        waiting.refresh_from_db()
        made = Change.objects.get(kind=ChangeKind.PARK)
        assert (waiting.status, made.supersedes) == (ChangeStatus.SUPERSEDED, waiting)

    def test_without_saying_so_nothing_is_replaced(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        waiting = rows.change(dev, alice, ChangeStatus.AWAITING_APPROVAL)
        client_of(alice).post(f"{HERE}act/park/", {})
        waiting.refresh_from_db()
        assert waiting.status == ChangeStatus.AWAITING_APPROVAL
        assert Change.objects.count() == 1

    def test_somebody_elses_change_is_not_offered(
        self, account: Account, alice: User, bob: User, ada: User, client_of: ClientOf
    ) -> None:
        staging = rows.environment(alice, "staging")
        rows.change(staging, alice, ChangeStatus.AWAITING_APPROVAL)
        here = "/environments/hello-erlang/staging/settings/"
        assert "What you ask for now replaces it" not in page(client_of(bob), here)
        assert "What you ask for now replaces it" in page(client_of(ada), here)

    def test_what_runs_cannot_be_replaced(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        running = rows.change(dev, alice, ChangeStatus.RUNNING)
        assert "instead" not in page(client_of(alice), f"{HERE}settings/")
        response = client_of(alice).post(f"{HERE}act/park/", {"replaces": str(running.pk)}, follow=True)
        assert "is running already" in response.content.decode()
        assert Change.objects.count() == 1


class TestStart:
    """A start of one's own."""

    URL = "/environments/hello-erlang/prod/"

    def test_is_offered_where_somebody_decides(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.environment(alice, "prod")
        assert 'name="start_at"' in page(client_of(alice), f"{self.URL}settings/")
        assert 'name="start_at"' not in page(client_of(alice), f"{HERE}settings/")

    def test_is_kept_with_the_change_or_refused_beside_its_field(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        rows.environment(alice, "prod")
        client = client_of(alice)
        late = timezone.now() - timedelta(hours=1)
        refused = client.post(f"{self.URL}act/park/", {"start_at": f"{late:%Y-%m-%dT%H:%M}"})
        assert refused.status_code == 422
        assert "is in the past" in refused.content.decode()
        then = (timezone.now() + timedelta(days=1)).replace(second=0, microsecond=0)
        client.post(f"{self.URL}act/park/", {"start_at": f"{then:%Y-%m-%dT%H:%M}"})
        assert Change.objects.get().start_at == then
