"""HTTP to backends and receivers: small answers, no redirects, signed, and no secret in an error."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.backend import Backend, backend

from provisioning.blueprints.hooks import Hook
from provisioning.blueprints.model import Workflow
from provisioning.engine.deploying.asking import (
    MOST_BYTES,
    SIGNATURE,
    TIMESTAMP,
    NoAnswerError,
    ask_report,
    dispatch,
    report_url,
    tell,
)

SECRET = "0123456789abcdef"
DEPLOY = Workflow("shop/site", "deploy.yml", "main", {"environment": "{environment}"})


@pytest.fixture
def site() -> Iterator[Backend]:
    with backend() as running:
        yield running


def test_a_report_is_read(site: Backend) -> None:
    site.report = {
        "parameters": {"a": {"value": False, "version": 9}, "b": {"value": 3}, "c": {}},
        "healthy": False,
        "x": 1,
    }
    found = ask_report(report_url(f"{site.url}/", "/health"))
    assert site.heard[0].path == "/health"
    assert (found.parameters["a"].value, found.parameters["a"].version) == ("false", 9)
    assert (found.parameters["b"].value, found.parameters["b"].version) == ("3", None)
    assert (found.parameters["c"].value, found.healthy) == (None, False)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"not json", b'{"parameters": [1]}', b'{"parameters": {"a": 1}}', b"\xff", b"[" * 5000]
)
def test_what_is_no_report_is_said(site: Backend, body: bytes) -> None:
    site.body = body
    with pytest.raises(NoAnswerError, match="cannot be read"):
        ask_report(site.url)


def test_a_long_answer_is_not_read(site: Backend) -> None:
    site.body = b" " * (MOST_BYTES + 1)
    with pytest.raises(NoAnswerError, match="longer than 64 KB"):
        ask_report(site.url)


def test_a_redirect_is_not_followed(site: Backend) -> None:
    site.statuses, site.headers = [302], {"Location": f"{site.url}/elsewhere"}
    with pytest.raises(NoAnswerError, match="answered 302"):
        ask_report(site.url)
    assert len(site.heard) == 1


def test_nobody_there(site: Backend) -> None:
    with pytest.raises(NoAnswerError, match=r"does not answer") as trouble:
        ask_report("http://127.0.0.1:9/")
    assert trouble.value.passes


@pytest.mark.parametrize("address", ["", "ftp://shop", "shop.example.org", "file:///etc/passwd", "http://"])
def test_an_output_that_is_no_address(address: str) -> None:
    with pytest.raises(NoAnswerError, match="no http address"):
        report_url(address, "/health")


def test_a_webhook_is_signed_over_its_time_and_body(site: Backend) -> None:
    tell(Hook(f"{site.url}/deploy", SECRET), {"event": "redeploy"}, delivery="d1")
    (heard,) = site.heard
    assert (heard.method, heard.path) == ("POST", "/deploy")
    assert heard.headers["X-Stackyard-Delivery"] == "d1"
    signed = heard.headers[TIMESTAMP].encode() + b"." + heard.body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert heard.headers[SIGNATURE] == f"sha256={expected}"
    assert json.loads(heard.body) == {"event": "redeploy"}


@pytest.mark.parametrize(
    ("status", "passes"), [(500, True), (503, True), (429, True), (400, False), (404, False), (302, False)]
)
def test_a_receiver_that_does_not_take_it(site: Backend, status: int, passes: bool) -> None:  # noqa: FBT001
    site.statuses = [status]
    with pytest.raises(NoAnswerError, match=f"answered {status}") as trouble:
        tell(Hook(site.url, SECRET), {}, delivery="d1")
    assert trouble.value.passes is passes
    assert SECRET not in str(trouble.value)
    assert SECRET not in repr(Hook(site.url, SECRET))


def test_a_workflow_is_dispatched(site: Backend, settings: Any) -> None:
    settings.DEPLOY_GITHUB_API, settings.DEPLOY_GITHUB_TOKEN, site.statuses = site.url, "ghs_token", [204]
    dispatch(DEPLOY, {"environment": "dev", "stage": "dev"})
    (heard,) = site.heard
    assert heard.path == "/repos/shop/site/actions/workflows/deploy.yml/dispatches"
    assert heard.headers["Authorization"] == "Bearer ghs_token"
    assert json.loads(heard.body) == {"ref": "main", "inputs": {"environment": "dev"}}


def test_without_a_token_nothing_is_dispatched(site: Backend, settings: Any) -> None:
    settings.DEPLOY_GITHUB_API, settings.DEPLOY_GITHUB_TOKEN = site.url, ""
    with pytest.raises(NoAnswerError, match="DEPLOY_GITHUB_TOKEN is not set"):
        dispatch(DEPLOY, {})
    assert site.heard == []
