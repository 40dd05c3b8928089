"""What could be saved, as its page lists it. Nothing is measured for it, and nothing asked of AWS."""

from datetime import date
from decimal import Decimal, InvalidOperation

from django.http import HttpRequest
from ninja import Query, Router, Schema

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.paging import Paged, cursor_of, read_cursor
from portal.costs.exporting import exact
from portal.environment_costs.savings import Saving, read_savings, total
from provisioning.costs.book import book

router = Router(tags=["Costs"])
_UNKNOWN = ""


class SavingLine(Schema):
    """Something that could be saved. `monthly` is in US dollars at list prices, null where it cannot be told; with
    `at_most` it is no more than that. `act` is what saves it, on the page `url`; `subject_url` is where to look."""

    subject: str
    subject_url: str
    why: str
    monthly: str | None
    at_most: bool
    act: str
    url: str


class SavingList(Schema):
    """A page of what could be saved, the dearest first; `total` of all of it a month, at the prices of `published`."""

    items: list[SavingLine]
    total: str
    published: date
    next: str | None


@operation(
    router, "GET", "/costs/savings", scope=Scope.READ, page="savings", answers=SavingList,
    summary="List what could be saved",
)  # fmt: skip
def list_savings(request: HttpRequest, wanted: Query[Paged]) -> SavingList:
    """What nobody uses and is paid for, as far as this person may see it."""
    found = read_savings(actor_of(request))
    left = found
    if wanted.cursor:
        after = read_cursor(wanted.cursor, (_amount, str, str, str))
        left = [one for one in found if _place(one) > _placed(*after)]
    page = left[: wanted.limit]
    more = len(left) > wanted.limit
    return SavingList(
        items=[_line(one) for one in page],
        total=exact(total(found)),
        published=book().published,
        next=cursor_of(_key(page[-1])) if more else None,
    )


def _key(one: Saving) -> tuple[str, str, str, str]:
    return (_UNKNOWN if one.monthly is None else str(one.monthly), one.subject, one.act, one.why)


def _place(one: Saving) -> tuple[bool, Decimal, str, str, str]:
    """Where it stands in the list."""
    return _placed(one.monthly, one.subject, one.act, one.why)


def _placed(monthly: Decimal | None, subject: str, act: str, why: str) -> tuple[bool, Decimal, str, str, str]:
    return monthly is None, -(monthly or Decimal(0)), subject, act, why


def _amount(text: str) -> Decimal | None:
    """An amount within a cursor. Raises ValueError."""
    if text == _UNKNOWN:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not found.is_finite():
        raise ValueError(text)
    return found


def _line(one: Saving) -> SavingLine:
    return SavingLine(
        subject=one.subject,
        subject_url=one.subject_url,
        why=one.why,
        monthly=None if one.monthly is None else exact(one.monthly),
        at_most=one.most,
        act=one.act,
        url=one.url,
    )
