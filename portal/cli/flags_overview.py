"""Parameters of all environments of an application, side by side: `stackyard flags list`."""

from typing import Any

from portal.cli.command import Session
from portal.cli.lists import show_list
from portal.cli.shown import Cell, Table, Tone, Word, some

_MISSING = Word("missing", "quiet")


def overview(session: Session, asked: dict[str, str], limit: int) -> None:
    """Answer with the table of all environments, and say what it leaves out."""
    found = session.client.pages("/flags", query=asked, most=limit or None)
    show_list(session, found, lambda: _table(found))
    if not asked["application"]:
        session.note(f"Of {found['title']}. Of another application: --app APP")
    for one in found["environments"]:
        if one["problem"]:
            session.note(f"{one['environment']}: {one['problem']}")
    if found["left_out"]:
        session.note(f"{found['left_out']} more environments of others are left out.")


def _table(found: dict[str, Any]) -> Table:
    columns = ["Key", *(one["name"] for one in found["environments"])]
    rows = [[one["key"], *(_cell(cell) for cell in one["cells"])] for one in found["items"]]
    return Table(columns, rows, empty="There is no such parameter.")


def _cell(cell: dict[str, Any]) -> Cell:
    """A value, and in brackets what asks for a look. The same letter behind hidden values is the same value."""
    marks = [mark["word"] for mark in cell["marks"]]
    if cell["wrong"]:
        marks.insert(0, "not as declared")
    about = f" ({some(marks)})" if marks else ""
    if not cell["stored"]:
        return Word(f"{_MISSING.text}{about}", "attention" if cell["odd"] else _MISSING.tone)
    text = f"hidden {cell['letter']}".rstrip() if cell["hidden"] else cell["value"]
    tone: Tone = "bad" if cell["wrong"] else "attention" if cell["odd"] or marks else "quiet" if cell["hidden"] else ""
    return Word(f"{text}{about}", tone)
