# ruff: noqa: N803  (botocore spells its arguments so)
"""The services around CloudFormation, as far as the gateway asks them."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .fleet import RunCommand
from .resources import put_version
from .script import client_error
from .service import Answer, Service, page
from .world import Placed

AWS_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}],
}


class Ssm(RunCommand):
    """Parameter Store."""

    def get_parameters_by_path(self, Path: str, NextToken: str = "", **_: Any) -> Answer:
        """The parameters below a path, ten a page (M6)."""
        names = sorted(name for name in self.world.parameters if name.startswith(f"{Path.rstrip('/')}/"))
        return page("Parameters", [self.world.parameters[name][-1] for name in names], NextToken, size=10)

    def get_parameter(self, Name: str, **_: Any) -> Answer:
        """The newest version, or the one that is named after a colon (M5)."""
        name, _colon, number = Name.partition(":")
        versions = self._versions(name, "GetParameter")
        if number and not 1 <= int(number) <= len(versions):
            raise client_error("ParameterVersionNotFound", f"{name} has no version {number}.", "GetParameter")
        return {"Parameter": versions[int(number) - 1 if number else -1]}

    def put_parameter(self, Name: str, Value: str, *, Overwrite: bool = False, **asked: Any) -> Answer:
        """Make a parameter, or a new version of it (M3)."""
        there = self.world.parameters.get(Name)
        if there and not Overwrite:
            text = "The parameter already exists. To overwrite this value, set the overwrite option to true."
            raise client_error("ParameterAlreadyExists", text, "PutParameter")
        kind = asked.get("Type") or (there[-1]["Type"] if there else "String")
        number = put_version(self.world, Name, Value, kind)
        if asked.get("Tags"):
            arn = self.world.arn("ssm", f"parameter{Name}")
            self.world.tag(arn, {tag["Key"]: tag["Value"] for tag in asked["Tags"]})
        return {"Version": number, "Tier": "Standard"}

    def delete_parameter(self, Name: str) -> Answer:
        """Take a parameter away."""
        self._versions(Name, "DeleteParameter")
        del self.world.parameters[Name]
        self.world.untag(self.world.arn("ssm", f"parameter{Name}"))
        return {}

    def get_parameter_history(self, Name: str, NextToken: str = "", **_: Any) -> Answer:
        """Every version."""
        return page("Parameters", self._versions(Name, "GetParameterHistory"), NextToken, size=50)

    def unlabel_parameter_version(self, Name: str, ParameterVersion: int, Labels: list[str]) -> Answer:
        """Take labels off a version (M4)."""
        version = self._versions(Name, "UnlabelParameterVersion")[ParameterVersion - 1]
        version["Labels"] = [label for label in version.get("Labels", []) if label not in Labels]
        return {"RemovedLabels": Labels, "InvalidLabels": []}

    def label_parameter_version(self, Name: str, ParameterVersion: int, Labels: list[str]) -> Answer:
        """Put labels on a version, and take them off any other one (M4)."""
        for version in self._versions(Name, "LabelParameterVersion"):
            mine = [label for label in version.get("Labels", []) if label not in Labels]
            version["Labels"] = [*mine, *Labels] if version["Version"] == ParameterVersion else mine
        return {"InvalidLabels": [], "ParameterVersion": ParameterVersion}

    def _versions(self, name: str, operation: str) -> list[dict[str, Any]]:
        if name not in self.world.parameters:
            raise client_error("ParameterNotFound", f"Parameter {name} not found.", operation)
        return self.world.parameters[name]


class Iam(Service):
    """Roles and policies that the stacks made."""

    def list_role_policies(self, RoleName: str) -> Answer:
        """Names of a role's inline policies."""
        policies = self._thing(RoleName, "ListRolePolicies").properties.get("Policies") or []
        return {"PolicyNames": [policy["PolicyName"] for policy in policies]}

    def get_role_policy(self, RoleName: str, PolicyName: str) -> Answer:
        """One inline policy."""
        policies = self._thing(RoleName, "GetRolePolicy").properties["Policies"]
        found = next(policy for policy in policies if policy["PolicyName"] == PolicyName)
        return {"RoleName": RoleName, "PolicyName": PolicyName, "PolicyDocument": found["PolicyDocument"]}

    def list_attached_role_policies(self, RoleName: str) -> Answer:
        """The managed policies of a role."""
        arns = self._thing(RoleName, "ListAttachedRolePolicies").properties.get("ManagedPolicyArns") or []
        return {"AttachedPolicies": [{"PolicyArn": arn, "PolicyName": arn.rpartition("/")[2]} for arn in arns]}

    def list_policies_granting_service_access(self, Arn: str, ServiceNamespaces: Sequence[str]) -> Answer:
        """The policies of a role that grant something of these services."""
        name = Arn.rpartition("/")[2]
        own = self._thing(name, "ListPoliciesGrantingServiceAccess").properties
        inline = [
            {"PolicyName": one["PolicyName"], "PolicyType": "INLINE", "EntityType": "ROLE", "EntityName": name}
            for one in own.get("Policies") or []
        ]
        managed = [
            {"PolicyName": arn.rpartition("/")[2], "PolicyType": "MANAGED", "PolicyArn": arn}
            for arn in own.get("ManagedPolicyArns") or []
        ]
        documents = [one["PolicyDocument"] for one in own.get("Policies") or []]
        documents += [self._document(one["PolicyArn"], "ListPoliciesGrantingServiceAccess") for one in managed]
        rows = [
            {
                "ServiceNamespace": service,
                "Policies": [
                    policy
                    for policy, document in zip(inline + managed, documents, strict=True)
                    if _grants(document, service)
                ],
            }
            for service in ServiceNamespaces
        ]
        return {"PoliciesGrantingServiceAccess": rows, "IsTruncated": False}

    def get_policy(self, PolicyArn: str) -> Answer:
        """A managed policy."""
        self._document(PolicyArn, "GetPolicy")
        return {"Policy": {"Arn": PolicyArn, "DefaultVersionId": "v1"}}

    def get_policy_version(self, PolicyArn: str, VersionId: str) -> Answer:
        """What a managed policy says."""
        document = self._document(PolicyArn, "GetPolicyVersion")
        return {"PolicyVersion": {"VersionId": VersionId, "Document": document, "IsDefaultVersion": True}}

    def _document(self, arn: str, operation: str) -> Any:
        if ":iam::aws:policy/" in arn:
            return AWS_POLICY
        return self._thing(arn, operation).properties["PolicyDocument"]

    def _thing(self, physical_id: str, operation: str) -> Placed:
        if physical_id not in self.world.things:
            raise client_error("NoSuchEntity", f"{physical_id} cannot be found.", operation, 404)
        return self.world.things[physical_id]


def _grants(document: Mapping[str, Any], service: str) -> bool:
    allowed = [one["Action"] for one in document["Statement"] if one["Effect"] == "Allow"]
    actions = [name for one in allowed for name in (one if isinstance(one, list) else [one])]
    return any(name == "*" or name.lower().startswith(f"{service}:") for name in actions)


class Balancing(Service):
    """Load balancers and the health behind them."""

    def describe_load_balancers(self, LoadBalancerArns: Sequence[str]) -> Answer:
        """A load balancer."""
        arn = LoadBalancerArns[0]
        if arn not in self.world.things:
            text = f"Load balancers '[{arn}]' not found"
            raise client_error("LoadBalancerNotFound", text, "DescribeLoadBalancers")
        return {"LoadBalancers": [{"LoadBalancerArn": arn, "State": {"Code": "active"}, "DNSName": "lb.test"}]}

    def describe_target_health(self, TargetGroupArn: str) -> Answer:
        """The targets of a group."""
        if TargetGroupArn not in self.world.things:
            raise client_error("TargetGroupNotFound", "One or more target groups not found", "DescribeTargetHealth")
        health = {"State": "healthy" if self.world.healthy else "unhealthy"}
        return {"TargetHealthDescriptions": [{"Target": {"Id": "i-1", "Port": 80}, "TargetHealth": health}]}


class Tagging(Service):
    """Resources by tag."""

    def get_resources(
        self,
        TagFilters: Sequence[Mapping[str, Any]],
        NextToken: str = "",
        ResourceTypeFilters: Sequence[str] = (),
    ) -> Answer:
        """Everything that carries a tag (E13), of any type or of these, such as `dynamodb:table`."""
        wanted = [(one["Key"], value) for one in TagFilters for value in one["Values"]]
        arns = [arn for pair in wanted for arn in self.world.tagged.get(pair, {})]
        if ResourceTypeFilters:
            kinds = [re.compile(rf"arn:[^:]+:{kind.replace(':', ':[^:]*:[^:]*:')}/.*") for kind in ResourceTypeFilters]
            arns = [arn for arn in arns if any(kind.match(arn) for kind in kinds)]
        rows = [
            {
                "ResourceARN": arn,
                "Tags": [{"Key": key, "Value": value} for key, value in self.world.tags[arn].items()],
            }
            for arn in arns
        ]
        return page("ResourceTagMappingList", rows, NextToken)


class Sts(Service):
    """Who the caller is."""

    def get_caller_identity(self) -> Answer:
        """The account."""
        return {"Account": self.world.account_id, "Arn": f"arn:aws:iam::{self.world.account_id}:user/test"}


class CloudWatch(Service):
    """What was measured of tables."""

    def get_metric_data(
        self,
        MetricDataQueries: Sequence[Mapping[str, Any]],
        StartTime: datetime,
        EndTime: datetime,
        ScanBy: str,
        NextToken: str = "",
    ) -> Answer:
        """Sums of each period in which something was measured, newest first."""
        assert ScanBy == "TimestampDescending"
        rows = []
        for query in MetricDataQueries:
            stat = query["MetricStat"]
            table = stat["Metric"]["Dimensions"][0]["Value"]
            sums: dict[datetime, float] = {}
            for at, units in self.world.writes.get(table, []):
                begin = datetime.fromtimestamp(at.timestamp() // stat["Period"] * stat["Period"], UTC)
                if StartTime <= at < EndTime:
                    sums[begin] = sums.get(begin, 0.0) + units
            times = sorted(sums, reverse=True)
            rows.append({"Id": query["Id"], "Timestamps": times, "Values": [sums[at] for at in times]})
        return page("MetricDataResults", rows, NextToken)

    def describe_alarms(self, AlarmTypes: Sequence[str], NextToken: str = "") -> Answer:
        """The alarms that stacks have made, fifty a page; all is well unless a test says otherwise."""
        assert AlarmTypes == ["MetricAlarm"]
        rows = [
            {
                "AlarmName": alarm.physical_id,
                "StateValue": "ALARM" if alarm.physical_id in self.world.alarmed else "OK",
                **{key: alarm.properties[key] for key in ("Namespace", "MetricName", "Dimensions")},
            }
            for stack in self.world.stacks.values()
            for alarm in stack.resources.values()
            if alarm.type == "AWS::CloudWatch::Alarm"
        ]
        return page("MetricAlarms", rows, NextToken, size=50)


class Scaling(Service):
    """Capacity of tables and indexes that follows their load."""

    def describe_scalable_targets(
        self, ServiceNamespace: str, ResourceIds: Sequence[str], NextToken: str = ""
    ) -> Answer:
        """What is registered for these (T9)."""
        rows = [
            {"ServiceNamespace": ServiceNamespace, "ResourceId": name, "ScalableDimension": dimension}
            for name, dimension in (target.split("|")[:2] for target in self.world.scalable)
            if name in ResourceIds
        ]
        return page("ScalableTargets", rows, NextToken, size=50)
