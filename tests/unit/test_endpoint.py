"""What counts as an emulator: demo people and easier checks are for those alone."""

import pytest

from provisioning.aws.endpoint import is_emulator


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://localstack:4566", "https://amazonaws.com.example.org"]
)
def test_an_emulator(url: str) -> None:
    assert is_emulator(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://dynamodb.eu-west-1.amazonaws.com",
        "https://AMAZONAWS.COM.",
        "https://vpce-1-abc.cloudformation.us-east-1.vpce.amazonaws.com",
        "https://sts.cn-north-1.amazonaws.com.cn",
        "https://lambda.us-east-1.api.aws",
    ],
)
def test_aws_itself(url: str) -> None:
    assert not is_emulator(url)
