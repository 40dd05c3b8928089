"""A small application whose templates a test may edit: two tables that are kept, and a group of machines."""

from pathlib import Path

BLUEPRINT = """\
title: Vault
summary: Keeps things.
owner: safety
version: '1'
stacks:
  data: {template: data.yaml, name: 'vault-data-{environment}', capabilities: [], filled: {Environment: environment}}
  compute: {template: compute.yaml, name: 'vault-{environment}', capabilities: [], filled: {Data: data_stack_name}}
stages:
  dev: {approvals: 0, protection: false}
  staging: {approvals: 0, protection: false}
  prod: {approvals: 1, approvers: [admins], protection: true}
parameters: []
patterns: []
flags: []
deploy: {kind: ec2, group: Group}
configuration: {}
formats: [dotenv]
"""
DATA = """\
Parameters:
  Environment: {Type: String}
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub vault-${Environment}-things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Others:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub vault-${Environment}-others
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
COMPUTE = """\
Parameters:
  Data: {Type: String}
Resources:
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {MinSize: '1', MaxSize: '1', DesiredCapacity: '1'}
"""


def lay_out(folder: Path, *, blueprint: str = BLUEPRINT, data: str = DATA, compute: str = COMPUTE) -> Path:
    """Write the application's files into a folder of blueprints. Returns its own folder."""
    own = folder / "vault"
    own.mkdir()
    for name, text in (("blueprint", blueprint), ("data", data), ("compute", compute)):
        (own / f"{name}.yaml").write_text(text)
    return own
