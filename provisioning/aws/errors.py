"""What can go wrong with AWS, as five errors that each say what to do.

`Missing`, `Denied`, `Refused` and `Conflict` are answers; only `Busy` is worth asking again. `translated`
wraps every call of this package, so that no error of boto3 leaves it. Codes are compared whole, in both
spellings (S28); a message is read only where AWS uses one code for several things (S9, D1, X2, T13).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypedDict, Unpack

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from provisioning.aws.error_codes import (
    CONFLICTS,
    CREDENTIALS,
    DENIED,
    FAULTS,
    MISSING,
    QUOTAS,
    THROTTLED,
    ConflictKind,
)

BusyReason = Literal["throttled", "unreachable", "aws", "budget"]

# What DynamoDB says to whoever asks a table by the keys of an earlier one of its name.
OTHER_KEYS = (
    "the provided key element does not match the schema",
    "query condition missed key schema element",
    "missing the key ",
    "type mismatch for key ",
)
SERVICE_NAMES = {
    "cloudformation": "CloudFormation",
    "dynamodb": "DynamoDB",
    "ssm": "Parameter Store",
    "ec2": "EC2",
    "ecs": "ECS",
    "elbv2": "Load balancing",
    "autoscaling": "Auto Scaling",
    "iam": "IAM",
    "sts": "AWS sign-in",
    "sqs": "The queue of hints",
    "tagging": "Resource tagging",
    "cloudwatch": "CloudWatch",
    "application_autoscaling": "Application Auto Scaling",
    "ce": "Cost Explorer",
}


class Where(TypedDict, total=False):
    """Which call an error is about: `service` as in `SERVICE_NAMES`, AWS's operation, code and request id."""

    service: str
    operation: str
    code: str
    request_id: str


class AwsError(Exception):
    """An AWS call that did not do what was asked.

    `sentence` is for a person: what happened, whose turn it is, what to do. `message` is AWS's own text.
    """

    def __init__(self, message: str, **where: Unpack[Where]) -> None:
        super().__init__(message)
        self.message = message
        self.service = where.get("service", "")
        self.operation = where.get("operation", "")
        self.code = where.get("code", "")
        self.request_id = where.get("request_id", "")

    def __str__(self) -> str:
        return f"{self.service}.{self.operation}: {self.code or type(self).__name__}: {self.message}"

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        return f"{self._service_name} failed: {self._said} An administrator should look at it."

    @property
    def _service_name(self) -> str:
        return SERVICE_NAMES.get(self.service, self.service or "AWS")

    @property
    def _said(self) -> str:
        words = " ".join(self.message.split()).rstrip(".")
        return f"{words or self.code or 'no reason was given'}."


class Missing(AwsError):
    """The thing asked about is not there (S9)."""

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        return (
            f"{self._service_name} does not have what was asked for: {self._said} It may have been deleted"
            " outside Stackyard. Check the name, then reload this page."
        )


class Denied(AwsError):
    """AWS does not let Stackyard do this.

    A right is missing, or, with `credentials`, the credentials themselves are missing, wrong or expired.
    """

    def __init__(self, message: str, *, credentials: bool = False, **where: Unpack[Where]) -> None:
        super().__init__(message, **where)
        self.credentials = credentials

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        if self.credentials:
            return (
                "AWS does not accept Stackyard's credentials: they are missing, wrong or expired. An"
                " administrator has to renew them for this account; then retry."
            )
        return (
            f"AWS does not allow Stackyard to call {self.operation} in {self._service_name}: {self._said}"
            " An administrator has to grant that right to Stackyard's role; then retry."
        )


class Refused(AwsError):
    """AWS read the request and will not do it: invalid, impossible now, or over a quota (`quota`, K3)."""

    def __init__(self, message: str, *, quota: bool = False, **where: Unpack[Where]) -> None:
        super().__init__(message, **where)
        self.quota = quota

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        if self.quota:
            return (
                f"A limit of {self._service_name} is reached in this account and region: {self._said}"
                " An administrator has to raise the limit or free some of it; then retry."
            )
        return f"{self._service_name} refused: {self._said} Correct the request, then try again."


class OtherKeys(Refused):
    """A table or an index has other keys than it was asked by: it is another one of the same name by now."""

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        return "The table has other keys than when Stackyard last looked. Look again, then ask anew."


class Conflict(AwsError):
    """Something already there stands in the way; `kind` says how.

    `exists`: the name is taken. `in_use`: something else uses it or works on it. `protected`: deletion is
    switched off. `changed`: a condition no longer holds. `token_used`: this request was accepted before
    (S21).
    """

    def __init__(self, message: str, *, kind: ConflictKind = "exists", **where: Unpack[Where]) -> None:
        super().__init__(message, **where)
        self.kind = kind

    @property
    def token_used(self) -> bool:
        """Whether an earlier call with this token probably landed: read its result, ask no more (S21)."""
        return self.kind == "token_used"

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        return f"{self._service_name}: {self._said} {CONFLICT_ADVICE[self.kind]}"


class Busy(AwsError):
    """AWS could not answer now, or was not asked, to spare it (`budget`, Q2). The same call may work in a while;
    `reason` says why it did not. `again_in` is when, in seconds, where that is known."""

    def __init__(
        self, message: str, *, reason: BusyReason = "aws", again_in: float | None = None, **where: Unpack[Where]
    ) -> None:
        super().__init__(message, **where)
        self.reason = reason
        self.again_in = again_in

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        happened = BUSY_WORDS[self.reason].format(self._service_name)
        return f"{happened} Stackyard tries again by itself; there is nothing to do."


CONFLICT_ADVICE: dict[ConflictKind, str] = {
    "exists": "The name is taken. Choose another name, or adopt what is there.",
    "in_use": "Something else uses it or is working on it. Finish or remove that first, then retry.",
    "protected": "It is protected. Switch its protection off knowingly first, then retry.",
    "changed": "It changed since it was read. Reload, look at the new value, and decide again.",
    "token_used": "AWS has accepted this step before. Stackyard reads its result; there is nothing to do.",
}

BUSY_WORDS: dict[BusyReason, str] = {
    "throttled": "{} asked Stackyard to slow down.",
    "unreachable": "{} could not be reached in time.",
    "aws": "{} reported a fault of its own.",
    "budget": "Stackyard holds back its calls to {}, so that AWS does not throttle this account.",
}

CREDENTIAL_ERRORS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.NoAuthTokenError,
    boto.SSOError,
    boto.LoginError,
    boto.ProfileNotFound,
    boto.RefreshWithMFAUnsupportedError,
    boto.MetadataRetrievalError,
    boto.UnknownCredentialError,
)
CONNECTION_ERRORS = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.IncompleteReadError,
    boto.ResponseStreamingError,
)


@contextmanager
def translated(service: str, operation: str) -> Iterator[None]:
    """Turn what boto3 raises inside into one of the five errors; `operation` is as in ListStacks."""
    try:
        yield
    except boto.ClientError as error:
        raise answered(error, service, operation) from error
    except (boto.BotoCoreError, ResponseParserError) as error:
        raise _unanswered(error, service, operation) from error


def answered(error: boto.ClientError, service: str = "", operation: str = "") -> AwsError:
    """The error for an answer of AWS."""
    if error.operation_name == "AssumeRole":
        service, operation = "sts", "AssumeRole"
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    about = error.response.get("ResponseMetadata", {})
    where: Where = {
        "service": service,
        "operation": operation,
        "code": code,
        "request_id": str(about.get("RequestId", "")),
    }
    by_text = _by_text(code, message, where)
    return by_text or _by_code(code, message, int(about.get("HTTPStatusCode", 400)), where)


def _by_text(code: str, message: str, where: Where) -> AwsError | None:
    """The codes that AWS uses for several things, told apart by their text."""
    text = message.lower()
    if "terminationprotection is enabled" in text or "protected against deletion" in text:
        return Conflict(message, kind="protected", **where)
    if "as it is in use by" in text or "is imported by stack" in text:
        return Conflict(message, kind="in_use", **where)
    # A parameter "does not exist" too: only what starts with the thing itself is about it (S9).
    if code == "ValidationError" and re.match(r"(stack|changeset|export)\b.*\bdoes not exist", text, re.DOTALL):
        return Missing(message, **where)
    if code == "ValidationError" and re.match(r"(stack|changeset)\b.*\balready exists", text, re.DOTALL):
        return Conflict(message, kind="exists", **where)
    if code == "ValidationException" and any(part in text for part in OTHER_KEYS):
        return OtherKeys(message, **where)
    # Cost Explorer and DynamoDB say "limit" when they mean "slow down" (E10, T15).
    if _stem(code) == "LimitExceeded" and (where.get("service") == "ce" or "simultaneously" in text):
        return Busy(message, reason="throttled", **where)
    return None


def _by_code(code: str, message: str, http_status: int, where: Where) -> AwsError:
    """The error for a code, compared whole (S28); an unknown one is judged by the HTTP status."""
    stem = _stem(code)
    if stem in QUOTAS:
        return Refused(message, quota=True, **where)
    if stem in MISSING or stem.endswith(".NotFound"):
        return Missing(message, **where)
    if stem in DENIED or stem in CREDENTIALS:
        return Denied(message, credentials=stem in CREDENTIALS, **where)
    if stem in CONFLICTS:
        return Conflict(message, kind=CONFLICTS[stem], **where)
    reason = _busy_reason(stem, http_status)
    return Busy(message, reason=reason, **where) if reason else Refused(message, **where)


def _busy_reason(stem: str, http_status: int) -> BusyReason | None:
    if stem in THROTTLED or http_status == 429:
        return "throttled"
    return "aws" if stem in FAULTS or http_status >= 500 else None


def is_throttle(code: str) -> bool:
    """Whether AWS asks with this code to slow down (Q3, K2)."""
    return _stem(code) in THROTTLED


def _stem(code: str) -> str:
    """The code without the suffix that only some spellings of it have (S28)."""
    return code.removesuffix("Exception")


def _unanswered(error: Exception, service: str, operation: str) -> AwsError:
    """The error for a call that brought no answer, or that never left."""
    where: Where = {"service": service, "operation": operation, "code": type(error).__name__}
    if isinstance(error, CREDENTIAL_ERRORS):
        return Denied(str(error), credentials=True, **where)
    if isinstance(error, boto.CapacityNotAvailableError):
        return Busy(str(error), reason="throttled", **where)
    if isinstance(error, ResponseParserError):
        return Busy(str(error), reason="aws", **where)
    if isinstance(error, CONNECTION_ERRORS):
        return Busy(str(error), reason="unreachable", **where)
    return Refused(str(error), **where)
