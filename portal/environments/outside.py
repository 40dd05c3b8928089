"""What somebody did to a stack outside Stackyard: what it is now, and what can be done about it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from provisioning.actions.order import why_not_now
from provisioning.lifecycle import ChangeKind, Outside, StackKind, stack_status
from provisioning.models import Environment, Stack

ACROSS = "outside Stackyard"


@dataclass(frozen=True)
class Door:
    """A link to what can be done."""

    label: str
    url: str


@dataclass(frozen=True)
class OutsideNote:
    """One stack that somebody has deleted, changed, or is changing; `at` is when that was noticed. What brings back
    what is gone is the button of the page's heading."""

    what: Outside
    kind: StackKind
    title: str
    text: str
    at: datetime | None
    doors: tuple[Door, ...]

    @property
    def tone(self) -> str:
        """The colour family of its notice."""
        return self.what.tone

    @property
    def label(self) -> str:
        """The note in a few words, beside the status of the environment."""
        said = self.what.label
        return f"{self.kind.label} {said[0].lower()}{said[1:]}"


def outside_notes(environment: Environment) -> tuple[OutsideNote, ...]:
    """What was noticed about the stacks, as they are now. Needs `environment.stacks` prefetched."""
    return tuple(_note(environment, stack) for stack in environment.stacks.all() if stack.outside)


def is_moving_outside(environment: Environment) -> bool:
    """Whether somebody changes a stack outside right now."""
    return any(stack.outside == Outside.MOVING for stack in environment.stacks.all())


def _note(environment: Environment, stack: Stack) -> OutsideNote:
    what, kind = Outside(stack.outside), StackKind(stack.kind)
    title, text, doors = {
        Outside.DELETED: _deleted_data if kind is StackKind.DATA else _deleted_compute,
        Outside.CHANGED: _changed,
        Outside.MOVING: _moving,
    }[what](environment, stack)
    return OutsideNote(what, kind, title, text, stack.outside_at, doors)


def _deleted_compute(environment: Environment, stack: Stack) -> tuple[str, str, tuple[Door, ...]]:
    wakes, name = not why_not_now(environment, ChangeKind.WAKE), environment.name
    back = f"Wake {name} to bring the same compute back." if wakes else f"Create {name} again to bring compute back."
    return (
        f"The compute stack was deleted {ACROSS}",
        f"{stack.name} is gone, and nothing answers there any more. Data is in a stack of its own. {back}",
        (),
    )


def _deleted_data(environment: Environment, stack: Stack) -> tuple[str, str, tuple[Door, ...]]:
    return (
        f"The data stack was deleted {ACROSS}",
        f"{stack.name} is gone. Its tables stay when a stack is deleted, and kept tables lists those that were found."
        f" Create {environment.name} again, and it takes them over with every item.",
        (Door("Kept tables", f"{reverse('orphans')}?q={environment.name}"),),
    )


def _changed(environment: Environment, stack: Stack) -> tuple[str, str, tuple[Door, ...]]:
    kind, status = StackKind(stack.kind).label.lower(), stack_status(stack.status)
    now = f"It is “{status.label}” now."
    if status.failed and not status.live:
        return (
            f"The {kind} was changed {ACROSS}",
            f"{now} Below stands what gets it out of that state.",
            (Door("See the way out", f"#doctor-{stack.kind}"),),
        )
    return (
        f"The {kind} was changed {ACROSS}",
        f"{now} Its template, values and outputs were read again and are what this page shows. An update brings it"
        " back to the blueprint, and its plan says what that undoes.",
        (Door("Check drift", reverse("environment_drift", args=[environment.application, environment.name])),),
    )


def _moving(environment: Environment, stack: Stack) -> tuple[str, str, tuple[Door, ...]]:
    kind, status = StackKind(stack.kind).label.lower(), stack_status(stack.status)
    return (
        f"Somebody changes the {kind} {ACROSS}",
        f"{stack.name} is “{status.label}” now, and no change of Stackyard's does that. It takes none until it is at"
        " rest; this page looks again by itself.",
        (),
    )
