"""AWS's reasons in plain words: each row against sentences as AWS writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.planning.reasons import ADMINISTRATOR, AWS, OWNER, YOU, codes, consequence, explain, reason_of

HANDLER = 'Resource handler returned message: "{}" (RequestToken: 0701da14-c43f-de88, HandlerErrorCode: {})'
DENIED = "User: arn:aws:sts::123456789012:assumed-role/cfn/AWSCloudFormation is not authorized to perform: {}"


def handler(text: str, code: str = "GeneralServiceException") -> str:
    """As the newer resource types say it."""
    return HANDLER.format(text, code)


SENTENCES = {
    "throttled": [
        "Rate exceeded (Service: AmazonIdentityManagement; Status Code: 400; Error Code: Throttling; Request ID: 7f)",
        "Request limit exceeded. (Service: AmazonEC2; Status Code: 503; Error Code: RequestLimitExceeded)",
        handler("Too Many Requests (Service: ApiGatewayV2, Status Code: 429)", "Throttling"),
    ],
    "credentials": [
        "The security token included in the request is expired (Service: AmazonEC2; Error Code: ExpiredToken)",
        handler("The security token included in the request is invalid", "InvalidCredentials"),
    ],
    "pass-role": [
        DENIED.format("iam:PassRole on resource: arn:aws:iam::123456789012:role/task because no identity-based policy"),
    ],
    "tag-policy": ["The tag policy does not allow the specified value for the following tag key: 'Environment'."],
    "hook": [
        "The following hook(s) failed: [Company::Checks::Encryption]",
        "Hook failed with message: buckets are encrypted here",
    ],
    "explicit-deny": [
        DENIED.format("dynamodb:CreateTable with an explicit deny in a service control policy"),
        handler("Access denied: explicit deny in an identity-based policy", "AccessDenied"),
    ],
    "service-role": [
        "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
    ],
    "permission": [
        DENIED.format("dynamodb:CreateTable on resource: arn:aws:dynamodb:eu-west-1:123456789012:table/a"),
        "API: ec2:CreateSecurityGroup You are not authorized to perform this operation. Encoded authorization failure",
        handler("Access Denied (Service: S3, Status Code: 403)", "AccessDenied"),
        "AccessDeniedException. User doesn't have permission to call ssm:PutParameter",
    ],
    "account-blocked": [
        "Your request for accessing resources in this region is being validated; PendingVerification",
        "This account is currently blocked and not recognized as a valid account.",
    ],
    "capabilities": ["Requires capabilities : [CAPABILITY_NAMED_IAM]"],
    "stack-policy": [
        "Action denied by stack policy: Statement [#1] does not allow [Update:Replace] for resource [MessagesTable];",
    ],
    "protected": [
        handler("Resource cannot be deleted as it is currently protected against deletion. Disable it"),
        "Load balancer 'arn:aws:elasticloadbalancing:…' cannot be deleted because deletion protection is enabled",
    ],
    "one-index": [
        "Cannot perform more than one GSI creation or deletion in a single update",
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    ],
    "custom-named": [
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename a and update the"
        " stack again.",
    ],
    "bucket-not-empty": ["The bucket you tried to delete is not empty (Service: S3; Error Code: BucketNotEmpty)"],
    "export-missing": ["No export named hello-erlang-data-dev-MessagesTable found. Rollback requested by user."],
    "export-in-use": [
        "Export hello-erlang-data-dev-Arn cannot be deleted as it is in use by hello-erlang-dev",
        "Cannot delete export hello-erlang-data-dev-Arn as it is in use by hello-erlang-dev.",
    ],
    "key-pair": [
        "The key pair 'mine' does not exist (Service: AmazonEC2; Error Code: InvalidKeyPair.NotFound)",
    ],
    "image-missing": [
        "The image id '[ami-0abc]' does not exist (Service: AmazonEC2; Error Code: InvalidAMIID.NotFound)",
        handler("AMI ami-0abc not found", "InvalidRequest"),
    ],
    "image-pull": [
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 1.dkr.ecr",
        "CannotPullContainerError: Error response from daemon: manifest for nginx:nope not found",
    ],
    "group-network": [
        "The security group 'sg-0abc' does not exist in VPC 'vpc-1' (Error Code: InvalidGroup.NotFound)",
        "Security group sg-0abc and subnet subnet-1 belong to different networks. (Error Code: InvalidParameter)",
        "One or more security groups are invalid",
    ],
    "zones": [
        "At least two subnets in two different Availability Zones must be specified (Error Code: ValidationError)",
        "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    ],
    "subnet-network": [
        "The subnets subnet-1, subnet-2 do not belong to VPC vpc-1",
        "All subnets must belong to the same VPC: 'vpc-1'",
    ],
    "network-missing": [
        "The vpc ID 'vpc-0abc' does not exist (Service: AmazonEC2; Error Code: InvalidVpcID.NotFound)",
        "The subnet ID 'subnet-0abc' does not exist (Error Code: InvalidSubnetID.NotFound)",
        "The VPC vpc-1 does not exist",
    ],
    "parameter-missing": [
        "Unable to fetch parameters [/aws/service/ami-amazon-linux-latest/nope] from parameter store for this account.",
    ],
    "role-not-ready": [
        "Value (profile) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        "ECS was unable to assume the role 'arn:aws:iam::1:role/task' that was provided for this task.",
        "The role defined for the function cannot be assumed by Lambda.",
    ],
    "instance-type": [
        "Your requested instance type (t3.nano) is not supported in your requested Availability Zone (us-east-1e).",
    ],
    "limit": [
        "The maximum number of VPCs has been reached. (Service: AmazonEC2; Error Code: VpcLimitExceeded)",
        "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket",
        handler("The maximum number of load balancers has been reached", "ServiceLimitExceeded"),
        "Resource limit exceeded. (Service: AWSLogs; Status Code: 400; Error Code: LimitExceededException)",
        "Cannot exceed quota for PoliciesPerRole: 10",
    ],
    "capacity": [
        "We currently do not have sufficient t3.large capacity in the Availability Zone you requested (us-east-1a).",
        "Launching a new EC2 instance failed: InsufficientInstanceCapacity",
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
    ],
    "name-taken": [
        "dev-hello-erlang-messages already exists in stack arn:aws:cloudformation:eu-west-1:1:stack/other/1",
        handler("Resource of type 'AWS::DynamoDB::Table' with identifier 'a' already exists.", "AlreadyExists"),
        "EntityAlreadyExists: Role with name task already exists.",
    ],
    "circuit-breaker": [handler("Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.")],
    "unhealthy": [
        "Service arn:aws:ecs:eu-west-1:1:service/a did not stabilize.",
        handler("Exceeded attempts to wait", "NotStabilized"),
        "Failed to receive 1 resource signal(s) within the specified duration",
        "Group did not stabilize: 1 unhealthy target",
    ],
    "busy": [
        "Attempt to change a resource which is still in use: Table is being created: a (Error Code: ResourceInUse)",
        "ConcurrentModificationException: try again",
    ],
    "in-use": [
        "resource sg-0abc has a dependent object (Service: AmazonEC2; Error Code: DependencyViolation)",
        "Network interface 'eni-1' is currently in use. (Error Code: InvalidParameterValue)",
        "Cannot delete entity, must detach all policies first. (Error Code: DeleteConflict)",
    ],
    "not-updatable": [
        handler("Updates to properties KeySchema are not allowed on a table", "NotUpdatable"),
        "Update to resource type AWS::EC2::Thing is not supported",
    ],
    "not-found": [handler("Log group arn:a was not found", "NotFound"), "The specified hosted zone does not exist."],
    "invalid": [
        "Properties validation failed for resource Table with message: #: extraneous key [Nope] is not permitted",
        "Value (a) for parameter cidrIp is invalid. Must be a CIDR",
        "1 validation error detected: Value '' at 'tableName' failed to satisfy constraint (ValidationException)",
        "Encountered unsupported property Nope",
    ],
    "aws-fault": ["Internal Failure", handler("Something went wrong", "ServiceInternalError"), "ServiceUnavailable"],
    "timed-out": ["Resource timed out waiting for completion (RequestToken: 1)"],
}
TURNS = {
    "limit": ADMINISTRATOR,
    "permission": ADMINISTRATOR,
    "pass-role": ADMINISTRATOR,
    "explicit-deny": ADMINISTRATOR,
    "credentials": ADMINISTRATOR,
    "key-pair": YOU,
    "subnet-network": YOU,
    "capacity": YOU,
    "one-index": OWNER,
    "custom-named": OWNER,
    "aws-fault": AWS,
}


@pytest.mark.parametrize(
    ("code", "sentence"), [(code, sentence) for code, sentences in SENTENCES.items() for sentence in sentences]
)
def test_a_sentence_of_aws_is_understood(code: str, sentence: str) -> None:
    meaning = explain(sentence)
    assert meaning is not None
    assert meaning.code == code
    assert not consequence(sentence)


def test_every_reason_has_a_sentence_of_aws_and_words_for_people() -> None:
    assert set(codes()) == set(SENTENCES)
    assert len(codes()) == len(set(codes())) >= 30
    for code in codes():
        meaning = reason_of(code)
        assert meaning.because[0].islower() or meaning.because.startswith(("AWS", "CloudFormation")), code
        assert not meaning.because.endswith("."), code
        assert meaning.hint[0].isupper(), code
        assert meaning.hint.endswith("."), code
        assert meaning.turn in {YOU, ADMINISTRATOR, OWNER, AWS}, code


@pytest.mark.parametrize(("code", "turn"), TURNS.items())
def test_whose_turn_it_is(code: str, turn: str) -> None:
    assert reason_of(code).turn == turn


@pytest.mark.parametrize(
    "reason",
    [
        "Resource creation cancelled",
        "Resource update cancelled",
        "Resource deletion cancelled.",
        "resource creation Cancelled",
        "Cancelled because another resource failed",
        "The resource creation was cancelled because LoadBalancer failed",
        "Update canceled",
    ],
)
def test_noise_is_a_consequence(reason: str) -> None:
    assert consequence(reason)


@pytest.mark.parametrize("reason", ["", "User Initiated", "The order was cancelled by the bank", "Limit exceeded"])
def test_a_cause_is_none(reason: str) -> None:
    assert not consequence(reason)


def test_what_nobody_has_put_into_words_is_unknown() -> None:
    assert explain("The moon is in the seventh house") is None
    assert explain("") is None


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    meaning = explain(text)
    assert meaning is None or meaning.because
    consequence(text)
