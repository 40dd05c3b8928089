"""What reading and writing items takes, as it is told before it is done. Nothing of it is asked of AWS."""

from decimal import Decimal

from ninja import Schema

from portal.api.item_shapes import Amount, amount, units
from provisioning.actions.moves import WriteCost


class ReadPriceShape(Schema):
    """What a query or scan takes, by DynamoDB's own counts, which are up to six hours old; `items` 0: nobody knows.
    `page` is of one full page, `click` of one request at most, `whole` of the table or index, which is what an export,
    a count or a list to delete takes at most, at `rate` units a second in so many `seconds`. `provisioned` units a
    second are shared with the application; null: on demand. `why_not` says why it would be refused, empty where it
    would not."""

    reads: str
    why_not: str
    items: int
    size_bytes: int
    page: Amount
    click: Amount
    whole: Amount
    provisioned: int | None
    rate: int
    seconds: int


class ComparePriceShape(Schema):
    """What comparing takes at most, both sides together. `now` is of one request, null for a scan, which is compared by
    a job; `whole` is of a job, at `rate` units a second on each side in so many `seconds`. `why_not` as above."""

    against: str
    why_not: str
    items: int
    size_bytes: int
    now: Amount | None
    whole: Amount
    rate: int
    seconds: int


class WritePriceShape(Schema):
    """What writing items takes: write units of the table and its indexes together, at `rate` units a second in so many
    `seconds`; `provisioned` as above. `reads` are the read units of looking at them first, about."""

    items: int
    size_bytes: int
    writes: Amount
    reads: str
    provisioned: int | None
    rate: int
    seconds: int


class CopyPriceShape(WritePriceShape):
    """What copying takes. `stand_ins`: what is hidden here has stand-ins there; `asks`: there it is a change that
    somebody else approves; `why_not` as above."""

    into: str
    why_not: str
    stand_ins: bool
    asks: bool


def write_price(cost: WriteCost, reads: Decimal) -> WritePriceShape:
    """What writing takes, and the read units of looking first."""
    return WritePriceShape(
        items=cost.items,
        size_bytes=cost.bytes,
        writes=amount(cost.units, cost.usd),
        reads=units(reads),
        provisioned=cost.provisioned or None,
        rate=cost.rate,
        seconds=cost.seconds,
    )
