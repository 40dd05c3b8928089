"""Drawing what commands show: in colours and as wide as the terminal on one, in plain aligned columns elsewhere."""

import os
from collections.abc import Sequence
from typing import Literal, TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table as Grid
from rich.text import Text

from portal.cli.shown import Cell, Facts, Lines, Shown, Table, Tone, Word, plain

_STYLES: dict[Tone, str] = {
    "good": "green", "bad": "bold red", "busy": "cyan", "attention": "yellow", "quiet": "dim", "": "",
}  # fmt: skip
_GAP = 2  # blanks between columns
_UNCUT, _CUT = 36, 24  # the length of an id, and what is left at least of what is longer, such as an ARN


def screen(file: TextIO) -> Console:
    """What draws on that terminal; without colours where NO_COLOR is set."""
    return Console(
        file=file,
        force_terminal=True,
        no_color=True if os.environ.get("NO_COLOR") else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def draw(file: TextIO, shown: Shown) -> None:
    """Draw it, a blank line between its parts."""
    parts = [shown] if isinstance(shown, Table | Facts | Lines) else [part for part in shown if not _is_empty(part)]
    drawing = screen(file) if file.isatty() else None
    for number, part in enumerate(parts):
        if number:
            file.write("\n")
        if drawing is not None:
            drawing.print(drawn(part))
        else:
            _flat(file, part)


def drawn(part: Table | Facts | Lines) -> RenderableType:
    """One part as rich draws it."""
    if isinstance(part, Table):
        return _Rows(part) if part.rows else Text(part.empty, style="dim")
    if isinstance(part, Facts):
        return _facts(part)
    return Group(*(_cell(line) for line in part.lines))


def _is_empty(part: Table | Facts | Lines) -> bool:
    """Whether there is nothing to draw: a table without rows says so unless it has nothing to say."""
    if isinstance(part, Table):
        return not part.rows and not part.empty
    if isinstance(part, Facts):
        return not any(value for _, value in part.pairs)
    return not part.lines


class _Rows:
    """A table where there is room for its words; elsewhere its rows as facts, one below the other, so that an id stays
    in one piece."""

    def __init__(self, part: Table) -> None:
        self._part = part

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """What rich draws, as wide as it says."""
        widths = _widths(self._part, options.max_width)
        yield _grid(self._part, widths) if widths else _records(self._part)


def _widths(part: Table, room: int) -> list[int]:
    """How wide each column is in so much room; none where a word would have to be cut."""
    heads = [name.removeprefix("#") for name in part.columns]
    texts = [[_line(cell) for cell in column] for column in zip(heads, *part.rows, strict=True)]
    most = [max([1, *(cell_len(text) for text in column)]) for column in texts]
    least = [max([1, *(_uncut(word) for text in column for word in text.split())]) for column in texts]
    spare = room - _GAP * (len(texts) - 1) - sum(least)
    wanted = [more - less for more, less in zip(most, least, strict=True)]
    if spare < 0:
        return []
    widths = list(least)
    for left, at in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):  # who wants least has all of it
        given = min(wanted[at], spare // (len(wanted) - left))
        widths[at], spare = widths[at] + given, spare - given
    return widths


def _uncut(word: str) -> int:
    """How much room a word needs."""
    wide = cell_len(word)
    return wide if wide <= _UNCUT else _CUT


def _grid(part: Table, widths: Sequence[int]) -> RenderableType:
    grid = Grid(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for name, width in zip(part.columns, widths, strict=True):
        side: Literal["left", "right"] = "right" if name.startswith("#") else "left"
        grid.add_column(plain(name.removeprefix("#")), justify=side, overflow="fold", width=width)
    for row in part.rows:
        grid.add_row(*(_cell(cell) for cell in row))
    return grid


def _records(part: Table) -> RenderableType:
    names = [name.removeprefix("#") for name in part.columns]
    rows = [_facts(Facts(list(zip(names, row, strict=True)))) for row in part.rows]
    return Group(*[drawing for row in rows for drawing in (Text(""), row)][1:])


def _facts(part: Facts) -> RenderableType:
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in part.pairs:
        if value not in {None, ""}:
            grid.add_row(plain(name), _cell(value))
    return Group(Text(plain(part.title), style="bold"), grid) if part.title else grid


def _cell(cell: Cell) -> Text:
    if isinstance(cell, Word):
        return Text(plain(cell.text), style=_STYLES[cell.tone])
    return Text(plain(cell or ""))


def _flat(file: TextIO, part: Table | Facts | Lines) -> None:
    """The same for what reads lines: a row is one line, never folded."""
    if isinstance(part, Lines):
        file.writelines(f"{_text(line)}\n" for line in part.lines)
    elif isinstance(part, Facts):
        if part.title:
            file.write(f"{_line(part.title)}\n")
        pairs = [[_line(name), _line(value)] for name, value in part.pairs if value not in {None, ""}]
        _columns(file, pairs, (False, False))
    elif part.rows:
        names = [_line(name.removeprefix("#")) for name in part.columns]
        rows = [[_line(cell) for cell in row] for row in part.rows]
        _columns(file, [names, *rows], [name.startswith("#") for name in part.columns])
    else:
        file.write(f"{part.empty}\n")


def _columns(file: TextIO, rows: Sequence[Sequence[str]], right: Sequence[bool]) -> None:
    """Columns as wide as what is widest in them; characters that take two places count so."""
    widths = [max(cell_len(row[at]) for row in rows) for at in range(len(right))] if rows else []
    for row in rows:
        cells = []
        for cell, width, to_the_right in zip(row, widths, right, strict=True):
            room = " " * (width - cell_len(cell))
            cells.append(f"{room}{cell}" if to_the_right else f"{cell}{room}")
        file.write(f"{'  '.join(cells).rstrip()}\n")


def _text(cell: Cell) -> str:
    return plain(cell.text if isinstance(cell, Word) else cell or "")


def _line(cell: Cell) -> str:
    return _text(cell).replace("\n", " ").replace("\t", " ")
