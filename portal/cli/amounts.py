"""Capacity units and US dollars of single reads and writes, which are far below a cent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_CENT, _TRACE = Decimal("0.01"), Decimal("0.00001")


def amount(found: Mapping[str, Any], unit: str = "unit") -> str:
    """Units and US dollars."""
    usd = "" if found["usd"] is None else _dollars(Decimal(found["usd"]))
    return f"{units_text(found['units'], unit)}{usd}"


def units_text(text: str, unit: str = "unit") -> str:
    """Capacity units, such as "12.5 units"."""
    units = Decimal(text)
    shown = f"{units:,.0f}" if units >= 100 else f"{units:,.1f}".removesuffix(".0")
    return f"{shown} {unit}{'' if shown in {'1', '0.5'} else 's'}"


def _dollars(usd: Decimal) -> str:
    if not usd:
        return ""
    if usd < _TRACE:
        return f", < {_TRACE} USD"
    return f", {usd:,.2f} USD" if usd >= _CENT else f", {Decimal(f'{usd:.1e}').normalize():f} USD"
