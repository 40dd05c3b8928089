"""Template tags of the flags: rows of their tables, values."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.flags.cells import css_of, rows, wide_rows
from portal.flags.reading import Board
from portal.flags.rows import ITS_STACK, OUTSIDER
from portal.flags.showing import Shown
from portal.flags.tree import Folder
from portal.late import Late
from portal.templatetags.stackyard import person

register = template.Library()

WIDE = (
    ("Stored", ""),
    ("To look at", ""),
    ("Set", SafeString(' class="minor"')),
)  # what the tab of one environment has


@register.simple_tag
def flag_rows(folder: Folder, board: Board, may_change: bool, late: Late) -> SafeString:  # noqa: FBT001 - as templates call it
    """The rows of the parameters that are directly in a folder, with a column for each environment."""
    return late.keep(rows(folder.lines, board.columns, may_change=may_change))


@register.simple_tag
def wide_flag_rows(folder: Folder, board: Board, may_change: bool, late: Late) -> SafeString:  # noqa: FBT001 - as above
    """The same where there is one environment."""
    return late.keep(wide_rows(folder.lines, board.columns[0], may_change=may_change))


@register.simple_tag
def flag_headings(board: Board, single: bool) -> SafeString:  # noqa: FBT001 - as templates call it
    """The headings of the columns after the first, for who does not see them: each folder's table has them again."""
    said = WIDE if single else [(one.environment.name, "") for one in board.columns]
    return format_html_join("", '<th scope="col"{1}><span class="unseen">{0}</span></th>', said)


@register.simple_tag
def who(name: str) -> SafeString:
    """Who put a value: a person with their initials, somebody outside as AWS names them."""
    if not name:
        return SafeString("")
    if name == ITS_STACK or name.startswith(OUTSIDER):
        return format_html('<span class="flag-outsider">{}</span>', name)
    return person(name)


@register.simple_tag
def value(look: Shown | None, *, whole: bool = False) -> SafeString:
    """A value as it may be shown, in one line; `whole` leaves nothing out. A dash for nothing."""
    if look is None:
        return SafeString('<span class="quiet">—</span>')
    text = look.plain if whole else look.short
    if look.wrong:
        return format_html('<span class="{}" title="{}">{}</span>', css_of(look), look.wrong, text)
    return format_html('<span class="{}">{}</span>', css_of(look), text)
