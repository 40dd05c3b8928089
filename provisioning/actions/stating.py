"""Running PartiQL: a SELECT as a governed, masked look; a write as the intent that the form would make of it.

A statement is judged before it runs. One that reads everything takes consent each time, and in prod is refused. What
is hidden never leaves here, and what NextToken leads to is kept on our side (pitfalls 11, 28, 35, 41).
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from provisioning.actions.actor import Actor, audit
from provisioning.actions.browsing import Row, reached, require_own
from provisioning.actions.editing import ProdNeedsChange, do_write_item
from provisioning.actions.reading_troubles import in_words
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite, do_request_writes
from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError, Busy, Refused
from provisioning.aws.items.statements import execute_select
from provisioning.engine.reading_budget import spend
from provisioning.engine.reading_trails import Place, find_place, keep_next, previous_of
from provisioning.items.allowed import NEVER_SCANNED
from provisioning.items.intents import WriteIntent
from provisioning.items.masking import PROD, Mask, mask_for
from provisioning.items.query import shape_of
from provisioning.items.sealing import digest
from provisioning.items.statement_sending import PLACE
from provisioning.items.statement_tokens import BadStatementError
from provisioning.items.statement_writes import read_write
from provisioning.items.statements import Select, Target, Verb, read_select, verb_of, why_hidden
from provisioning.items.trails import CURSOR, BadCursorError, Bound
from provisioning.items.values import Item, Value, dumps, key_token
from provisioning.models import Change, Environment, ItemWrite, Table

PIECES = (100, 300, 300, 300)  # items that each call of a click evaluates
ENOUGH = 25  # items of a page, after which no further call is made
LONGEST = timedelta(seconds=2)  # of a click (pitfall 37)
TOKEN = "token"  # noqa: S105  (the name under which a NextToken is kept)


class BadStatement(Refusal):
    """A statement that was not run; `at` is the place in what was typed, None for the whole."""

    def __init__(self, sentence: str, at: int | None = None, *, code: str = "bad-statement") -> None:
        super().__init__(sentence, code, fields={"statement": sentence})
        self.at = at


@dataclass(frozen=True)
class Judged:
    """What a statement would do: `select` or `write`. `needs_consent`: it reads everything there is. `why_not` says
    why this environment would not run it, empty when it would."""

    verb: Verb
    select: Select | None = None
    write: WriteIntent | None = None
    needs_consent: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class PageOfStatement:
    """One page of what a SELECT found, masked. `next` and `previous` are cursors as those of PageOfItems; `first` is
    the number of its first row. `carry_on`: the work of one click was over, and there is more to read. A row has no
    token where the statement leaves out its key."""

    rows: tuple[Row, ...]
    next: str | None
    previous: str | None
    number: int
    first: int
    capacity: Decimal
    calls: int
    carry_on: bool
    mask: Mask

    @property
    def last(self) -> int:
        """The number of the last row; one less than `first` for a page without rows."""
        return self.first + len(self.rows) - 1


def judge(environment: Environment, table: Table, text: str, parameters: Sequence[Value] = ()) -> Judged:
    """What a statement would do, without asking AWS. Raises BadStatement."""
    target = Target(shape_of(table), parameters)
    try:
        verb = verb_of(text)
        if verb is not Verb.SELECT:
            return Judged(verb, write=read_write(text, target))
        select = read_select(text, target)
    except BadStatementError as bad:
        raise BadStatement(bad.sentence, bad.at) from None
    why_not = f"{NEVER_SCANNED} {select.why}" if select.is_scan and environment.stage == PROD else ""
    hidden = why_hidden(select, mask_for(environment, table))
    return Judged(verb, select, needs_consent=select.is_scan, why_not=why_not or hidden)


def do_select(
    actor: Actor,
    environment: Environment,
    table: Table,
    text: str,
    parameters: Sequence[Value] = (),
    *,
    consent: bool = False,
    cursor: str = "",
) -> PageOfStatement:
    """A page of what a SELECT finds: the one of `cursor`, or the first. Raises Refusal; BadStatement with the place
    in the text where that is known. A scan leaves an audit entry with the consent, in prod every read does."""
    require_own(environment, table)
    select = _allowed(judge(environment, table, text, parameters), consent=consent)
    bound = Bound(actor.user_id, environment.pk, _digest(table, select))
    try:
        look = _Look(actor, environment, table, select, bound, find_place(cursor, bound))
    except BadCursorError as wrong:
        raise Refusal(wrong.sentence, "bad-cursor") from None
    found = _gathered(look)
    if environment.stage == PROD or select.is_scan:
        _audit(look, len(found.items))
    return _page(look, found)


def do_write_statement(
    actor: Actor,
    environment: Environment,
    table: Table,
    text: str,
    parameters: Sequence[Value] = (),
    *,
    reason: str = "",
    key: uuid.UUID | None = None,
) -> ItemWrite | Change:
    """What an INSERT, UPDATE or DELETE wants, done as the form does it; in prod the change that asks for it, the same
    one for the second click of a form (`key`). Raises what `do_write_item` and `do_request_writes` do, and
    BadStatement."""
    judged = judge(environment, table, text, parameters)
    if judged.write is None:
        raise BadStatement("A SELECT writes nothing.")
    try:
        return do_write_item(actor, environment, table, judged.write, reason=reason)
    except ProdNeedsChange as needed:
        return do_request_writes(actor, environment, [needed.intent], AskToWrite(reason, key))


def _allowed(judged: Judged, *, consent: bool) -> Select:
    if judged.select is None:
        raise BadStatement("This statement writes; it is not run as a look.")
    if judged.why_not:
        raise Refusal(judged.why_not, "no-scan-in-prod" if judged.select.is_scan else "hidden", forbidden=True)
    if judged.needs_consent and not consent:
        raise Refusal(
            f"This statement reads everything. {judged.select.why} Say that it is meant, or name a partition.",
            "no-consent",
            fields={"consent": "Needed for a statement that reads everything."},
        )
    return judged.select


def _digest(table: Table, select: Select) -> str:
    """What the pages of a statement are bound to: the table, and the statement with its values."""
    given = [dumps(value) for value in select.sent.parameters]
    return digest(CURSOR, json.dumps(["statement", table.name, select.sent.text, given]))


@dataclass(frozen=True)
class _Look:
    """One run of a statement: who looks, where, at what."""

    actor: Actor
    environment: Environment
    table: Table
    select: Select
    bound: Bound
    place: Place


@dataclass(frozen=True)
class _Found:
    items: tuple[Item, ...]
    token: str
    capacity: Decimal
    calls: int


def _gathered(look: _Look) -> _Found:
    aws = reached(look.actor, look.environment, look.table)
    token = look.place.start[TOKEN]["S"] if look.place.start else ""
    try:
        found = _gather(aws, look.select, token)
    except AwsError as trouble:
        raise _told(trouble, look, paged=bool(token)) from trouble
    spend(look.actor.user_id, look.table, found.capacity)
    return found


def _gather(aws: Clients, select: Select, token: str) -> _Found:
    """Calls until there are enough items for a page, or the work of one click is over (pitfalls 1, 37)."""
    items: list[Item] = []
    capacity, calls, until = Decimal(0), 0, timezone.now() + LONGEST
    for limit in PIECES:
        try:
            page = execute_select(aws, select.sent.text, select.sent.parameters, limit=limit, next_token=token)
        except Busy:
            if not calls:
                raise
            break
        items += page.items
        token, capacity, calls = page.next_token, capacity + page.capacity, calls + 1
        if not token or len(items) >= ENOUGH or timezone.now() >= until:
            break
    return _Found(tuple(items), token, capacity, calls)


def _told(trouble: AwsError, look: _Look, *, paged: bool) -> Refusal:
    """What AWS said, with the place in what was typed where it names one."""
    if isinstance(trouble, Refused) and paged and "nexttoken" in trouble.message.lower():
        return Refusal("This page of results has expired at AWS. Start from the first page.", "bad-cursor")
    words = in_words(trouble, look.table.name, look.select.index)
    if isinstance(trouble, Refused) and words.code == "aws-refused":
        return BadStatement(_refused(trouble), look.select.sent.typed_place(trouble.message), code="aws-refused")
    return words


def _refused(trouble: Refused) -> str:
    message = " ".join(trouble.message.split()).rstrip(".")
    if "well formed" in message:
        detail = PLACE.sub("", message.partition("processed: ")[2]).strip() or "it is not well formed"
        return f"DynamoDB does not understand the statement: {detail}. Correct it, then run it again."
    return f"DynamoDB refused the statement: {message}. Correct it, then run it again."


def _audit(look: _Look, returned: int) -> None:
    """The entry has the statement without its values."""
    table, select = look.table.name, look.select
    detail: dict[str, object] = {
        "table": table,
        "index": select.index,
        "statement": select.sent.text,
        "returned": returned,
        "scan": select.is_scan,
        "consent": select.is_scan,
    }
    of = f"{table} by {select.index}" if select.index else table
    what, plural = "Scanned" if select.is_scan else "Read", "" if returned == 1 else "s"
    summary = f"{what} {of} by a statement: {returned} item{plural}"
    audit(look.actor, "read_items", summary, environment=look.environment, detail=detail)


def _page(look: _Look, found: _Found) -> PageOfStatement:
    place, mask = look.place, mask_for(look.environment, look.table)
    # What is computed may come under the name of a key, and is none.
    keys = () if look.select.computed else shape_of(look.table).itself.keys
    following = None
    if found.token:
        start: Item = {TOKEN: {"S": found.token}}
        shown = len(found.items)
        following = keep_next(place, look.bound, look.table.name, start, shown=shown, scanned=shown)
    return PageOfStatement(
        rows=tuple(Row(mask.apply(item), _token(item, keys)) for item in found.items),
        next=following,
        previous=previous_of(place, look.bound),
        number=place.number,
        first=place.shown + 1,
        capacity=found.capacity,
        calls=found.calls,
        carry_on=bool(found.token) and len(found.items) < ENOUGH,
        mask=mask,
    )


def _token(item: Item, keys: Sequence[str]) -> str:
    """What stands for an item in an address; empty where what was asked for leaves out its key."""
    return key_token({name: item[name] for name in keys}) if keys and all(name in item for name in keys) else ""
