"""The scripted AWS and the local AWS side by side, for the tests that hold them to the same answers."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fakes.aws import FakeAws

from bench.running import until
from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation import ChangeSet, ImportTarget, StackState
from provisioning.aws.cloudformation.change_sets import ChangeSetKind
from provisioning.lifecycle import stack_status

FAKE, EMULATOR = "fake", "emulator"
TEMPLATE = """
Parameters:
  Name: {Type: String}
  Protection: {Type: String, Default: 'false'}
Conditions:
  Protected: !Equals [!Ref Protection, 'true']
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub '${Name}-things'
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: !If [Protected, true, false]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: until, Enabled: true}
  Pointer:
    Type: AWS::SSM::Parameter
    Properties: {Name: !Sub '/${Name}/table', Type: String, Value: !Ref Things}
Outputs:
  Table: {Value: !Ref Things, Description: the table, Export: {Name: !Sub '${AWS::StackName}-Table'}}
  Arn: {Value: !GetAtt Things.Arn}
"""


@dataclass
class Side:
    """One of the two, with a name that no other test uses; `fake` is the scripted one, when it is that one."""

    kind: str
    aws: Clients
    name: str
    fake: FakeAws | None = None

    def plan(
        self,
        kind: ChangeSetKind,
        body: str = TEMPLATE,
        *,
        stack: str = "",
        token: str = "",
        targets: Sequence[ImportTarget] = (),
        tags: Mapping[str, str] | None = None,
        **values: str,
    ) -> ChangeSet:
        """A change set, once it is made; unless other `tags` are given, one that imports into a new stack has none."""
        token = token or f"plan-{uuid.uuid4().hex[:8]}"
        ref = cloudformation.create_change_set(
            self.aws,
            stack=stack or self.name,
            change_set_name=token,
            kind=kind,
            template_body=body,
            parameters={"Name": self.name} | values,
            tags=({} if targets else {"EnvironmentId": self.name}) if tags is None else tags,
            capabilities=[],
            token=token,
            resources_to_import=targets,
        )

        def made() -> ChangeSet | None:
            found = cloudformation.describe_change_set(self.aws, ref.change_set_id)
            return None if found.is_moving else found

        found = until(made, "the change set is made")
        assert found is not None
        return found

    def run(self, plan: ChangeSet, token: str = "") -> StackState:
        """The stack after its change set was run."""
        token = token or f"run-{plan.name}"
        cloudformation.execute_change_set(self.aws, plan.change_set_id, token=token, retain_except_on_create=True)
        return self.rest(plan.stack_id)

    def rest(self, stack_id: str) -> StackState:
        """The stack, by its id, once it rests."""

        def rests() -> StackState | None:
            found = cloudformation.describe_stack(self.aws, stack_id)
            assert found is not None
            busy = stack_status(found.status).moving or found.status == "REVIEW_IN_PROGRESS"
            return None if busy else found

        found = until(rests, "the stack rests")
        assert found is not None
        return found

    def up(self) -> StackState:
        """The stack of TEMPLATE, created."""
        state = self.run(self.plan("CREATE"))
        assert state.status == "CREATE_COMPLETE"
        return state

    def delete(self, stack_id: str) -> StackState:
        """The stack after its deletion."""
        cloudformation.delete_stack(self.aws, stack_id, token=f"delete-{uuid.uuid4().hex[:8]}")
        return self.rest(stack_id)
