"""What a stack has in it, read whole rather than folded from events."""

from collections.abc import Iterable

from provisioning.aws.cloudformation import StackResource as Listed
from provisioning.models import Stack, StackResource


def keep_resources(stack: Stack, resources: Iterable[Listed]) -> None:
    """Replace the rows of a stack's resources by what AWS lists, in the caller's transaction."""
    StackResource.objects.filter(stack=stack).delete()
    StackResource.objects.bulk_create(
        StackResource(
            stack=stack,
            logical_id=resource.logical_id,
            physical_id=resource.physical_id,
            type=resource.type,
            status=resource.status,
            reason=resource.reason,
            started_at=resource.updated_at,
            updated_at=resource.updated_at,
        )
        for resource in resources
        if not resource.status.startswith("DELETE_")
    )
