"""How a test scripts the answers of one AWS service."""

from collections.abc import Callable

from botocore.stub import Stubber

from provisioning.aws.clients import Clients

# Given the name of a client, such as "ssm": clients that have only this one, and the stubber that holds its
# answers.
Script = Callable[[str], tuple[Clients, Stubber]]
