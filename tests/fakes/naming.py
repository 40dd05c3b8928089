"""Physical ids and attributes of resources, and a template worked out whole: what only AWS knows included.

Names are made from the stack and the logical id, so that a reference can be followed before or after the
resource is made.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from provisioning.blueprints.resolving import _Resolver
from provisioning.blueprints.shapes import Pseudo, Resolved, Template
from provisioning.blueprints.template import parse
from provisioning.blueprints.values import as_text

from .world import Stack, World

# A resource's fixed name, where its template gives one.
NAMED_BY = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SSM::Parameter": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CloudWatch::Alarm": "AlarmName",
}
ALWAYS, CONDITIONALLY, NEVER = "Always", "Conditionally", "Never"
# Properties that cannot change where the resource is (R11, N1, N3); `*` stands for all of them.
RECREATES = {
    "AWS::DynamoDB::Table": {
        **dict.fromkeys(("TableName", "LocalSecondaryIndexes", "ImportSourceSpecification"), ALWAYS),
        "KeySchema": CONDITIONALLY,
    },
    "AWS::ApplicationAutoScaling::ScalableTarget": dict.fromkeys(
        ("ResourceId", "ScalableDimension", "ServiceNamespace"), ALWAYS
    ),
    "AWS::SSM::Parameter": {"Name": ALWAYS},
    "AWS::IAM::ManagedPolicy": {"Description": ALWAYS},
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {"Scheme": ALWAYS, "Type": ALWAYS, "Name": ALWAYS},
    "AWS::ElasticLoadBalancingV2::TargetGroup": dict.fromkeys(("Port", "Protocol", "VpcId", "TargetType"), ALWAYS),
    "AWS::EC2::SecurityGroup": {"VpcId": ALWAYS, "GroupDescription": ALWAYS},
    "AWS::ECS::TaskDefinition": {"*": ALWAYS},
    "AWS::ECS::Service": {"Cluster": ALWAYS, "LaunchType": ALWAYS},
}
_BALANCING = "AWS::ElasticLoadBalancingV2"
# What `Ref` gives, by type; the others are called by their name.
_REFS = {
    f"{_BALANCING}::LoadBalancer": "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{short}/{digest}",
    f"{_BALANCING}::TargetGroup": "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{short}/{digest}",
    f"{_BALANCING}::Listener": "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/{short}/{digest}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::EC2::SecurityGroup": "sg-{digest}",
    "AWS::EC2::LaunchTemplate": "lt-{digest}",
    "AWS::ApplicationAutoScaling::ScalableTarget": "{ResourceId}|{ScalableDimension}|{ServiceNamespace}",
    "AWS::ECS::TaskDefinition": "arn:aws:ecs:{region}:{account}:task-definition/{short}:{revision}",
    "AWS::ECS::Service": "arn:aws:ecs:{region}:{account}:service/{short}/{name}",
}
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{ref}",
    "AWS::SSM::Parameter": "arn:aws:ssm:{region}:{account}:parameter{ref}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{ref}",
    "AWS::IAM::InstanceProfile": "arn:aws:iam::{account}:instance-profile/{ref}",
}
_ATTRIBUTES = {
    "StreamArn": "{arn}/stream/2026-01-01T00:00:00.000",
    "DNSName": "{short}-{number}.{region}.elb.amazonaws.com",
    "LoadBalancerFullName": "app/{short}/{digest}",
    "TargetGroupFullName": "targetgroup/{short}/{digest}",
    "LatestVersionNumber": "{revision}",
    "Name": "{name}",
}

_TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")
# Every change of these makes a new version, which others refer to.
_REVISED = frozenset({"AWS::ECS::TaskDefinition", "AWS::EC2::LaunchTemplate"})


class NoExportError(Exception):
    """A template imports a value that no stack exports."""


@lru_cache(maxsize=256)
def parsed(body: str) -> Template:
    """A template, parsed once."""
    return parse(body)


class _Live(_Resolver):
    """Resolves references to resources and imports too, as the stack itself would."""

    def __init__(self, world: World, stack: Stack, body: str, values: Mapping[str, str]) -> None:
        super().__init__(parsed(body), values, Pseudo(world.region, world.account_id, stack.name))
        self.world, self.stack = world, stack
        self.imports: set[str] = set()
        self.known: dict[str, dict[str, str]] = {}
        self.functions = {**self.functions, "Fn::ImportValue": self.import_value}

    def import_value(self, raw: Any) -> str:
        name = as_text(self.value(raw))
        if name not in self.world.exports:
            raise NoExportError(f"No export named {name} found. Rollback requested by user.")
        self.imports.add(name)
        return self.world.exports[name][1]

    def ref(self, name: Any) -> Any:
        if name in self.template.resources:
            return self._facts(name)["ref"]
        return super().ref(name)

    def get_att(self, parts: Any) -> Any:
        pieces = parts if isinstance(parts, list) else str(parts).split(".", 1)
        facts = self._facts(str(pieces[0]))
        name = as_text(self.value(pieces[1]))
        if name == "Arn":
            return facts["arn"]
        return _ATTRIBUTES.get(name, "{ref}." + name).format(**facts)

    def _facts(self, logical_id: str) -> dict[str, str]:
        if logical_id not in self.known:
            body = self.template.resources[logical_id]
            raw = body.get("Properties") or {}
            # Only what the name depends on: a whole resource may refer back to this one.
            part = {key: inner for key, inner in raw.items() if _identifies(body["Type"], key)}
            self.known[logical_id] = facts(self.world, self.stack, logical_id, body["Type"], self.value(part))
        return self.known[logical_id]


def resolved(world: World, stack: Stack, body: str, values: Mapping[str, str]) -> tuple[Resolved, frozenset[str]]:
    """A stack's template worked out, and the exports it imports. Raises NoExportError."""
    live = _Live(world, stack, body, values)
    return live.resolve(), frozenset(live.imports)


def facts(world: World, stack: Stack, logical_id: str, kind: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """What a resource is called: its `ref`, its `arn`, and the parts that its attributes are made of."""
    fixed = {key: value for key, value in properties.items() if recreation(kind, key) == ALWAYS}
    digest = _digest([stack.uid, logical_id, fixed])[:17]
    named = properties.get(NAMED_BY.get(kind, ""))
    known = {
        "region": world.region,
        "account": world.account_id,
        "name": as_text(named) if named is not None else f"{stack.name}-{logical_id}-{digest[:8]}",
        "short": f"{stack.name[:16]}-{digest[:6]}",
        "digest": digest,
        "number": str(int(digest[:8], 16)),
        "revision": _revision(properties) if kind in _REVISED else "1",
    }
    known |= {key: as_text(properties.get(key, "")) for key in _TARGET}
    known["ref"] = _REFS.get(kind, "{name}").format(**known)
    known["arn"] = _ARNS[kind].format(**known) if kind in _ARNS else known["ref"]
    return known


def recreation(kind: str, key: str) -> str:
    """Whether a change of this property needs another resource: Always, Conditionally or Never."""
    rules = RECREATES.get(kind, {})
    return rules.get(key) or rules.get("*", NEVER)


def _identifies(kind: str, key: str) -> bool:
    return kind in _REVISED or key == NAMED_BY.get(kind) or recreation(kind, key) == ALWAYS


def _revision(properties: Mapping[str, Any]) -> str:
    return str(int(_digest(properties)[:6], 16))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
