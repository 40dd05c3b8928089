"""A configuration as containers are given it: `environment` and `secrets` of an ECS container definition, `env` of a
Kubernetes container."""

import json
import math
from typing import Any

import yaml

from portal.connecting.text import commented, elsewhere
from provisioning.actions.delivering import Configuration, Setting


def ecs(configuration: Configuration) -> str:
    """JSON to put into a container definition. What comes from a parameter is read by ECS when a container starts: a
    flag that was set counts after a redeploy, and nobody who may read the definition learns a secret."""
    settings = list(elsewhere(configuration))
    plain = [{"name": one.variable, "value": one.value} for one in settings if one.value is not None and not one.arn]
    referred = [{"name": one.variable, "valueFrom": one.arn} for one in settings if one.arn]
    return json.dumps({"environment": plain, "secrets": referred}, indent=2, ensure_ascii=False) + "\n"


def kubernetes(configuration: Configuration) -> str:
    """YAML of a container's `env`. A secret refers to a Secret of the environment's name, unless its value was asked
    for; its key is the variable's name."""
    secret = f"{configuration.application}-{configuration.environment}"
    return "".join(_entry(one, secret) for one in elsewhere(configuration))


def _entry(setting: Setting, secret: str) -> str:
    if setting.value is not None:
        value: dict[str, Any] = {"value": _literal(setting.value)}
    elif setting.secret:
        value = {"valueFrom": {"secretKeyRef": {"name": secret, "key": setting.variable}}}
    else:
        return commented(setting, "#") + "\n"
    dumped: str = yaml.dump(
        [{"name": setting.variable, **value}], Dumper=_Dumper, sort_keys=False, width=math.inf, allow_unicode=True
    )
    return dumped


def _literal(value: str) -> "_Quoted":
    """Kubernetes puts other variables in the place of $(NAME), and takes $$ for one $."""
    return _Quoted(value.replace("$", "$$") if "$(" in value or "$$" in value else value)


class _Quoted(str):
    """A text that is written in quotes, so that no reader takes it for a number or for no."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes values in double quotes."""


def _quoted(dumper: yaml.SafeDumper, text: _Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')


_Dumper.add_representer(_Quoted, _quoted)
