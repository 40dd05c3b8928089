"""What a step answers: done, wait, or stop."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Done:
    """The step has nothing left to do. `note` is shown beside it; `skipped` when it was not needed at all."""

    note: str = ""
    skipped: bool = False


@dataclass(frozen=True)
class Wait:
    """Look again in `again_in` seconds, or earlier when somebody rings. `look` asks the observer to watch."""

    reason: str
    again_in: float
    look: bool = False


@dataclass(frozen=True)
class Problem:
    """Why a change cannot go on, for a person: what happened, whose turn it is, what to do. `raw` is AWS's text;
    `cause` is the resource that failed first, `followed` how many failed only because of it."""

    sentence: str
    turn: str = "you"
    advice: str = ""
    raw: str = ""
    code: str = "problem"
    cause: str = ""
    followed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The problem as the database keeps it."""
        return {
            "sentence": self.sentence,
            "turn": self.turn,
            "advice": self.advice,
            "raw": self.raw,
            "code": self.code,
            **({"cause": self.cause} if self.cause else {}),
            **({"followed": self.followed} if self.followed else {}),
        }


@dataclass(frozen=True)
class Stop:
    """The change fails here. `replan` says that a retry must plan again, because what was planned is used up."""

    problem: Problem
    replan: bool = True
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cancelled:
    """The change ends here because a person wanted it to; `sentence` says what was undone, and what stays."""

    sentence: str


Outcome = Done | Wait | Stop | Cancelled
