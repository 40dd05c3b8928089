"""Every error of boto3 becomes one of five, by the whole code, and says what to do."""

import re
import socket
from typing import Any

import boto3
import pytest
from botocore import exceptions as boto
from botocore.config import Config
from botocore.parsers import ResponseParserError

from provisioning.aws.clients import Clients, Target
from provisioning.aws.errors import AwsError, Busy, Conflict, Denied, Missing, Refused, translated
from provisioning.aws.identity import caller


def answer(code: str, message: str = "Because.", status: int = 400, operation: str = "Do") -> boto.ClientError:
    told: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }
    return boto.ClientError(told, operation)


def translate(error: Exception, service: str = "cloudformation") -> AwsError:
    with pytest.raises(AwsError) as caught, translated(service, "Do"):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ChangeSetNotFound", Missing),
        ("ChangeSetNotFoundException", Missing),
        ("ResourceNotFoundException", Missing),
        ("ParameterNotFound", Missing),
        ("NoSuchEntity", Missing),
        ("InvalidVpcID.NotFound", Missing),
        ("AccessDenied", Denied),
        ("AccessDeniedException", Denied),
        ("UnauthorizedOperation", Denied),
        ("ExpiredToken", Denied),
        ("UnrecognizedClientException", Denied),
        ("ValidationError", Refused),
        ("InvalidChangeSetStatus", Refused),
        ("InsufficientCapabilitiesException", Refused),
        ("AlreadyExistsException", Conflict),
        ("ParameterAlreadyExists", Conflict),
        ("ConditionalCheckFailedException", Conflict),
        ("ResourceInUseException", Conflict),
        ("Throttling", Busy),
        ("RequestLimitExceeded", Busy),
        ("TooManyUpdates", Busy),
        ("ServiceUnavailable", Busy),
        ("InternalFailure", Busy),
    ],
)
def test_a_code_becomes_its_error(code: str, kind: type[AwsError]) -> None:
    error = translate(answer(code))
    assert type(error) is kind
    assert (error.service, error.operation, error.code, error.request_id) == (
        "cloudformation",
        "Do",
        code,
        "r-1",
    )


def test_codes_are_compared_whole() -> None:
    assert type(translate(answer("NotAThrottling"))) is Refused
    assert type(translate(answer("ThrottlingOfSomethingElse"))) is Refused


@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (409, Refused), (500, Busy), (503, Busy)])
def test_an_unknown_code_is_judged_by_its_http_status(status: int, kind: type[AwsError]) -> None:
    assert type(translate(answer("BrandNew", status=status))) is kind


@pytest.mark.parametrize(
    "message",
    ["Stack with id hello does not exist", "Stack [hello] does not exist", "Stack 'x' does not exist"],
)
def test_a_missing_stack_is_told_by_code_and_text(message: str) -> None:
    assert type(translate(answer("ValidationError", message))) is Missing


def test_other_validation_errors_are_not_a_missing_stack() -> None:
    about_parameter = "Parameter validation failed: parameter value vpc-1 for parameter name Vpc does not exist"
    assert type(translate(answer("ValidationError", about_parameter))) is Refused
    assert type(translate(answer("OtherError", "Stack with id hello does not exist"))) is Refused


def test_a_limit_is_a_quota_in_cloudformation_and_a_throttle_in_cost_explorer() -> None:
    quota = translate(answer("LimitExceededException"))
    assert isinstance(quota, Refused)
    assert quota.quota
    throttle = translate(answer("LimitExceededException"), service="ce")
    assert isinstance(throttle, Busy)
    assert throttle.reason == "throttled"


def test_too_many_tables_at_once_is_a_throttle() -> None:
    message = "Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously"
    assert isinstance(translate(answer("LimitExceededException", message), service="dynamodb"), Busy)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (
            "ValidationError",
            "Stack [a] cannot be deleted while TerminationProtection is enabled",
            "protected",
        ),
        ("ValidationException", "Table is currently protected against deletion", "protected"),
        ("ResourceInUseException", "Table is protected against deletion.", "protected"),
        ("ValidationError", "Export a cannot be deleted as it is in use by b", "in_use"),
        ("ValidationError", "Stack [a] already exists", "exists"),
        ("TokenAlreadyExistsException", "Token exists", "token_used"),
        ("ConditionalCheckFailedException", "The conditional request failed", "changed"),
    ],
)
def test_a_conflict_says_its_kind(code: str, message: str, kind: str) -> None:
    conflict = translate(answer(code, message))
    assert isinstance(conflict, Conflict)
    assert conflict.kind == kind
    assert conflict.token_used is (kind == "token_used")


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        (boto.NoCredentialsError(), Denied, None),
        (boto.TokenRetrievalError(provider="sso", error_msg="old"), Denied, None),
        (boto.UnauthorizedSSOTokenError(), Denied, None),
        (boto.EndpointConnectionError(endpoint_url="http://a"), Busy, "unreachable"),
        (boto.ConnectTimeoutError(endpoint_url="http://a"), Busy, "unreachable"),
        (boto.ReadTimeoutError(endpoint_url="http://a"), Busy, "unreachable"),
        (ResponseParserError("not XML"), Busy, "aws"),
        (boto.ParamValidationError(report="no name"), Refused, None),
        (boto.NoRegionError(), Refused, None),
    ],
)
def test_a_call_without_an_answer_becomes_one_too(error: Exception, kind: type[AwsError], detail: str | None) -> None:
    found = translate(error)
    assert type(found) is kind
    assert getattr(found, "reason", None) == detail
    assert getattr(found, "credentials", False) is (kind is Denied)


def test_our_own_mistakes_are_not_disguised() -> None:
    with pytest.raises(ZeroDivisionError), translated("cloudformation", "Do"):
        raise ZeroDivisionError


def test_a_role_that_cannot_be_taken_on_is_told_as_that() -> None:
    denied = translate(answer("AccessDenied", operation="AssumeRole"), service="dynamodb")
    assert (denied.service, denied.operation) == ("sts", "AssumeRole")


def test_bad_credentials_are_told_from_a_missing_right() -> None:
    expired, forbidden = translate(answer("ExpiredTokenException")), translate(answer("AccessDenied"))
    assert isinstance(expired, Denied)
    assert isinstance(forbidden, Denied)
    assert (expired.credentials, forbidden.credentials) == (True, False)
    assert "renew" in expired.sentence
    assert "grant" in forbidden.sentence


@pytest.mark.parametrize(
    "error",
    [
        answer("ChangeSetNotFound", "It\n  is gone."),
        answer("AccessDenied"),
        answer("ExpiredToken"),
        answer("ValidationError", ""),
        answer("LimitExceededException"),
        answer("AlreadyExistsException"),
        answer("TokenAlreadyExistsException"),
        answer("Throttling"),
        answer("Strange", status=500),
        boto.ReadTimeoutError(endpoint_url="http://a"),
    ],
)
def test_every_error_has_a_written_sentence(error: Exception) -> None:
    sentence = translate(error).sentence
    assert re.fullmatch(r"[A-Z][^\n]*\.", sentence)
    assert "  " not in sentence
    assert ".." not in sentence


def test_an_endpoint_where_nobody_listens_is_busy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        config = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1)
        sts = boto3.client("sts", endpoint_url=address, config=config)
        with pytest.raises(Busy) as busy:
            caller(Clients.of(sts=sts))
    assert busy.value.reason == "unreachable"


def test_no_credentials_at_all_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Denied) as denied:
        caller(Clients(Target(region="us-east-1")))
    assert denied.value.credentials
