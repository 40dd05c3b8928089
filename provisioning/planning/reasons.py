"""AWS's reasons for a failure in plain words: what it means, whose turn it is, what to do about it (S25).

Pure. The table is read from the top and the first that fits counts, so what is said precisely stands above what is
said vaguely: "not authorized to perform: iam:PassRole" is about passing a role before it is about a missing right.
"""

import re
from dataclasses import dataclass

YOU, ADMINISTRATOR, OWNER, AWS = "you", "an administrator", "the template's owner", "AWS"
_CONSEQUENCE = re.compile(r"(the )?(resource )?((creation|update|deletion|import) )?(was )?cancell?ed\b", re.IGNORECASE)


@dataclass(frozen=True)
class Reason:
    """What a failure means. `because` ends a sentence ("…: the name is taken"), `hint` is a sentence of its own, `turn`
    is one of you, an administrator, the template's owner, AWS."""

    code: str
    because: str
    hint: str
    turn: str = YOU


def _row(code: str, pattern: str, because: str, hint: str, turn: str = YOU) -> tuple[re.Pattern[str], Reason]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), Reason(code, because, hint, turn)


_ROWS = (
    # Who may do it.
    _row(
        "throttled",
        r"rate exceeded|throttl|requestlimitexceeded|request limit exceeded|too ?many ?requests",
        "AWS was asked for too much at once",
        "Nothing is wrong with the request: retry in a few minutes.",
    ),
    _row(
        "credentials",
        r"security token included in the request is (expired|invalid)|expiredtoken|token has expired|invalidclienttoken"
        r"|handlererrorcode: invalidcredentials",
        "the credentials that CloudFormation worked with have expired",
        "Give CloudFormation a role of its own (AWS_EXECUTION_ROLE_ARN), so that it outlives a session; then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "pass-role",
        r"iam:passrole",
        "CloudFormation may not hand that role to the service that needs it",
        "Grant iam:PassRole on the role to CloudFormation's role, then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "tag-policy",
        r"tag ?polic(y|ies)",
        "its tags are against the organisation's tag policy",
        "Allow these values in the tag policy, or change the stage's tags; then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "hook",
        r"hook\(?s?\)? failed|failed hook|hook .*(denied|failed|rejected)",
        "a check of your organisation does not let it through",
        "Read what the check says below. It has to be met by the template, or changed by whoever owns it; then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "explicit-deny",
        r"explicit deny",
        "a policy of the account or the organisation forbids it",
        "Find the policy that denies it (often a service control policy), and change it or the template; then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "service-role",
        r"service[- ]linked role",
        "a role that AWS itself needs is missing in this account",
        "Create the service-linked role once in this account, then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "permission",
        r"not authorized|unauthorized|access ?denied|no identity-based policy|accessdeniedexception",
        "CloudFormation lacks a right that this needs",
        "Grant the right that AWS names below to CloudFormation's role, then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "account-blocked",
        r"optinrequired|not subscribed|account is currently blocked|pending ?verification|currently being verified",
        "AWS has not opened this service for the account yet",
        "Finish what AWS asks of the account (subscription, verification), then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "capabilities",
        r"requires capabilities|insufficientcapabilities",
        "the template makes rights, and its blueprint does not allow that",
        "Add the capability to the blueprint, or take the named role out of the template.",
        OWNER,
    ),
    # What holds data, and what protects it.
    _row(
        "stack-policy",
        r"denied by stack policy",
        "the stack's policy protects it",
        "Switch the protection of this environment off knowingly first, then ask again.",
    ),
    _row(
        "protected",
        r"deletion ?protection|protected against deletion|terminationprotection",
        "it is protected against deletion",
        "Switch the protection off knowingly first, then retry.",
    ),
    _row(
        "one-index",
        r"more than one (gsi|index)|only 1 online index|subscriber limit exceeded: only 1",
        "AWS changes one index of a table at a time",
        "Change the indexes one after the other: one in this change, the next in another.",
        OWNER,
    ),
    _row(
        "custom-named",
        r"custom-named resource requires replacing",
        "it has a fixed name and would have to be replaced, which AWS refuses",
        "Give it another name in the template, or take the edit back that needs a new one.",
        OWNER,
    ),
    _row(
        "bucket-not-empty",
        r"bucket.*not empty|bucketnotempty",
        "the bucket still holds files",
        "Look at what is in the bucket and empty it knowingly, then retry.",
    ),
    # What the two stacks need of each other.
    _row(
        "export-missing",
        r"no export named",
        "the data stack does not offer what the compute stack asks for",
        "Create or update the data stack first; the compute stack uses its exports.",
    ),
    _row(
        "export-in-use",
        r"export .* as it is in use by|cannot be (updated|deleted|removed).* in use by|is imported by",
        "another stack uses what it exports",
        "Delete or update the stack that uses it first, then retry.",
    ),
    # What it is told to use.
    _row(
        "key-pair",
        r"key ?pair",
        "the key pair is not there",
        "Choose a key pair that exists in this region, then send the request again.",
    ),
    _row(
        "image-missing",
        r"image id.*(does not|doesn't) exist|invalidamiid|\bami\b.*(does not exist|not found|no longer)"
        r"|image.*ami-\w+.*(not exist|not found)",
        "the machine image is not there any more",
        "Choose an image that exists in this region, then send the request again.",
    ),
    _row(
        "image-pull",
        r"cannotpullcontainer|pull image|imagenotfound|repositorynotfound|manifest (unknown|for .* not found)"
        r"|failed to resolve ref",
        "the container image could not be pulled",
        "Check that the image and its tag exist, and that the task may read the registry and reach it; then retry.",
    ),
    _row(
        "group-network",
        r"security group.*(does not exist in vpc|different (vpc|network)|not in the same|belong)|belong to different"
        r" networks|invalidgroup\.notfound|security groups? (is|are) (invalid|not valid)",
        "the security group belongs to another network than the subnets",
        "Choose subnets and security groups of one VPC, then send the request again.",
    ),
    _row(
        "zones",
        r"at least two subnets|multiple subnets in the same availability zone|two different availability zones",
        "the subnets do not lie in two availability zones",
        "Choose two subnets in different availability zones, then send the request again.",
    ),
    _row(
        "subnet-network",
        r"subnets?\b.*(different vpc|not in (the )?(same )?vpc|(does|do) not belong|not part of|same vpc)"
        r"|all subnets must belong",
        "the subnets do not belong to the chosen VPC",
        "Choose subnets of that VPC, then send the request again.",
    ),
    _row(
        "network-missing",
        r"(vpc|subnet)( id)?s? ['\[]?(vpc|subnet)-\w+.*(do(es)? not exist|not found)"
        r"|invalid(vpc|subnet)(id)?\.?notfound|invalidsubnet\b",
        "the VPC or a subnet is not there any more",
        "Choose a VPC and subnets that exist in this region, then send the request again.",
    ),
    _row(
        "parameter-missing",
        r"unable to fetch parameters|parameternotfound|ssm parameter.*(not found|does not exist)"
        r"|parameter store.*not found",
        "a parameter that it reads from Parameter Store is not there",
        "Create the parameter that AWS names below, then retry.",
    ),
    _row(
        "role-not-ready",
        r"instance profile|unable to assume|cannot be assumed|role .*(cannot be found|not be found|is invalid)",
        "the role that it needs is not there yet, or may not be used by this service",
        "AWS sometimes needs a minute for a new role: retry. If it fails again, the role's trust has to be mended.",
    ),
    # What AWS has, and how much of it.
    _row(
        "instance-type",
        r"instance type.*not supported|unsupported instance type|does not support.*instance type"
        r"|\bunsupported\b.*availability zone",
        "that type of machine does not exist in the chosen zone",
        "Choose another size, or subnets in another availability zone; then send the request again.",
    ),
    _row(
        "limit",
        r"limit ?exceeded|vcpu limit|maximum (number|limit) of|limit (of|for) .*(reached|exceeded)|exceed(s|ed)?.*limit"
        r"|exceed(s|ed)?.*quota|quota ?exceeded|service quota|has been reached"
        r"|handlererrorcode: servicelimitexceeded|\blimit of \d+",
        "a limit of this AWS account is reached",
        "Raise the limit in AWS Service Quotas, or free some of it; then retry.",
        ADMINISTRATOR,
    ),
    _row(
        "capacity",
        r"insufficient ?(instance)? ?capacity|sufficient .*capacity|capacity is unavailable|no capacity"
        r"|capacityunavailable|out of capacity",
        "AWS has no machine of that size free in that zone now",
        "Retry later, or choose another size or availability zone.",
    ),
    _row(
        "name-taken",
        r"already ?exists|alreadyexists|duplicateloadbalancername|alreadyownedbyyou|already (been )?taken"
        r"|already in use by another|name is taken",
        "its name is taken already",
        "Adopt or remove what has the name, then retry.",
    ),
    # How it came up.
    _row(
        "circuit-breaker",
        r"circuit breaker",
        "its tasks kept failing, so ECS gave the deployment up",
        "Look at why the tasks stopped (their logs, the image, the health check), mend that, then retry.",
    ),
    _row(
        "unhealthy",
        r"stabili[sz]|unhealthy|health ?check|success signal|resource signal|exceeded attempts to wait",
        "it did not become healthy in time",
        "Look at its own logs and at the health check, mend what keeps it from starting, then retry.",
    ),
    _row(
        "busy",
        r"resourceinuseexception|still in use|table is being (created|updated|deleted)|resource is busy"
        r"|concurrent ?modification|operation is in progress",
        "something else was working on it at that moment",
        "Let the other work on it end, then retry.",
    ),
    _row(
        "in-use",
        r"dependent object|dependencyviolation|has dependencies|currently in use|deleteconflict|cannot delete entity"
        r"|must (detach|remove|delete).*first|is in use|resourceinuse|mapped public address",
        "something outside this stack still uses it",
        "Remove what uses it (a network interface, a rule, an attached policy), then retry.",
    ),
    # What the template says.
    _row(
        "not-updatable",
        r"notupdatable|create-?only|(update|updates).*(not (allowed|supported|permitted))|cannot be updated|immutable",
        "AWS cannot change that on something that is there already",
        "Take the edit back, or let the template make a new one beside it.",
        OWNER,
    ),
    _row(
        "not-found",
        r"handlererrorcode: notfound|notfoundexception|does not exist|not found|no such",
        "something that it refers to is not there",
        "Check the names and ids that were chosen, then send the request again.",
    ),
    _row(
        "invalid",
        r"handlererrorcode: invalidrequest|validation ?(error|exception|failed)|invalidparameter|invalid request"
        r"|invalid (value|parameter|property|type)|is not (a )?valid|unsupported property|extraneous key|malformed"
        r"|model validation failed|cannot be empty|required property|value .* for parameter",
        "AWS does not take one of its values",
        "Correct the value that AWS names below, in the request or in the template; then send it again.",
    ),
    _row(
        "aws-fault",
        r"internal ?(failure|error|server ?error)|serviceinternalerror|service ?unavailable|networkfailure"
        r"|generalserviceexception|unexpected error|unknown error",
        "AWS had a fault of its own",
        "Retry in a while. If it fails again, look at the AWS Health Dashboard.",
        AWS,
    ),
    _row(
        "timed-out",
        r"timed? ?out",
        "it took longer than AWS waits for it",
        "Look at what keeps it busy, then retry.",
    ),
)


def explain(reason: str) -> Reason | None:
    """What AWS's reason means, or None for one that nobody has put into words yet."""
    return next((meaning for pattern, meaning in _ROWS if pattern.search(reason)), None)


def reason_of(code: str) -> Reason:
    """The words for a reason that is known by other means than its text. Raises KeyError."""
    return {meaning.code: meaning for _, meaning in _ROWS}[code]


def consequence(reason: str) -> bool:
    """Whether a resource failed only because another one had failed before it (S25)."""
    return _CONSEQUENCE.match(reason.strip()) is not None


def codes() -> tuple[str, ...]:
    """Every reason that has words, in the order in which they are tried."""
    return tuple(meaning.code for _, meaning in _ROWS)
