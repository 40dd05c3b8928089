"""Who calls, and what a role may do, against moto."""

import json
from typing import Any

import pytest

from provisioning.aws import identity
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Denied, Missing

from .scripts import Script

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/dev-messages"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(aws: Clients) -> None:
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    aws.iam.create_role(RoleName="hello", AssumeRolePolicyDocument=trust)


def test_the_caller(aws: Clients) -> None:
    found = identity.caller(aws)
    assert found.account_id == "123456789012"
    assert found.arn.startswith("arn:aws:sts::123456789012:")


def test_credentials_that_are_not_accepted(script: Script) -> None:
    aws, answers = script("sts")
    answers.add_client_error("get_caller_identity", "InvalidClientTokenId", "invalid", 403)
    with pytest.raises(Denied) as denied:
        identity.caller(aws)
    assert denied.value.credentials


def test_a_role_may_what_its_own_and_its_attached_policies_say(aws: Clients) -> None:
    role(aws)
    assert identity.role_permissions(aws, "hello") == ()
    read = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": TABLE}
    aws.iam.put_role_policy(RoleName="hello", PolicyName="read", PolicyDocument=policy(read))
    keep_out = {"Effect": "Deny", "NotAction": "ssm:*", "NotResource": [TABLE]}
    attached = aws.iam.create_policy(PolicyName="out", PolicyDocument=policy(keep_out))["Policy"]["Arn"]
    aws.iam.attach_role_policy(RoleName="hello", PolicyArn=attached)
    assert identity.role_permissions(aws, "hello") == (
        identity.Statement("Allow", ("dynamodb:GetItem", "dynamodb:Query"), (TABLE,), "read"),
        identity.Statement("Deny", ("!ssm:*",), (f"!{TABLE}",), "out"),
    )


def test_the_version_in_force_is_read(aws: Clients) -> None:
    role(aws)
    old = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    new = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    arn = aws.iam.create_policy(PolicyName="files", PolicyDocument=policy(old))["Policy"]["Arn"]
    aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(new), SetAsDefault=True)
    aws.iam.attach_role_policy(RoleName="hello", PolicyArn=arn)
    assert [one.actions for one in identity.role_permissions(aws, "hello")] == [("s3:GetObject",)]


def test_a_lone_statement_need_not_be_in_a_list(aws: Clients) -> None:
    role(aws)
    lone = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    aws.iam.put_role_policy(RoleName="hello", PolicyName="lone", PolicyDocument=lone)
    assert identity.role_permissions(aws, "hello") == (identity.Statement("Allow", ("s3:*",), ("*",), "lone"),)


def test_no_such_role(aws: Clients) -> None:
    with pytest.raises(Missing):
        identity.role_permissions(aws, "nobody")
