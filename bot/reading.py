"""Rows, amounts and days out of what was looked up, for decisions. What cannot be read is None, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.decided import Facts


def rows(found: object, name: str) -> list[Mapping[str, Any]]:
    """The rows of a search result, which is a list or a table that holds one under `name`."""
    if isinstance(found, Mapping):
        found = found.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list | tuple) else []


def invoice_of(found: object, wanted: object) -> Mapping[str, Any] | None:
    """The invoice of this number among those found."""
    return next((r for r in rows(found, "invoices") if str(r.get("invoice_id")) == str(wanted)), None)


def amount_of(value: object) -> Decimal | None:
    """The amount as a number, or None when it is none."""
    try:
        amount = Decimal(str(value).split(maxsplit=1)[0])
    except (InvalidOperation, IndexError):
        return None
    return amount if amount.is_finite() else None


def day_of(value: object) -> date | None:
    """The day of an ISO text, or None when it is none."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def price_of(invoice: Facts, limits: Facts) -> str:
    """Amount and currency in one text, whichever way the invoice gives them."""
    amount = str(invoice.get("amount"))
    return (
        amount if len(amount.split()) == 2 else f"{amount} {invoice.get('currency') or limits.get('currency', 'USD')}"
    )


def is_above(price: object, limits: Facts) -> bool:
    """Whether a price is above the limit for approval; one that cannot be read is."""
    amount = amount_of(price)
    return amount is None or amount > Decimal(str(limits.get("approval_above", 500)))
