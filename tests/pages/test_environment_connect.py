"""The configuration of an environment to copy or take away, and the links to the AWS console."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from moto import mock_aws

from portal.accounts.models import User
from portal.environments.console import console_link
from provisioning.aws.clients import Clients, Target, clients_for
from provisioning.aws.parameters import create_parameter
from provisioning.lifecycle import StackKind
from provisioning.models import Account, AuditEntry, Environment

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]


@pytest.fixture
def aws_in_process() -> Iterator[Clients]:
    """AWS in this process, where the pages' own clients find it."""
    with mock_aws():
        clients_for.cache_clear()
        yield Clients(Target("us-east-1"))
    clients_for.cache_clear()


@pytest.mark.parametrize(
    ("kind", "physical_id", "region", "link"),
    [
        (
            "AWS::CloudFormation::Stack",
            "arn:aws:cloudformation:us-east-1:1:stack/a/b",
            "us-east-1",
            "https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1#/stacks/stackinfo"
            "?stackId=arn%3Aaws%3Acloudformation%3Aus-east-1%3A1%3Astack%2Fa%2Fb",
        ),
        (
            "AWS::DynamoDB::Table",
            "dev-messages",
            "eu-west-1",
            "https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=dev-messages",
        ),
        (
            "AWS::SSM::Parameter",
            "/a/b",
            "us-east-1",
            "https://us-east-1.console.aws.amazon.com/systems-manager/parameters/%2Fa%2Fb/description"
            "?region=us-east-1&tab=Table",
        ),
        (
            "AWS::Logs::LogGroup",
            "/ecs/a",
            "us-east-1",
            "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
            "#logsV2:log-groups/log-group/$252Fecs$252Fa",
        ),
        (
            "AWS::ECS::Service",
            "arn:aws:ecs:us-east-1:1:service/blue/web",
            "us-east-1",
            "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/blue/services/web/health?region=us-east-1",
        ),
        (
            "AWS::IAM::Role",
            "role-1",
            "cn-north-1",
            "https://cn-north-1.console.amazonaws.cn/iam/home?region=cn-north-1#/roles/details/role-1",
        ),
        (
            "AWS::AutoScaling::AutoScalingGroup",
            "group-1",
            "us-gov-west-1",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/ec2/home?region=us-gov-west-1"
            "#AutoScalingGroupDetails:id=group-1",
        ),
        ("AWS::EC2::SubnetRouteTableAssociation", "x", "us-east-1", ""),
        ("AWS::DynamoDB::Table", "", "us-east-1", ""),
    ],
)
def test_console_links(kind: str, physical_id: str, region: str, link: str) -> None:
    assert console_link(kind, physical_id, region) == link


class TestConnect:
    """The configuration with real names, to copy or to take away."""

    URL = "/environments/hello-erlang/dev-alice/connect/"
    FILES = "/environments/fileshare/dev-files/connect/"

    @pytest.fixture
    def messages(self, dev: Environment) -> Environment:
        """Alice's environment with the names of its tables."""
        rows.outputs(dev, StackKind.DATA, MessagesTableName="real-messages", SessionsTableName="real-sessions")
        return dev

    @pytest.fixture
    def files(self, alice: User, account: Account) -> Environment:
        """An environment of fileshare."""
        return rows.environment(alice, "dev-files", "fileshare")

    def test_hello_erlang_in_all_formats(self, messages: Environment, audrey: User, client_of: ClientOf) -> None:
        text = page(client_of(audrey), self.URL)
        assert "MESSAGES_TABLE=real-messages\n" in text
        assert "export SESSIONS_TABLE=real-sessions\n" in text
        assert "{messages_table, &quot;real-messages&quot;}" in text
        assert "AWS_REGION=us-east-1" in text
        assert "&quot;value&quot;: &quot;real-messages&quot;" in text
        assert "- name: MESSAGES_TABLE" in text
        assert "With secrets" not in text

    def test_fileshare_reads_its_parameters_but_never_shows_a_secret(
        self, files: Environment, alice: User, client_of: ClientOf, aws_in_process: Clients
    ) -> None:
        for key, value, kind in (
            ("use_dynamodb", "false", "String"),
            ("dynamodb_users_table_name", "real-users", "String"),
            ("dynamodb_urls_table_name", "hidden-urls", "SecureString"),
        ):
            create_parameter(aws_in_process, f"/fileshare/dev-files/{key}", value, type=kind, tags={})  # type: ignore[arg-type]  # one of AWS's three words
        text = page(client_of(alice), self.FILES)
        assert "USE_DYNAMODB=false\n" in text
        assert "DYNAMODB_USERS_TABLE_NAME=real-users\n" in text
        assert "hidden-urls" not in text
        assert "is a secret" in text

    def test_aws_away_costs_its_values_not_the_page(
        self, files: Environment, alice: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9")
        clients_for.cache_clear()
        text = page(client_of(alice), self.FILES)
        clients_for.cache_clear()
        assert "Parameters could not be read" in text
        assert "# USE_DYNAMODB: /fileshare/dev-files/use_dynamodb could not be read now." in text
        assert "AWS_REGION=us-east-1" in text

    @pytest.mark.parametrize(
        ("format_", "name", "line"),
        [
            ("dotenv", ".env", "MESSAGES_TABLE=real-messages"),
            ("shell", "env.sh", "export MESSAGES_TABLE=real-messages"),
            ("erlang", "sys.config", '    {messages_table, "real-messages"},'),
        ],
    )
    def test_a_file_is_taken_away_and_written_down(
        self, messages: Environment, bob: User, client_of: ClientOf, *, format_: str, name: str, line: str
    ) -> None:
        response = client_of(bob).get(f"{self.URL}{format_}/")
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'
        assert line in response.content.decode().splitlines()
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.by, entry.environment) == ("deliver_configuration", bob, messages)
        assert entry.detail["format"] == format_
        assert "real-messages" not in str(entry.detail)

    def test_only_formats_that_are_offered(self, files: Environment, alice: User, client_of: ClientOf) -> None:
        page(client_of(alice), f"{self.FILES}pdf/", 404)
        response = client_of(alice).get(f"{self.FILES}erlang/", follow=True)
        assert response.redirect_chain == [(self.FILES, 302)]
        assert "no configuration as erlang" in response.content.decode()
        assert not AuditEntry.objects.exists()

    def test_before_the_data_stack_there_is_nothing_to_connect_to(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        rows.without(dev, *StackKind)
        assert "No configuration yet" in page(client_of(alice), self.URL)
