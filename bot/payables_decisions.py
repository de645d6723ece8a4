"""The decisions on a vendor's bill: what of it is certain or missing, whose it is, whether it was ordered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from bot import replies
from bot.decided import Decision, Facts, Rule
from bot.reading import rows
from bot.sales_decisions import same_name
from config.money import Money

FIELDS = ("invoice_number", "purchase_order", "total", "due_on")
"""What a bill must have, in the order in which it is asked for."""
WORDS = {
    "invoice_number": "the invoice number",
    "purchase_order": "the number of our purchase order",
    "total": "the total with its currency",
    "due_on": "the day it is due",
}
LABELS = {
    "invoice_number": "Invoice number",
    "purchase_order": "Purchase order",
    "total": "Total",
    "due_on": "Due date",
}
SORT = {"priority": "normal", "category": "vendor_invoice", "team": "finance"}
LONGEST, LONGEST_SUBJECT = 8_000, 300
FEW_WORDS = 4


def bill_words(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """The words to read: the bill that was asked for, else the message that began the task, with a mail's subject."""
    letter = slots.get("letter")
    subject = "" if letter else str(slots.get("subject") or "")
    text = str(letter or slots.get("bill") or "")
    return Decision(outcome="text", values={"text": text[:LONGEST], "subject": subject[:LONGEST_SUBJECT]})


def bill_read(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether there is a bill at all; and what was sent later, with its label where only one value was asked for."""
    certain = _certain(facts["parsed"])
    if not certain and not slots.get("letter"):
        return Decision(outcome="needs_bill", values={"more": ""})
    more, missing = str(slots.get("more") or ""), [name for name in FIELDS if name not in certain]
    if len(missing) == 1 and more and len(more.split()) <= FEW_WORDS:
        more = f"{LABELS[missing[0]]}: {more}"
    return Decision(outcome="bill", values={"more": more[:LONGEST]})


def bill_complete(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """The terms of the bill, by what is certain alone; what is missing is asked for once, then it is for a person."""
    certain = {**_certain(facts["parsed"]), **_certain(facts["added"])}
    missing = [name for name in FIELDS if name not in certain]
    values = {
        **{name: certain.get(name) for name in (*FIELDS, "vendor_name")},
        **SORT,
        "missing": ", ".join(WORDS[name] for name in missing),
        "subject": "A vendor's bill: something is missing",
        "lines": _shown(certain),
    }
    if missing:
        asked = bool(slots.get("more"))
        return Decision(outcome="missing_field" if asked else "needs_more", reason="missing_field", values=values)
    return Decision(outcome="complete", values=values)


def bill_vendor(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether the sender is a vendor on file, and the one that the bill names."""
    vendor, named = facts["vendor"], facts["bill_terms"].get("vendor_name")
    reason = ""
    if not vendor.get("found"):
        reason = "No vendor has an address of this sender on file."
    elif named and not same_name(named, vendor.get("name")):
        reason = f"The bill is from {named}; the sender is on file for {vendor.get('name')}."
    name = vendor.get("name") or named or "an unknown vendor"
    values = {
        **SORT,
        "vendor_id": vendor.get("vendor_id"),
        "name": name,
        "reasons": reason,
        "subject": "A vendor's bill: the vendor is not known",
    }
    return Decision(outcome="unknown_vendor" if reason else "known", reason="unknown_vendor", values=values)


def bill_check(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether a bill was posted before, and whether its total is what is still open of the order."""
    bill, order, posted = facts["bill_terms"], facts["order"], rows(facts["posted"], "invoices")
    total, left = Money.of(bill.get("total")), Money.of(order.get("open"))
    values = {
        **SORT,
        "earlier": posted[0].get("bill_id") if posted else "",
        "open": replies.money(order.get("open")) if order.get("found") else "nothing: there is no such order",
        "order": order.get("purchase_order") or bill.get("purchase_order"),
        "amount": bill.get("total") if total is None else f"{total.amount:.2f} {total.currency}",
    }
    if posted:
        values |= {
            "reasons": f"It was posted before, as {values['earlier']}.",
            "subject": "A vendor's bill: sent twice",
        }
        return Decision(outcome="duplicate", reason="duplicate", values=values)
    if not order.get("found"):
        why = f"There is no order {values['order']} with this vendor."
    elif total is None or left is None or total.amount <= 0 or total != left:
        why = f"The bill is over {bill.get('total')}; of order {values['order']} {values['open']} is open."
    else:
        return Decision(outcome="matches", values={**values, "reasons": "", "subject": ""})
    values |= {"reasons": why, "subject": "A vendor's bill: not what was ordered"}
    return Decision(outcome="amount_mismatch", reason="amount_mismatch", values=values)


def _certain(found: Facts | None) -> dict[str, Any]:
    """The values that are certain; of a reading that did not answer, none."""
    values = {name: (found or {}).get(name) or {} for name in (*FIELDS, "vendor_name")}
    return {name: one["value"] for name, one in values.items() if one.get("certain") and one.get("value")}


def _shown(certain: Mapping[str, Any]) -> str:
    """What is certain, a line each, for staff."""
    lines = [f"{LABELS.get(name, 'Vendor')}: {value}" for name, value in certain.items()]
    return replies.bullets(lines) if lines else "Nothing of it could be read for certain."


_SORTED = frozenset({*SORT, "subject", "reasons"})
DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "bill_words": Rule(decide=bill_words, outcomes=frozenset({"text"}), values=frozenset({"text", "subject"})),
        "bill_read": Rule(
            decide=bill_read,
            outcomes=frozenset({"needs_bill", "bill"}),
            values=frozenset({"more"}),
            facts=frozenset({"parsed"}),
        ),
        "bill_complete": Rule(
            decide=bill_complete,
            outcomes=frozenset({"complete", "needs_more", "missing_field"}),
            reasons=frozenset({"missing_field"}),
            values=frozenset({*FIELDS, "vendor_name", *SORT, "subject", "missing", "lines"}),
            facts=frozenset({"parsed", "added"}),
        ),
        "bill_vendor": Rule(
            decide=bill_vendor,
            outcomes=frozenset({"known", "unknown_vendor"}),
            reasons=frozenset({"unknown_vendor"}),
            values=_SORTED | {"vendor_id", "name"},
            facts=frozenset({"vendor", "bill_terms"}),
        ),
        "bill_check": Rule(
            decide=bill_check,
            outcomes=frozenset({"matches", "duplicate", "amount_mismatch"}),
            reasons=frozenset({"duplicate", "amount_mismatch"}),
            values=_SORTED | {"earlier", "open", "order", "amount"},
            facts=frozenset({"bill_terms", "order", "posted"}),
        ),
    }
)
