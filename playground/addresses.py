"""Billing addresses: the one on file, and how Acme takes a new one."""

import sqlite3
from dataclasses import asdict
from datetime import datetime
from typing import Any

from playground import records, writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
NEEDED = ("customer_id", "street", "city", "postal_code", "country")
FIELDS = ("street", "city", "region", "postal_code", "country")


def current(db: sqlite3.Connection, customer: records.Customer) -> Json:
    """Return the address that holds now: the one that was written last, or the one from the beginning."""
    made = writes.search(db, KIND.name, customer=customer.customer_id)
    return {name: made[-1][name] for name in FIELDS} if made else asdict(customer.address)


def _decide(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    del now
    wrong = writes.wrong_texts(request, NEEDED, most=200) or _wrong_address(request)
    if wrong:
        return wrong
    customer = records.CUSTOMERS.get(request["customer_id"])
    if customer is None:
        return refuse(404, "customer_not_found", "There is no such customer.")
    wanted = {name: request.get(name) or "" for name in FIELDS}
    if wanted == current(db, customer):
        return refuse(409, "address_unchanged", "This is the address on file already.")
    return {"customer_id": customer.customer_id, **wanted}


def _wrong_address(request: Json) -> Answer | None:
    region, country = request.get("region"), request["country"]
    if region is not None and (not isinstance(region, str) or len(region) > 200):
        return refuse(422, "invalid_field", "region must be a text of at most 200 characters.", field="region")
    if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        return refuse(422, "invalid_field", "country must be a code of two letters (ISO 3166).", field="country")
    return None


KIND = writes.Kind(name="address", path="addresses", id="address_id", prefix="AD", decide=_decide)
