"""An application as fileshare whose configuration names a secret, and the Parameter Store that it is in."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.as_aws import plain
from moto import mock_aws

from portal.accounts.models import User
from provisioning.aws.clients import clients_for
from provisioning.blueprints.loader import SHIPPED, library
from provisioning.models import Environment

from . import rows
from .flags.scene import CANARY

REASON = "first start of the new service"
SECRET = f"{CANARY}\nof $(two) 'lines'"
FLAG = "  - {key: deep_token, title: Token, type: secret, after: redeploy}\n"


@contextmanager
def parameter_store(patch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Parameter Store in this process, where Stackyard's own clients find it."""
    patch.delenv("AWS_ENDPOINT_URL", raising=False)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients_for.cache_clear()
    with mock_aws():
        yield plain("ssm")
    clients_for.cache_clear()


def vault(owner: User, folder: Path, settings: Any, ssm: Any) -> Environment:
    """The dev of that application, with its secret and its flag; the tables' names are not there yet."""
    shutil.copytree(SHIPPED / "fileshare", folder / "vaulted")
    for file in (folder / "vaulted").glob("*.yaml"):
        text = file.read_text().replace("/fileshare/", "/vaulted/").replace("\nflags:\n", f"\nflags:\n{FLAG}")
        text = text.replace("\nconfiguration:\n", "\nconfiguration:\n  API_TOKEN: parameter:deep_token\n")
        file.write_text(text.replace("formats: [dotenv,", "formats: [erlang, dotenv,"))
    settings.BLUEPRINT_DIRS = [folder]
    assert not library().problems
    for key, value, kind in (("deep_token", SECRET, "SecureString"), ("use_dynamodb", "true", "String")):
        ssm.put_parameter(Name=f"/vaulted/dev/{key}", Value=value, Type=kind)
    return rows.environment(owner, "dev", "vaulted")
