"""What is asked again, and by whom: botocore's own tables, our five errors, attempts counted at a real socket."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import botocore
import pytest
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients, Target
from provisioning.aws.errors import AwsError, Busy, Refused, translated
from provisioning.aws.parameters import get_parameter

# LimitExceeded is a quota in CloudFormation (K3) and a rate in Cost Explorer (E10): told apart by service, below.
# BadDigest is S3's, for an upload that arrived broken.
LEFT_OUT = {"LimitExceededException", "BadDigest"}
SERVICES = ("cloudformation", "dynamodb", "ssm", "ec2", "ecs", "elbv2", "iam", "sts", "sqs", "cloudwatch", "ce")


def in_tables() -> set[str]:
    """Every error code that botocore tries again by itself, in either of its modes."""

    def codes(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if "service_error_code" in part:
                yield part["service_error_code"]
            for inner in part.values():
                yield from codes(inner)

    legacy = json.loads((Path(botocore.__file__).parent / "data" / "_retry.json").read_text())
    throttled: list[str] = vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"]
    transient: list[str] = vars(TransientRetryableChecker)["_TRANSIENT_ERROR_CODES"]
    return {*codes(legacy), *throttled, *transient}


def modeled(service: str) -> set[str]:
    """Every error that the service's own model calls worth another try."""
    model = boto3.Session(region_name="us-east-1").client(service).meta.service_model  # type: ignore[call-overload]  # any
    return {shape.error_code for shape in model.error_shapes if "retryable" in shape.metadata}


def told(code: str, service: str = "cloudformation") -> AwsError:
    """Our error for a code."""
    with pytest.raises(AwsError) as caught, translated(service, "ListStacks"):
        raise ClientError({"Error": {"Code": code, "Message": "No"}}, "ListStacks")
    return caught.value


def test_there_are_tables_to_walk() -> None:
    assert {"Throttling", "RequestLimitExceeded", "SlowDown", "RequestTimeout"} <= in_tables()
    assert modeled("dynamodb")


@pytest.mark.parametrize("code", sorted(in_tables() - LEFT_OUT))
def test_what_botocore_asks_again_is_busy(code: str) -> None:
    """Otherwise a change would fail for what passes by itself."""
    assert isinstance(told(code), Busy)


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_calls_retryable_is_busy(service: str) -> None:
    assert {code for code in modeled(service) if not isinstance(told(code, service), Busy)} == set()


def test_the_same_code_is_a_quota_here_and_a_rate_there() -> None:
    quota = told("LimitExceededException")
    assert isinstance(quota, Refused)
    assert quota.quota
    assert "A limit of CloudFormation is reached in this account and region" in quota.sentence
    rate = told("LimitExceededException", "ce")
    assert isinstance(rate, Busy)
    assert rate.reason == "throttled"


class Refusing(BaseHTTPRequestHandler):
    """An AWS that answers every call with one code, and counts."""

    protocol_version = "HTTP/1.1"
    code, status, seen = "Throttling", 400, 0

    def do_POST(self) -> None:
        type(self).seen += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        text = {"__type": self.code, "message": "No"}
        xml = f"<ErrorResponse><Error><Code>{self.code}</Code><Message>No</Message></Error></ErrorResponse>"
        body = (json.dumps(text) if "X-Amz-Target" in self.headers else xml).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def refusing(code: str, status: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Refusing]]:
    """A socket of our own that all clients talk to meanwhile."""
    handler: type[Refusing] = type("One", (Refusing,), {"code": code, "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        yield handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttling", 400),
        ("LimitExceededException", 400),
        ("RequestLimitExceeded", 503),
        ("InternalFailure", 500),
        ("ValidationError", 400),
        ("TokenAlreadyExistsException", 400),
    ],
)
def test_cloudformation_is_asked_once_whatever_it_says(code: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured at the socket, as K2 was: the scheduler is the backoff (K4), and what alters is not sent twice (L19)."""
    with refusing(code, status, monkeypatch) as asked, pytest.raises(AwsError):
        cloudformation.list_stacks(Clients(Target("us-east-1")), ["CREATE_IN_PROGRESS"])
    assert asked.seen == 1


def test_others_are_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing("ThrottlingException", 400, monkeypatch) as asked, pytest.raises(Busy):
        get_parameter(Clients(Target("us-east-1")), "/hello")
    assert asked.seen == 2
