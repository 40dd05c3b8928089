"""Who calls, and what a role may do, against moto."""

import json
from typing import Any

import pytest

from provisioning.aws import identity
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Denied, Missing
from provisioning.aws.recalling import Recall, Recalling

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


def test_only_the_policies_that_grant_a_service_are_read(script: Script) -> None:
    aws, answers = script("iam")
    arn, attached = "arn:aws:iam::123456789012:role/hello", "arn:aws:iam::123456789012:policy/tables"
    allow = {"Statement": {"Effect": "Allow", "Action": "dynamodb:*", "Resource": TABLE}}
    asked = {"Arn": arn, "ServiceNamespaces": ["dynamodb"]}
    inline = {"PolicyName": "own", "PolicyType": "INLINE", "EntityType": "ROLE", "EntityName": "hello"}
    managed = {"PolicyName": "tables", "PolicyType": "MANAGED", "PolicyArn": attached}
    question = "list_policies_granting_service_access"
    first = {"PoliciesGrantingServiceAccess": [{"Policies": [inline]}], "IsTruncated": True, "Marker": "more"}
    answers.add_response(question, first, asked)
    answers.add_response(
        question, {"PoliciesGrantingServiceAccess": [{"Policies": [managed]}]}, asked | {"Marker": "more"}
    )
    own = {"RoleName": "hello", "PolicyName": "own", "PolicyDocument": json.dumps(allow)}
    answers.add_response("get_role_policy", own, {"RoleName": "hello", "PolicyName": "own"})
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": json.dumps(allow)}
    answers.add_response("get_policy_version", {"PolicyVersion": version}, {"PolicyArn": attached, "VersionId": "v1"})
    found = identity.service_permissions(aws, arn, "dynamodb")
    assert [one.source for one in found] == ["own", "tables"]
    answers.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAction"])
def test_where_nobody_says_which_policies_grant_a_service_all_are_read(script: Script, code: str) -> None:
    """The right is missing, or the endpoint does not know the question, as the local AWS does not: asked once."""
    aws, answers = script("iam")
    arn, names = "arn:aws:iam::123456789012:role/hello", {"RoleName": "hello"}
    answers.add_client_error("list_policies_granting_service_access", code, "no", 403)
    for _ in range(2):
        answers.add_response("list_role_policies", {"PolicyNames": []}, names)
        answers.add_response("list_attached_role_policies", {"AttachedPolicies": []}, names)
    assert identity.service_permissions(aws, arn, "dynamodb") == ()
    assert identity.service_permissions(aws, arn, "dynamodb") == ()
    answers.assert_no_pending_responses()


def test_what_one_tick_learnt_the_next_ones_know(script: Script) -> None:
    """Each tick has clients of its own in front of those of the process; AWS's own policies are read once, too."""
    aws, answers = script("iam")
    arn, names = "arn:aws:iam::123456789012:role/hello", {"RoleName": "hello"}
    shared = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    answers.add_client_error("list_policies_granting_service_access", "InvalidAction", "no", 400)
    for tick in range(2):
        answers.add_response("list_role_policies", {"PolicyNames": []}, names)
        answers.add_response("list_attached_role_policies", {"AttachedPolicies": [{"PolicyArn": shared}]}, names)
        if not tick:
            version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": json.dumps({"Statement": []})}
            answers.add_response(
                "get_policy_version", {"PolicyVersion": version}, {"PolicyArn": shared, "VersionId": "v1"}
            )
        assert identity.service_permissions(Recalling(aws, Recall({})), arn, "dynamodb") == ()
    answers.assert_no_pending_responses()
