"""What people do most, through the pages: ask for a change, and follow it to its end."""

import re
from collections.abc import Mapping, Sequence

from bench.running import PATIENCE, until
from bench.visitor import Form, Page, Visitor

OPEN = frozenset({"Planning", "Awaiting approval", "Queued", "Running"})
_BADGE = re.compile(r'<span class="badge badge-\w+"><span class="dot"></span>([^<]+)</span>')
_STATUSES = OPEN | {"Succeeded", "Failed", "Cancelled", "Rejected", "Expired", "Superseded"}
_PAGE_OF_ACT = {"unprotect": "unprotect", "delete_data_stack": "delete-data-stack", "delete_data": "delete-data"}

Values = Mapping[str, str | Sequence[str]]


class UnexpectedPageError(Exception):
    """The portal answered with another page than the one that was to come."""


ALONE = "on"  # the value of a box without one of its own


def usable(form: Form, wanted: Values) -> dict[str, str | Sequence[str]]:
    """What to fill in: what is wanted, and where a choice is still open the first one offered (of a list all). A box
    that stands alone is no open choice: it is left as it is."""
    values: dict[str, str | Sequence[str]] = {}
    for name, offered in form.choices.items():
        options = [value for value, _ in offered if value]
        if options not in ([], [ALONE]) and not any(form.sent.get(name, [])):
            values[name] = options if name not in form.sent else options[0]
    return values | {name: value for name, value in wanted.items() if name in form.names}


def request_form(person: Visitor, application: str) -> Form:
    """The form of a new environment, as it is handed out now."""
    return person.get(f"/request/{application}/").form(f"/request/{application}/")


def ask_create(person: Visitor, application: str, name: str, values: Values | None = None) -> str:
    """Ask for an environment through the form; returns the path of its change.

    Raises UnexpectedPageError with what the page says when it is refused.
    """
    form = request_form(person, application)
    wanted: dict[str, str | Sequence[str]] = {"name": name, **(values or {})}
    return change_path(person.post(form.action, form.filled(usable(form, wanted))))


def ask_act(person: Visitor, application: str, name: str, kind: str, *, confirm: str = "", reason: str = "") -> str:
    """Ask for one of the acts, on the settings page or on the act's own; returns the path of its change."""
    page = person.get(f"/environments/{application}/{name}/{_PAGE_OF_ACT.get(kind, 'settings')}/")
    form = page.form(f"/act/{kind}/")
    given = {"confirm": confirm, "reason": reason}
    return change_path(person.post(form.action, form.filled({key: value for key, value in given.items() if value})))


def change_path(page: Page) -> str:
    """The path of the change that a request led to. Raises UnexpectedPageError for any other page."""
    if not re.fullmatch(r"/changes/[0-9a-f-]{36}/", page.path) or page.status != 200:
        raise UnexpectedPageError(f"No change at {page.url} ({page.status}): {page.words[:2000]}")
    return page.path


def changes_on(page: Page) -> list[str]:
    """The paths of the changes that a page links to, each once, in order."""
    return list(dict.fromkeys(re.findall(r'href="(/changes/[0-9a-f-]{36}/)"', page.html)))


def status_of(page: Page) -> str:
    """The status that a change's page shows. Raises UnexpectedPageError when it shows none."""
    for label in _BADGE.findall(page.html):
        if label in _STATUSES:
            return str(label)
    raise UnexpectedPageError(f"No status at {page.url} ({page.status}): {page.words[:2000]}")


def follow(person: Visitor, path: str, to: str = "Succeeded", *, seconds: float = PATIENCE) -> Page:
    """Look at a change until it has that status; returns its page.

    Raises UnexpectedPageError when it ends otherwise, TooLateError when it takes longer than so many seconds.
    """

    def look() -> Page | None:
        page = person.get(path)
        status = status_of(page)
        if status != to and status not in OPEN:
            raise UnexpectedPageError(f"{path} is {status}, not {to}: {page.words[:3000]}")
        return page if status == to else None

    return until(look, f"{path} becomes {to}", seconds=seconds, pause=0.05, rests=3) or person.get(path)
