"""From the click until both stacks are ready, beside bare boto3 doing the same on the same local AWS.

Also counts the calls to AWS that each created environment costs, by service, from the logs of worker and web server.
"""

import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from bench.asking import ask_create, change_path, follow, request_form, usable
from bench.figures import Figure
from bench.running import Running, until
from bench.visitor import Visitor

PAIRS = 7
SECONDS_MORE = 1.0
CALLS = 25
WARM = "dev-warm"
LIBRARY = "provisioning/blueprints/library"
_SERVICE = re.compile(rb'"service": "(\w+)".*"aws_call"')


@dataclass(frozen=True)
class Bare:
    """What bare boto3 needs to make one application: templates, parameters and names with WARM in them."""

    aws: Callable[[str], Any]
    templates: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, str]]
    names: Mapping[str, str]
    flags: Mapping[str, str]

    def create(self, name: str) -> None:
        """Both stacks one after the other, and the flags that the second one reads."""
        self._stack("data", name)
        for path, value in self.flags.items():
            self.aws("ssm").put_parameter(Name=path.replace(WARM, name), Value=value, Type="String")
        self._stack("compute", name)

    def _stack(self, kind: str, name: str) -> None:
        stack = self.names[kind].replace(WARM, name)
        self.aws("cloudformation").create_stack(
            StackName=stack,
            TemplateBody=self.templates[kind],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value.replace(WARM, name)}
                for key, value in self.parameters[kind].items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        until(lambda: is_ready(self.aws, stack), f"{stack} is ready")


def is_ready(aws: Callable[[str], Any], stack: str) -> bool:
    """Whether a stack is there and complete."""
    try:
        (found,) = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError:
        return False
    return bool(found["StackStatus"] == "CREATE_COMPLETE")


def clients_of(yard: Running) -> Callable[[str], Any]:
    """Clients of the local AWS, each built once."""
    session: Any = boto3.Session("test", "test", region_name="us-east-1")
    built: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in built:
            built[service] = session.client(service, endpoint_url=yard.endpoint)
        return built[service]

    return client


def creating(yard: Running, person: Visitor, application: str) -> list[Figure]:
    """The figures of one application. A first pair, in which everything is warmed up, is not counted."""
    follow(person, ask_create(person, application, WARM))
    bare = _bare(yard, application)
    bare.create("dev-warm-too")
    ours, theirs, calls = [], [], []
    for number in range(PAIRS):
        if number % 2:  # each goes first every other time
            theirs.append(_without(bare, number))
        before = _calls(yard)
        ours.append(_click(bare, person, application, f"dev-click-{number}"))
        calls.append(_calls(yard) - before)
        if not number % 2:
            theirs.append(_without(bare, number))
    more = statistics.median(one - other for one, other in zip(ours, theirs, strict=True))
    ratio = statistics.median(ours) / statistics.median(theirs)
    mean = {service: sum(one[service] for one in calls) / PAIRS for service in sorted(set().union(*calls))}
    by_service = ", ".join(f"{service} {number:.3g}" for service, number in mean.items())
    return [
        Figure(
            f"{application}: click to both stacks ready, over bare boto3",
            more,
            "s more",
            SECONDS_MORE,
            f"{statistics.median(ours):.2f} s, bare {statistics.median(theirs):.2f} s, ratio {ratio:.1f}",
        ),
        Figure(f"{application}: calls to AWS", statistics.median(one.total() for one in calls), "", CALLS, by_service),
    ]


def _without(bare: Bare, number: int) -> float:
    """Seconds that bare boto3 takes."""
    began = time.monotonic()
    bare.create(f"dev-bare-{number}")
    return time.monotonic() - began


def _click(bare: Bare, person: Visitor, application: str, name: str) -> float:
    """Seconds from sending the form until AWS has both stacks; waits for the end of the change as well."""
    form = request_form(person, application)
    sent = form.filled(usable(form, {"name": name}))
    began = time.monotonic()
    page = person.post(form.action, sent)
    until(lambda: is_ready(bare.aws, bare.names["compute"].replace(WARM, name)), f"{name} is ready")
    took = time.monotonic() - began
    follow(person, change_path(page))
    return took


def _bare(yard: Running, application: str) -> Bare:
    aws, folder = clients_of(yard), yard.launch.checkout / LIBRARY / application
    names = {"data": f"{application}-data-{WARM}", "compute": f"{application}-{WARM}"}
    parameters = {}
    for kind, stack in names.items():
        (found,) = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        parameters[kind] = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    made = {
        one["PhysicalResourceId"]
        for one in aws("cloudformation").describe_stack_resources(StackName=names["data"])["StackResources"]
    }
    kept = aws("ssm").get_parameters_by_path(Path=f"/{application}/{WARM}/", Recursive=True)["Parameters"]
    return Bare(
        aws=aws,
        templates={kind: (folder / f"{kind}.yaml").read_text() for kind in names},
        parameters=parameters,
        names=names,
        flags={one["Name"]: one["Value"] for one in kept if one["Name"] not in made},
    )


def _calls(yard: Running) -> Counter[str]:
    """Calls to AWS so far, by service."""
    logs = [yard.children[name].log.read_bytes() for name in ("worker", "web")]
    return Counter(service.decode() for log in logs for service in _SERVICE.findall(log))
