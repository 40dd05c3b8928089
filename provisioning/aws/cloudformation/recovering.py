"""The calls that get a stuck stack out of where it is. Each is somebody's decision, never made by itself (S8, S11)."""

from collections.abc import Collection
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing, translated


def continue_update_rollback(
    aws: Clients, stack_id: str, *, skip: Collection[str] = (), token: str, role_arn: str = ""
) -> None:
    """Go on rolling an UPDATE_ROLLBACK_FAILED stack back, without the logical ids in `skip`.

    AWS takes only ids that are UPDATE_FAILED because a roll-back failed; it marks them UPDATE_COMPLETE, and from then
    on they are not what the template says (S11). `role_arn` replaces a service role that is gone (A5). Raises Refused
    in any other status.
    """
    more: dict[str, Any] = {"ResourcesToSkip": sorted(skip)} if skip else {}
    if role_arn:
        more["RoleARN"] = role_arn
    with translated("cloudformation", "ContinueUpdateRollback"):
        aws.cloudformation.continue_update_rollback(StackName=stack_id, ClientRequestToken=token, **more)


def rollback_stack(aws: Clients, stack_id: str, *, token: str, retain_except_on_create: bool = True) -> None:
    """Roll a CREATE_FAILED or UPDATE_FAILED stack back to its last stable state.

    AWS deletes the stack when it has none (S12). `retain_except_on_create` removes what only the failed operation had
    made, whatever its deletion policy (R3). Raises Refused in any other status.
    """
    with translated("cloudformation", "RollbackStack"):
        aws.cloudformation.rollback_stack(
            StackName=stack_id, ClientRequestToken=token, RetainExceptOnCreate=retain_except_on_create
        )


def delete_retaining(aws: Clients, stack_id: str, *, retain: Collection[str], token: str) -> None:
    """Delete a DELETE_FAILED stack and leave these logical ids where they are, in no stack (S8).

    AWS takes them in no other status: a first delete is plain. One that is gone already counts as deleted. Raises
    ValueError when nothing is to be retained, Refused in any other status, Conflict as `delete_stack` does.
    """
    if not retain:
        raise ValueError("A delete that retains nothing is a plain one")
    _delete(aws, stack_id, ClientRequestToken=token, RetainResources=sorted(retain))


def force_delete(aws: Clients, stack_id: str, *, token: str) -> None:
    """Delete a DELETE_FAILED stack whatever of it cannot be deleted: that stays, in no stack (S8).

    One that is gone already counts as deleted. Raises Refused in any other status, Conflict as `delete_stack` does.
    """
    _delete(aws, stack_id, ClientRequestToken=token, DeletionMode="FORCE_DELETE_STACK")


def _delete(aws: Clients, stack_id: str, **how: Any) -> None:
    try:
        with translated("cloudformation", "DeleteStack"):
            aws.cloudformation.delete_stack(StackName=stack_id, **how)
    except Missing:
        return
