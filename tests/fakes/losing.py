"""A client of DynamoDB whose answers are lost."""

from typing import Any

from botocore.exceptions import ReadTimeoutError

from .as_aws import AsAws


class Lost:
    """Stands before a client: the next write lands, or does not, and its answer is lost either way."""

    def __init__(self, client: AsAws, *, lands: bool, blind: bool = False) -> None:
        self.client, self.lands, self.blind = client, lands, blind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def update_item(self, **request: Any) -> Any:
        """Lost on the way, there or back."""
        if self.lands:
            self.client.update_item(**request)
        self.lost = True
        raise ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")

    def get_item(self, **request: Any) -> Any:
        """What is there; nothing is seen either while it is `blind` and something was lost."""
        if self.blind and getattr(self, "lost", False):
            raise ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")
        return self.client.get_item(**request)
