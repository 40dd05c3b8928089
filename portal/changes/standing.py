"""What the decisions about a change amount to: each reviewer's newest one about the plan that it has now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provisioning.actions.deciding import newest
from provisioning.lifecycle import Verdict
from provisioning.models import Change, Decision


@dataclass(frozen=True)
class Standing:
    """The newest decision of each person and rule about one plan, oldest first."""

    decisions: tuple[Decision, ...]
    requester: int

    @property
    def approvals(self) -> tuple[Decision, ...]:
        """Those that approve; the requester's never counts."""
        return tuple(one for one in self._of(Verdict.APPROVED) if one.by_id != self.requester)

    @property
    def sent_back(self) -> Decision | None:
        """The newest that asks for another version."""
        return next(iter(reversed(self._of(Verdict.SENT_BACK))), None)

    @property
    def rejection(self) -> Decision | None:
        """The one that rejects."""
        return next(iter(self._of(Verdict.REJECTED)), None)

    def verdict_of(self, person: int) -> str:
        """What this person has decided last; empty for nothing."""
        return next((decision.verdict for decision in self.decisions if decision.by_id == person), "")

    def _of(self, verdict: Verdict) -> tuple[Decision, ...]:
        return tuple(decision for decision in self.decisions if decision.verdict == verdict)


def standing_of(change: Change, decisions: Iterable[Decision]) -> Standing:
    """What counts now, from all decisions in the order they were made; those about an earlier plan never do."""
    about_it = [decision for decision in decisions if decision.plan_digest == change.plan_digest]
    return Standing(tuple(newest(about_it)), change.requested_by_id)


def names(decisions: Sequence[Decision]) -> str:
    """Who decided, as one reads it aloud: people by name, a rule as a rule."""
    said = [decision.reviewer if decision.by_id else f"the rule “{decision.rule}”" for decision in decisions]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
