"""HTTP to what runs, and to who redeploys it. Small answers, short waits, no redirects, no secret in any error.

A report is what the running backend tells below its own address:
`{"parameters": {"use_dynamodb": {"value": "false", "version": 9}}, "healthy": true, "artifact": "shop:2"}`. Each part
may be left out, and anything else in it is ignored.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.conf import settings

from provisioning.blueprints.artifacts import filled
from provisioning.blueprints.hooks import Hook
from provisioning.blueprints.model import Workflow

CONNECT, READ, WHOLE = 2.0, 4.0, 6.0  # seconds
MOST_BYTES = 64 * 1024
SIGNATURE, TIMESTAMP, DELIVERY = "X-Stackyard-Signature", "X-Stackyard-Timestamp", "X-Stackyard-Delivery"
AGENT = "stackyard"
_POOL = urllib3.PoolManager(num_pools=8, maxsize=4, retries=False)


class NoAnswerError(Exception):
    """What was asked did not answer as it should; `sentence` says how. `passes` when asking again may help."""

    def __init__(self, sentence: str, *, passes: bool) -> None:
        super().__init__(sentence)
        self.sentence, self.passes = sentence, passes


@dataclass(frozen=True)
class Value:
    """A parameter as the backend has it. Either may be None: not told."""

    value: str | None
    version: int | None


@dataclass(frozen=True)
class Report:
    """What the running backend tells. `healthy` is None, and `artifact` empty, when it does not say."""

    parameters: Mapping[str, Value]
    healthy: bool | None
    artifact: str = ""


def report_url(address: str, path: str) -> str:
    """The address of the report below the application's own. Raises NoAnswerError for an address that is none."""
    if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
        raise NoAnswerError("The compute stack's output holds no http address.", passes=False)
    return f"{address.rstrip('/')}{path}"


def ask_report(url: str) -> Report:
    """Ask the running backend. Raises NoAnswerError."""
    status, body = _send("GET", url, b"", {"Accept": "application/json"})
    if status != 200:
        raise NoAnswerError(f"The backend answered {status} instead of its report.", passes=True)
    try:
        told = json.loads(body)
        parameters = {str(key): _value(one) for key, one in dict(told.get("parameters") or {}).items()}
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise NoAnswerError(
            "The backend's report cannot be read: it is no JSON of the agreed form.", passes=True
        ) from None
    healthy, artifact = told.get("healthy"), told.get("artifact")
    is_told = isinstance(artifact, str)
    return Report(parameters, healthy if isinstance(healthy, bool) else None, artifact if is_told else "")


def _value(one: Any) -> Value:
    value, version = one.get("value"), one.get("version")
    if isinstance(value, bool):
        value = "true" if value else "false"
    is_number = isinstance(version, int) and not isinstance(version, bool) and version > 0
    return Value(None if value is None else str(value), version if is_number else None)


def tell(hook: Hook, message: Mapping[str, Any], *, delivery: str) -> None:
    """Tell a receiver to redeploy. What is sent again carries the same `delivery`. Raises NoAnswerError."""
    body = json.dumps(message, sort_keys=True).encode()
    at = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        TIMESTAMP: at,
        DELIVERY: delivery,
        SIGNATURE: f"sha256={signature(hook.secret, at, body)}",
    }
    status, _ = _send("POST", hook.url, body, headers)
    _require_taken("The receiver of the webhook", status)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 in hex over the timestamp, a full stop and the body: receivers compute the same, and refuse what is
    older than a few minutes."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def dispatch(workflow: Workflow, names: Mapping[str, str]) -> None:
    """Start a workflow of GitHub; `names` fill its ref and inputs. Raises NoAnswerError."""
    if not settings.DEPLOY_GITHUB_TOKEN:
        raise NoAnswerError("DEPLOY_GITHUB_TOKEN is not set, so no workflow can be started.", passes=False)
    address = f"/repos/{workflow.repository}/actions/workflows/{workflow.workflow}/dispatches"
    inputs = {key: filled(value, names) for key, value in workflow.inputs.items()}
    body = {"ref": filled(workflow.ref, names), **({"inputs": inputs} if inputs else {})}
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {settings.DEPLOY_GITHUB_TOKEN}",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    status, _ = _send("POST", settings.DEPLOY_GITHUB_API.rstrip("/") + address, json.dumps(body).encode(), headers)
    _require_taken("GitHub", status)


def _require_taken(who: str, status: int) -> None:
    if not 200 <= status < 300:
        raise NoAnswerError(f"{who} answered {status}.", passes=status >= 500 or status in {408, 429})


def _send(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """One request, its status and its body. Raises NoAnswerError."""
    started = time.monotonic()
    try:
        answer = _POOL.request(
            method,
            url,
            body=body or None,
            headers={"User-Agent": AGENT, **headers},
            timeout=urllib3.Timeout(connect=CONNECT, read=READ, total=WHOLE),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            return answer.status, _read(answer, started)
        finally:
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError, UnicodeError):
        raise NoAnswerError(f"{urlsplit(url).hostname} does not answer.", passes=True) from None


def _read(answer: Any, started: float) -> bytes:
    """The body, as long as it is small and quick: one that drips holds up no worker."""
    body = b""
    for piece in answer.stream(8192, decode_content=False):
        body += piece
        if len(body) > MOST_BYTES:
            raise NoAnswerError(f"The answer is longer than {MOST_BYTES // 1024} KB.", passes=False)
        if time.monotonic() - started > WHOLE:
            raise NoAnswerError(f"The answer takes longer than {WHOLE:.0f} seconds.", passes=True)
    return body
