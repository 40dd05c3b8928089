"""What AWS's bill calls the service of a resource, so that our own reckoning has the same words."""

from collections.abc import Mapping

_BY_PREFIX: Mapping[str, str] = {
    "AWS::DynamoDB::": "Amazon DynamoDB",
    "AWS::ElasticLoadBalancingV2::": "Amazon Elastic Load Balancing",
    "AWS::AutoScaling::": "Amazon Elastic Compute Cloud",
    "AWS::EC2::": "Amazon Elastic Compute Cloud",
    "AWS::ECS::": "Amazon Elastic Container Service",
    "AWS::CloudWatch::": "AmazonCloudWatch",
    "AWS::Logs::": "AmazonCloudWatch",
    "AWS::SSM::": "AWS Systems Manager",
}
TABLES = _BY_PREFIX["AWS::DynamoDB::"]
OTHER = "Other"


def service_of(resource_type: str) -> str:
    """The service that a resource of this CloudFormation type is billed under."""
    return next((name for prefix, name in _BY_PREFIX.items() if resource_type.startswith(prefix)), OTHER)
