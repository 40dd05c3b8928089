"""Template tags of the flags: rows of their tables, values."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.flags.cells import css_of, rows, wide_rows
from portal.flags.reading import Board
from portal.flags.rows import ITS_STACK, OUTSIDER
from portal.flags.showing import Shown
from portal.flags.tree import Folder
from portal.templatetags.stackyard import person

register = template.Library()


@register.simple_tag
def flag_rows(folder: Folder, board: Board, may_change: bool) -> SafeString:  # noqa: FBT001 - as templates call it
    """The rows of the parameters that are directly in a folder, with a column for each environment."""
    return rows(folder.lines, board.columns, may_change=may_change)


@register.simple_tag
def wide_flag_rows(folder: Folder, board: Board, may_change: bool) -> SafeString:  # noqa: FBT001 - as templates call it
    """The same where there is one environment."""
    return wide_rows(folder.lines, board.columns[0], may_change=may_change)


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
