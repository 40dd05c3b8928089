"""AWS's error codes, sorted by what they mean for the caller.

Written without the suffix "Exception", which the same error has in some services and spellings only (S28).
"""

from typing import Literal

ConflictKind = Literal["exists", "in_use", "protected", "changed", "token_used"]

MISSING = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "ActiveInstanceRefreshNotFound",
        "BackupNotFound",
        "ChangeSetNotFound",
        "ClusterNotFound",
        "IndexNotFound",
        "LoadBalancerNotFound",
        "NoSuchEntity",
        "OperationNotFound",
        "ParameterNotFound",
        "ParameterVersionNotFound",
        "QueueDoesNotExist",
        "ResourceNotFound",
        "ServiceNotFound",
        "StackNotFound",
        "TableNotFound",
        "TargetGroupNotFound",
    }
)

CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignature",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClient",
    }
)

DENIED = frozenset(
    {
        "AccessDenied",
        "KmsAccessDenied",
        "NotAuthorized",
        "OptInRequired",
        "RegionDisabled",
        "Unauthorized",
        "UnauthorizedOperation",
    }
)

# CloudFormation's LimitExceeded is a quota, though botocore retries it as a throttle (K3).
QUOTAS = frozenset(
    {
        "AddressLimitExceeded",
        "InstanceLimitExceeded",
        "LimitExceeded",
        "ParameterLimitExceeded",
        "ParameterMaxVersionLimitExceeded",
        "ServiceQuotaExceeded",
        "TooManyLoadBalancers",
        "TooManyTargetGroups",
        "VcpuLimitExceeded",
        "VpcLimitExceeded",
    }
)

CONFLICTS: dict[str, ConflictKind] = {
    "AlreadyExists": "exists",
    "EntityAlreadyExists": "exists",
    "NameAlreadyExists": "exists",
    "ParameterAlreadyExists": "exists",
    "TableAlreadyExists": "exists",
    "BackupInUse": "in_use",
    "DeleteConflict": "in_use",
    "InstanceRefreshInProgress": "in_use",
    "OperationInProgress": "in_use",
    "ResourceInUse": "in_use",
    "TableInUse": "in_use",
    "TransactionConflict": "in_use",
    "ConditionalCheckFailed": "changed",
    "StaleRequest": "changed",
    "IdempotentParameterMismatch": "token_used",
    "TokenAlreadyExists": "token_used",
}

# Every code that botocore itself would try again is in here or in FAULTS; a test walks its tables (K2).
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "ConcurrentResourcesLimitExceeded",
        "EC2Throttled",
        "KmsThrottled",
        "OverLimit",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ReplicatedWriteConflict",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttled",
        "Throttling",
        "TooManyRequests",
        "TooManyUpdates",
        "TransactionInProgress",
    }
)

FAULTS = frozenset(
    {
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "InternalServer",
        "InternalServerError",
        "InternalServiceError",
        "RequestTimeout",
        "Server",
        "ServiceUnavailable",
        "Unavailable",
    }
)
