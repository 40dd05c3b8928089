"""Who acts, with which roles, from where. The pages and the API make it; the verbs decide with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from provisioning.actions.refusals import Refusal
from provisioning.models import AuditEntry, Change, Environment

ENGINEERS, ADMINS, AUDITORS = "engineers", "admins", "auditors"


@dataclass(frozen=True)
class Actor:
    """One person at one moment. `groups` are the names of the person's groups, `address` where they came from, `token`
    the name of the key that a program acts with in their name, empty for the person themselves."""

    user_id: int
    name: str
    groups: frozenset[str]
    address: str | None = None
    token: str = ""

    @property
    def traces(self) -> dict[str, object]:
        """What an audit entry's detail says of how the person acted."""
        return {"token": self.token} if self.token else {}

    @property
    def may_change(self) -> bool:
        """Engineers and admins alter things; auditors read."""
        return bool(self.groups & {ENGINEERS, ADMINS})

    @property
    def is_admin(self) -> bool:
        """Admins decide about prod and tidy up after everybody."""
        return ADMINS in self.groups

    def in_any(self, groups: Iterable[str]) -> bool:
        """Whether the person belongs to one of these groups."""
        return bool(self.groups & set(groups))


def require_change_right(actor: Actor, environment: Environment | None = None) -> None:
    """Refuse whoever may not alter this environment: auditors never, others' personal ones only admins."""
    if not actor.may_change:
        raise _reads_only()
    if environment is None or environment.owner_id == actor.user_id or actor.is_admin:
        return
    if is_personal(environment.name):
        raise Refusal(
            f"{environment} belongs to {environment.owner.get_username()}. Ask them, or an admin.",
            "not-yours",
            forbidden=True,
        )


def not_theirs(actor: Actor, change: Change) -> Refusal | None:
    """Why a change that waits is not this person's to take back, replace or run: it is its requester's, its
    environment's owner's, and every admin's. None when it is theirs."""
    if not actor.may_change:
        return _reads_only()
    if actor.is_admin or actor.user_id in {change.requested_by_id, change.environment.owner_id}:
        return None
    who = {change.requested_by.get_username(): None, change.environment.owner.get_username(): None}
    return Refusal(
        f"{change.requested_by.get_username()} asked for this change. Ask {', '.join(who)} or an admin.",
        "not-yours",
        forbidden=True,
    )


def _reads_only() -> Refusal:
    return Refusal("You may read everything here, but not change anything.", "not-allowed", forbidden=True)


def is_personal(name: str) -> bool:
    """Whether an environment's name is a personal one, such as dev-alice."""
    return "-" in name


def audit(
    actor: Actor,
    verb: str,
    summary: str,
    *,
    environment: Environment | None = None,
    change: Change | None = None,
    reason: str = "",
    detail: dict[str, object] | None = None,
) -> None:
    """Add the audit entry of an act, in the act's own transaction."""
    AuditEntry.objects.create(
        at=timezone.now(),
        by_id=actor.user_id,
        verb=verb,
        environment=environment,
        change=change,
        summary=summary[:300],
        reason=reason,
        address=actor.address,
        detail={**(detail or {}), **actor.traces},
    )
