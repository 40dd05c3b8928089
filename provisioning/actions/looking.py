"""Looking again at one environment: what its stacks are in AWS right now, at one click."""

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal
from provisioning.engine.comparing import SOON
from provisioning.models import Environment, Operation, Stack
from provisioning.tasks import ring_look


def do_look_at(actor: Actor, environment: Environment) -> None:
    """Have the environment's stacks read now. Anyone who may open its page may: nothing in AWS is altered. A second
    click while a look is due is the same look. Raises Refusal."""
    why = why_not_look(environment)
    if why:
        raise Refusal(why, "cannot-look")
    now = timezone.now()
    with transaction.atomic():
        stacks = Stack.objects.select_for_update(no_key=True).filter(environment=environment).order_by("pk")
        waiting = [stack for stack in stacks if stack.look_due_at is None or stack.look_due_at > now + SOON]
        Stack.objects.filter(pk__in=[stack.pk for stack in waiting]).update(look_due_at=now)
        if waiting:
            audit(actor, "look_again", f"Looked again at {environment}", environment=environment)
        ring_look(environment.pk)


def why_not_look(environment: Environment) -> str:
    """Why nobody can look again now, as the verb would say; empty when it can be done."""
    busy = Operation.objects.filter(stack__environment=environment, is_open=True)
    if busy.values("stack").distinct().count() < environment.stacks.count():
        return ""
    return f"A change of {environment} is open and looks after its stacks. They are read again when it has ended."
