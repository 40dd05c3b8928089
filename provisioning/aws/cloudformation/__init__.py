"""CloudFormation: stacks, change sets, events and exports, each in the module of its noun.

What alters a stack's resources goes through a change set; there is no CreateStack and no UpdateStack.
"""

from provisioning.aws.cloudformation.change_sets import (
    ChangeSet,
    ChangeSetRef,
    ImportTarget,
    PropertyChange,
    ResourceChange,
    create_change_set,
    delete_change_set,
    describe_change_set,
    execute_change_set,
)
from provisioning.aws.cloudformation.events import StackEvent, stack_events
from provisioning.aws.cloudformation.exports import Export, list_exports, list_imports
from provisioning.aws.cloudformation.stacks import (
    Operation,
    Output,
    StackLimits,
    StackResource,
    StackState,
    StackSummary,
    account_limits,
    cancel_update,
    delete_stack,
    describe_stack,
    get_stack_policy,
    list_resources,
    list_stacks,
    set_stack_policy,
    set_termination_protection,
)
from provisioning.aws.cloudformation.templates import (
    TemplateIdentifier,
    TemplateParameter,
    TemplateSummary,
    get_template,
    template_summary,
)

__all__ = [
    "ChangeSet",
    "ChangeSetRef",
    "Export",
    "ImportTarget",
    "Operation",
    "Output",
    "PropertyChange",
    "ResourceChange",
    "StackEvent",
    "StackLimits",
    "StackResource",
    "StackState",
    "StackSummary",
    "TemplateIdentifier",
    "TemplateParameter",
    "TemplateSummary",
    "account_limits",
    "cancel_update",
    "create_change_set",
    "delete_change_set",
    "delete_stack",
    "describe_change_set",
    "describe_stack",
    "execute_change_set",
    "get_stack_policy",
    "get_template",
    "list_exports",
    "list_imports",
    "list_resources",
    "list_stacks",
    "set_stack_policy",
    "set_termination_protection",
    "stack_events",
    "template_summary",
]
