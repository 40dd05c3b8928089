"""Which AWS Stackyard talks to: the local one, an emulator that somebody else runs, or the real one.

Whatever is chosen, the programs get an environment that can reach nothing but that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from tools.ports import LOOPBACK
from tools.terminal import CommandError

DEMO_KEY = "test"
DEMO_REGION = "us-east-1"
_REAL_CREDENTIALS = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
_CREDENTIALS = (*_REAL_CREDENTIALS, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE")


class Kind(StrEnum):
    LOCAL = "local"
    EMULATOR = "emulator"
    REAL = "real"


@dataclass(frozen=True)
class Aws:
    """The AWS of one run: `endpoint` is an emulator's address, "" for the real one; `why` is for people."""

    kind: Kind
    endpoint: str
    why: str


def choose_aws(environment: Mapping[str, str], local_port: int) -> Aws:
    """What the settings ask for; the local AWS on `local_port` when they ask for nothing.

    Raises CommandError when STACKYARD_AWS or AWS_ENDPOINT_URL cannot be understood.
    """
    wish = environment.get("STACKYARD_AWS", "").strip().lower()
    if wish not in {"", "local", "real"}:
        raise CommandError(f"STACKYARD_AWS must be “local” or “real”, not “{wish}”.")
    local = Aws(Kind.LOCAL, f"http://{LOOPBACK}:{local_port}", "nothing asks for another one")
    if wish == "local":
        return local
    if wish == "real":
        return Aws(Kind.REAL, "", "STACKYARD_AWS=real")
    if endpoint := environment.get("AWS_ENDPOINT_URL", "").strip():
        return _at(endpoint)
    for name in _REAL_CREDENTIALS:
        if environment.get(name, "") not in {"", DEMO_KEY}:
            return Aws(Kind.REAL, "", f"{name} is set")
    return local


def aws_environment(aws: Aws, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` as the programs get it, able to reach this AWS and no other."""
    if aws.kind is Kind.LOCAL:
        return _without_aws(environment) | _demo(aws.endpoint) | _no_files()
    if aws.kind is Kind.EMULATOR:
        merged = dict(environment) | {"AWS_ENDPOINT_URL": aws.endpoint}
        if not any(environment.get(name) for name in _REAL_CREDENTIALS):
            merged |= {"AWS_ACCESS_KEY_ID": DEMO_KEY, "AWS_SECRET_ACCESS_KEY": DEMO_KEY}
        merged["AWS_REGION"] = merged.get("AWS_REGION") or merged.get("AWS_DEFAULT_REGION") or DEMO_REGION
        merged["AWS_DEFAULT_REGION"] = merged["AWS_REGION"]
        return merged
    return {name: value for name, value in environment.items() if name != "AWS_ENDPOINT_URL"}


def _at(endpoint: str) -> Aws:
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandError(f"AWS_ENDPOINT_URL must be an address such as http://127.0.0.1:4566, not “{endpoint}”.")
    if parts.hostname.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        raise CommandError("AWS_ENDPOINT_URL names the real AWS: unset it and set STACKYARD_AWS=real instead.")
    return Aws(Kind.EMULATOR, endpoint, "AWS_ENDPOINT_URL is set")


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    # AWS_ENDPOINT_URL_<SERVICE> would send one service past the local AWS, with its requests.
    return {
        name: value
        for name, value in environment.items()
        if name not in _CREDENTIALS and not name.startswith("AWS_ENDPOINT_URL")
    }


def _demo(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": DEMO_KEY,
        "AWS_SECRET_ACCESS_KEY": DEMO_KEY,
        "AWS_REGION": DEMO_REGION,
        "AWS_DEFAULT_REGION": DEMO_REGION,
    }


def _no_files() -> dict[str, str]:
    # A profile in ~/.aws may name another endpoint or credentials: the local AWS must never see either.
    return {
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
