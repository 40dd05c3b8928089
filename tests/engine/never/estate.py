"""The application whose templates are edited at random: what a team may do to its data stack, good and bad."""

import copy
import json
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from engine.vault import COMPUTE, lay_out
from provisioning.blueprints.loader import load_blueprint
from provisioning.models import Template

ESTATE = "vault"
BLUEPRINT = """\
title: Vault
summary: Keeps things.
owner: safety
version: '1'
stacks:
  data:
    template: data.yaml
    name: 'vault-data-{environment}'
    capabilities: []
    filled: {Environment: environment, Stage: stage}
  compute: {template: compute.yaml, name: 'vault-{environment}', capabilities: [], filled: {Data: data_stack_name}}
stages:
  dev: {approvals: 0, protection: false}
  staging: {approvals: 2, approvers: [engineers, admins], protection: false, expires_hours: 24, on_expiry: plan_again}
  prod:
    approvals: 1
    approvers: [admins]
    protection: true
    auto_approve:
      - {rule: no table touched, kinds: [update, wake, protect], monthly_increase: any}
parameters: []
patterns: []
flags: []
deploy: {kind: ec2, group: Group}
configuration: {}
formats: [dotenv]
"""
# What is asked for, said once more: approvals by people, and who may give them; kinds that a rule may approve.
APPROVALS: Mapping[str, tuple[int, frozenset[str]]] = {
    "dev": (0, frozenset()),
    "staging": (2, frozenset({"alice", "bob", "ada", "mona"})),
    "prod": (1, frozenset({"ada", "mona"})),
}
BY_RULE = frozenset({"update", "wake", "protect"})

Data = dict[str, Any]
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def _index(name: str, key: str) -> Data:
    schema = [{"AttributeName": key, "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}


def _keys(*names: str) -> Data:
    schema = [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]
    return {"AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names]} | {
        "KeySchema": schema
    }


def _base() -> Data:
    things = _keys("id") | {
        "TableName": {"Fn::Sub": "vault-${Environment}-${Suffix}"},
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": {"Fn::If": ["Safe", True, False]},
        "GlobalSecondaryIndexes": [_index("by-owner", "owner")],
        "TimeToLiveSpecification": {"AttributeName": "ends", "Enabled": True},
        "Tags": [{"Key": "Note", "Value": {"Ref": "Note"}}],
    }
    things["AttributeDefinitions"].append({"AttributeName": "owner", "AttributeType": "S"})
    others = _keys("id") | {"TableName": {"Fn::Sub": "vault-${Environment}-others"}, "BillingMode": "PAY_PER_REQUEST"}
    tables = {"Things": things, "Others": others}
    return {
        "Parameters": {
            "Environment": {"Type": "String"},
            "Stage": {"Type": "String"},
            "Suffix": {"Type": "String", "Default": "things"},
            "Note": {"Type": "String", "Default": "none"},
        },
        "Conditions": {"Safe": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
        "Resources": {
            name: {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": properties}
            for name, properties in tables.items()
        },
        "Outputs": {
            "Things": {"Value": {"Ref": "Things"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-things"}}}
        },
    }


def _things(data: Data) -> Data:
    found: Data = data["Resources"]["Things"]["Properties"]
    return found


def _others(data: Data) -> Data:
    found: Data = data["Resources"]["Others"]["Properties"]
    return found


def _remove(data: Data) -> None:
    del data["Resources"]["Others"]


def _rename(data: Data) -> None:
    _others(data)["TableName"] = {"Fn::Sub": "vault-${Environment}-rest"}


def _unname(data: Data) -> None:
    del _others(data)["TableName"]


def _call_otherwise(data: Data) -> None:
    data["Resources"]["Elsewhere"] = data["Resources"].pop("Others")


def _change_key(data: Data) -> None:
    _others(data).update(_keys("key"))


def _change_type(data: Data) -> None:
    _others(data)["AttributeDefinitions"][0]["AttributeType"] = "N"


def _drop_policy(data: Data) -> None:
    data["Resources"]["Others"]["DeletionPolicy"] = "Delete"


def _drop_policies(data: Data) -> None:
    for resource in data["Resources"].values():
        del resource["DeletionPolicy"], resource["UpdateReplacePolicy"]


def _indexes(*names: str) -> Callable[[Data], None]:
    def edit(data: Data) -> None:
        things = _things(data)
        things["GlobalSecondaryIndexes"] = [_index(name, name.removeprefix("by-")) for name in names]
        attributes = ("id", *(name.removeprefix("by-") for name in names))
        things["AttributeDefinitions"] = [{"AttributeName": name, "AttributeType": "S"} for name in attributes]

    return edit


def _alter_index(data: Data) -> None:
    _things(data)["GlobalSecondaryIndexes"] = [_index("by-owner", "id")]
    _things(data).update(_keys("id"))


def _local_index(data: Data) -> None:
    _others(data)["LocalSecondaryIndexes"] = [_index("local", "id")]


def _other_expiry(data: Data) -> None:
    _things(data)["TimeToLiveSpecification"]["AttributeName"] = "until"


def _no_expiry(data: Data) -> None:
    del _things(data)["TimeToLiveSpecification"]


def _other_defaults(data: Data) -> None:
    data["Parameters"]["Suffix"]["Default"], data["Parameters"]["Note"]["Default"] = "items", "more"


def _add(data: Data) -> None:
    more = _keys("id") | {"TableName": {"Fn::Sub": "vault-${Environment}-more"}, "BillingMode": "PAY_PER_REQUEST"}
    data["Resources"]["More"] = {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": more}


def _stream(data: Data) -> None:
    _things(data)["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}


def _provision(data: Data) -> None:
    _others(data)["BillingMode"] = "PROVISIONED"
    _others(data)["ProvisionedThroughput"] = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


def _nothing(_: Data) -> None:
    """The template as it is."""


EDITS: Mapping[str, Callable[[Data], None]] = {
    "as it is": _nothing,
    "table removed": _remove,
    "table renamed": _rename,
    "table unnamed": _unname,
    "logical id renamed": _call_otherwise,
    "key changed": _change_key,
    "key type changed": _change_type,
    "policy not Retain": _drop_policy,
    "no policies": _drop_policies,
    "index removed": _indexes(),
    "index added": _indexes("by-owner", "by-colour"),
    "two indexes added": _indexes("by-owner", "by-colour", "by-size"),
    "index exchanged": _indexes("by-colour"),
    "index altered": _alter_index,
    "local index": _local_index,
    "expiry by another attribute": _other_expiry,
    "expiry gone": _no_expiry,
    "other defaults": _other_defaults,
    "table added": _add,
    "stream": _stream,
    "provisioned": _provision,
}
BROKEN = "broken"
VARIANTS = (*EDITS, BROKEN)
REFUSED = ("policy not Retain", "no policies", BROKEN)  # whatever reads the blueprint says so
_moments = count(1_700_000_000)


def texts() -> Iterator[tuple[str, str]]:
    """Each variant of the data template, as its file holds it."""
    base = _base()
    for name, edit in EDITS.items():
        data = copy.deepcopy(base)
        edit(data)
        yield name, json.dumps(data, indent=1)
    yield BROKEN, "Resources: ["


TEXTS = dict(texts())


def build(folder: Path) -> Path:
    """Lay the application out, every variant of it linted before. Returns its own folder."""
    own = lay_out(folder, blueprint=BLUEPRINT, data=TEXTS["as it is"], compute=COMPUTE)
    for variant in VARIANTS:
        edit(own, variant)
        blueprint, problems = load_blueprint(own)
        assert bool(problems) == (variant in REFUSED), (variant, problems)
        for stack in blueprint.stacks.values() if blueprint else ():
            body = {"body": stack.template.body, "lint": []}
            Template.objects.get_or_create(digest=stack.template.digest, defaults=body)
    edit(own, "as it is")
    return own


def edit(own: Path, variant: str) -> None:
    """Save one variant of the data template; each save has a time of its own."""
    file = own / "data.yaml"
    file.write_text(TEXTS[variant])
    moment = next(_moments)
    os.utime(file, (moment, moment))
