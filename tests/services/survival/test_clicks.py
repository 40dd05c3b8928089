"""The web server is killed while somebody sends a form; they send it again, as people do."""

import threading
import urllib.error
from http.client import HTTPException

import pytest

from bench.asking import change_path, request_form, usable
from bench.running import until
from bench.visitor import Visitor
from provisioning.models import Change, Environment

from .deployment import Deployment
from .lives import APPLICATION, Aws, Life, Traces, all_rest, same_as


@pytest.mark.parametrize("moment", ["sent", "asked", "answered"])
def test_a_form_sent_again_after_the_server_died_makes_one_change(
    alice: Visitor, aws: Aws, yard: Deployment, quiet: dict[int, Traces], moment: str
) -> None:
    """It dies before it has seen the form, right after it has written the change, or after it has answered."""
    name = f"dev-click-{moment}"
    form = request_form(alice, APPLICATION)
    sent = form.filled(usable(form, {"name": name}))
    sending = threading.Thread(target=_send_and_forget, args=(alice, form.action, sent))
    sending.start()
    if moment == "asked":
        until(Change.objects.filter(environment__name=name).exists, "the change is written", pause=0.001)
    if moment == "answered":
        sending.join()
    yard.kill("web")
    sending.join()
    yard.start_web()

    paths = {change_path(alice.post(form.action, sent)) for _ in range(2)}

    assert len(paths) == 1
    assert Environment.objects.filter(name=name).count() == Change.objects.filter(environment__name=name).count() == 1
    life = Life(name, sorted(paths))
    all_rest([life], "the one change is done")
    same_as(quiet, aws, [life])


def _send_and_forget(person: Visitor, path: str, sent: list[tuple[str, str]]) -> None:
    try:
        person.post(path, sent)
    except (urllib.error.URLError, HTTPException, OSError):
        return  # the server died first
