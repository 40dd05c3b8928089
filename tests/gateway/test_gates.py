"""The gate that every call to CloudFormation passes, on botocore's own clients."""

from dataclasses import dataclass, field

import pytest

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients, call_count
from provisioning.aws.errors import AwsError, Busy
from provisioning.aws.identity import caller

EMPTY = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


@dataclass(frozen=True)
class Gate:
    """Writes down what passes; closed, it lets nothing out."""

    name: str
    closed: bool = False
    passed: list[str] = field(default_factory=list, compare=False)

    def enter(self, operation: str, *, page: bool) -> None:
        if self.closed:
            raise Busy("", reason="budget", again_in=4.0, service="cloudformation", operation=operation)
        self.passed.append(f"{operation} page" if page else operation)

    def left(self, operation: str, code: str) -> None:
        self.passed.append(f"{operation} {code}".strip())


def test_every_call_passes_once_with_how_it_went(aws: Clients) -> None:
    gate = Gate("a")
    behind = aws.behind(gate)
    cloudformation.list_stacks(behind, ["CREATE_COMPLETE"])
    with pytest.raises(AwsError):
        cloudformation.describe_change_set(behind, "arn:aws:cloudformation:us-east-1:123456789012:changeSet/none/1")
    assert gate.passed == ["ListStacks", "ListStacks", "DescribeChangeSet", "DescribeChangeSet ValidationError"]


def test_every_page_passes(aws: Clients) -> None:
    for number in range(51):
        aws.cloudformation.create_stack(StackName=f"s{number}", TemplateBody=EMPTY)
    gate = Gate("a")
    pages = list(aws.behind(gate).cloudformation.get_paginator("describe_stacks").paginate())
    assert [len(page["Stacks"]) for page in pages] == [50, 1]
    first, second = ["DescribeStacks", "DescribeStacks"], ["DescribeStacks page", "DescribeStacks"]
    assert gate.passed == first + second


def test_a_closed_gate_lets_nothing_out_and_its_error_through(aws: Clients) -> None:
    behind, before = aws.behind(Gate("a", closed=True)), call_count("cloudformation")
    with pytest.raises(Busy) as caught:
        cloudformation.list_stacks(behind, ["CREATE_COMPLETE"])
    assert (caught.value.reason, caught.value.again_in) == ("budget", 4.0)
    assert call_count("cloudformation") == before


def test_the_clients_in_front_and_other_services_have_no_gate(aws: Clients) -> None:
    gate = Gate("a")
    behind = aws.behind(gate)
    assert behind.cloudformation is not aws.cloudformation
    assert behind.sts is aws.sts
    caller(behind)
    cloudformation.list_stacks(aws, ["CREATE_COMPLETE"])
    assert gate.passed == []


def test_equal_gates_share_a_client_and_others_have_their_own(aws: Clients) -> None:
    one, same, other = Gate("a"), Gate("a"), Gate("b")
    assert aws.behind(one) is aws.behind(same)
    cloudformation.list_stacks(aws.behind(same), ["CREATE_COMPLETE"])
    cloudformation.list_stacks(aws.behind(other), ["CREATE_COMPLETE"])
    assert (one.passed, other.passed) == (["ListStacks"] * 2, ["ListStacks"] * 2)
    assert same.passed == []


def test_a_client_that_was_not_scripted_is_not_there_behind_a_gate_either() -> None:
    behind = Clients.of(sts=object()).behind(Gate("a"))
    with pytest.raises(LookupError, match="cloudformation"):
        _ = behind.cloudformation
