"""How a value is shown: a secret never, a flag that is none of its declared values as it is and in red.

Nothing is coerced: `True`, `true ` and `1` are no `true` (pitfall 17). Pure.
"""

import re
from typing import NamedTuple

from provisioning.blueprints.model import Flag
from provisioning.flags.rules import flag_problem, is_secret

HIDDEN_WORD = "hidden"
CUT = 36  # characters of a value that stand in a cell
BOOLEAN = "boolean"
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SIGNS = {"\n": "⏎", "\r": "␍", "\t": "⇥"}


class Shown(NamedTuple):
    """A value for people. `text` never is a secret's; `kind` is boolean, hidden or text; `wrong` says why it is none of
    what the blueprint declares. A tuple: a page has more than a thousand."""

    text: str
    kind: str = "text"
    wrong: str = ""

    @property
    def on(self) -> bool:
        """Whether it is a switch that is on."""
        return self.kind == BOOLEAN and self.text == "true"

    @property
    def plain(self) -> str:
        """Its text in one line, with signs for what cannot be seen, whole."""
        return visible(self.text) if self.kind == "text" else self.text

    @property
    def short(self) -> str:
        """The line, cut where it is long."""
        line = visible(self.text[: CUT + 1]) if self.kind == "text" else self.text
        return line if len(self.text) <= CUT else f"{line[: CUT - 1].rstrip()}…"


HIDDEN = Shown(HIDDEN_WORD, HIDDEN_WORD)


def shown(kind: str, value: str, flag: Flag | None = None) -> Shown:
    """A stored value for people; `kind` is Parameter Store's type. A value that was declared a secret is hidden even
    where somebody stored it as a plain one."""
    if is_secret(kind, flag.type if flag else ""):
        return HIDDEN
    if flag is None:
        return Shown(value)
    wrong = flag_problem(flag.type, value, flag.allowed)
    if wrong:
        return Shown(value, wrong=wrong)
    return Shown(value, BOOLEAN if flag.type == BOOLEAN else "text")


def visible(text: str) -> str:
    """A text in one line: line ends, tabs and what has no width as signs, spaces at its ends as ␣."""
    if text.isprintable() and text[:1] != " " and text[-1:] != " ":
        return text
    line = _UNSEEN.sub(_sign, text)
    body = line.strip(" ")
    if not body:
        return "␣" * len(line)
    lead, tail = len(line) - len(line.lstrip(" ")), len(line) - len(line.rstrip(" "))
    return f"{'␣' * lead}{body}{'␣' * tail}"


def _sign(found: re.Match[str]) -> str:
    return _SIGNS.get(found[0]) or f"\\u{ord(found[0]):04x}"


def belongs(path: str, name: str) -> bool:
    """Whether a full name is one of a path: asked of every single name after it was fetched, because AWS's own rights
    on a path open everything below it (pitfall 2)."""
    return bool(path) and name.startswith(path) and len(name) > len(path)
