"""How a command ends when it does not end well: a sentence for people, an exit code for scripts."""

from collections.abc import Callable, Mapping
from enum import IntEnum

_TO_SAY = {"confirmed", "confirm", "typed", "reason"}  # what is refused for not being said, not for what it says


class Exit(IntEnum):
    """What a command ended with. These numbers are a promise to scripts: never give one another meaning."""

    DONE = 0
    FAILED = 1  # the change failed, or ended without being done: rejected, cancelled, expired, superseded
    USAGE = 2  # the command line, a setting, or what was sent is wrong; nothing was done
    REFUSED = 3  # no token, a token that cannot be used, or not allowed
    NOT_FOUND = 4
    CONFLICT = 5  # not as things stand, or not on that version
    AWAY = 6  # the server, or AWS behind it, did not answer as it should
    OLDER = 7  # the server does not know this yet
    WAITING = 8  # the change waits for somebody: an approval, a correction, its time
    TIMED_OUT = 9  # waited as long as was asked; the change goes on
    UNEXPECTED = 70
    NOT_RUN = 126  # what `run` was to run cannot be run, as shells say it
    NO_COMMAND = 127
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class Failure(Exception):
    """Ends the command. `sentence` is told on standard error, never with a token in it; `more` are lines below it;
    `code` is the API's stable word for it, where the API said no; `fields` is what it says of each thing sent."""

    def __init__(
        self,
        exit_code: Exit,
        sentence: str,
        *,
        more: tuple[str, ...] = (),
        code: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.exit_code, self.sentence, self.more, self.code = exit_code, sentence, more, code
        self.fields: Mapping[str, str] = fields or {}

    def told(self, called: Callable[[str], str]) -> list[str]:
        """All its lines. `called` is what an option is called here that sends a field; empty where none does."""
        lines = [f"{self.sentence}{f' ({self.code})' if self.code else ''}"]
        for name, said in self.fields.items():
            option = called(name)
            if said != self.sentence:
                lines.append(f"  {option or name}: {said}")
            else:
                lines.append(f"  Say it with {option}." if option and name in _TO_SAY else f"  About {option or name}.")
        return [*lines, *(f"  {line}" for line in self.more)]
