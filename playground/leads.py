"""Acme's sales records: leads, what was added to them since, and what two registers say of companies."""

import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from playground import writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
NEEDED = ("email", "company", "size", "interest", "urgency", "contact")
CHANGED = ("size", "interest", "urgency", "employees", "industry", "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one register says of a company; whatever it does not know is null."""

    domain: str
    source: str
    name: str | None
    industry: str | None = None
    employees: int | None = None
    country: str | None = None
    confidence: float


COMPANIES = (
    Entry(
        domain="initech.example",
        source="registry",
        name="Initech",
        industry="software",
        employees=42,
        country="US",
        confidence=0.94,
    ),
    Entry(domain="initech.example", source="web", name="Initech Inc", employees=40, country="US", confidence=0.81),
    Entry(
        domain="globex.example",
        source="registry",
        name="Globex",
        industry="energy",
        employees=850,
        country="DE",
        confidence=0.91,
    ),
    Entry(
        domain="example.com",
        source="registry",
        name="Berger Studio",
        industry="design",
        employees=6,
        country="US",
        confidence=0.88,
    ),
    # two that contradict each other
    Entry(
        domain="hooli.example",
        source="registry",
        name="Hooli",
        industry="software",
        employees=12_000,
        country="US",
        confidence=0.9,
    ),
    Entry(
        domain="hooli.example",
        source="web",
        name="Hooli",
        industry="software",
        employees=90,
        country="IE",
        confidence=0.86,
    ),
    # known in part, and hardly known
    Entry(domain="umbrella.example", source="web", name="Umbrella", confidence=0.77),
    Entry(
        domain="vandelay.example",
        source="web",
        name="Vandelay",
        industry="import and export",
        employees=12,
        country="US",
        confidence=0.31,
    ),
)
BEFORE: tuple[Json, ...] = (
    {
        "lead_id": "LD-0901",
        "email": "pat@globex.example",
        "company": "Globex",
        "contact": None,
        "customer_id": None,
        "size": "large",
        "interest": "sales_assistant",
        "urgency": "this_quarter",
        "employees": 850,
        "industry": "energy",
        "country": "DE",
    },
    {
        "lead_id": "LD-0902",
        "email": "kim@example.com",
        "company": "Berger Studio",
        "contact": None,
        "customer_id": "C-1001",
        "size": "small",
        "interest": "integration",
        "urgency": "exploring",
        "employees": 5,
        "industry": "design",
        "country": "US",
    },
)


def companies(domain: str | None) -> list[Json]:
    """Return what the registers say of the company with this domain."""
    wanted = (domain or "").strip().lower()
    return [asdict(one) for one in COMPANIES if one.domain == wanted]


def current(db: sqlite3.Connection, *, email: str | None = None, lead_id: str | None = None) -> list[Json]:
    """Return the leads as they stand, with whatever was added to them since."""
    changes = writes.search(db, UPDATE.name)
    found = []
    for lead in (*BEFORE, *writes.search(db, KIND.name)):
        since = [change for change in changes if change["lead_id"] == lead["lead_id"]]
        newest = {name: value for change in since for name, value in change.items() if name in CHANGED}
        found.append({**lead, **newest, "updates": len(since)})
    address = email.strip().lower() if email is not None else None
    return [lead for lead in found if address in {None, lead["email"].lower()} and lead_id in {None, lead["lead_id"]}]


def _create(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    del now
    wrong = writes.wrong_texts(request, NEEDED)
    if wrong:
        return wrong
    earlier = current(db, email=request["email"])
    if earlier:
        number = earlier[0]["lead_id"]
        return refuse(409, "lead_exists", f"Lead {number} has this address.", lead_id=number)
    more = {name: request.get(name) for name in ("employees", "industry", "country", "customer_id")}
    return {name: request[name] for name in NEEDED} | more


def _update(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    del now
    wrong = writes.wrong_texts(request, ("lead_id", "contact"))
    if wrong:
        return wrong
    lead = next(iter(current(db, lead_id=request["lead_id"])), None)
    if lead is None:
        return refuse(404, "lead_not_found", "There is no such lead.")
    known = {name: request[name] for name in CHANGED if request.get(name) is not None}
    whose = {"contact": request["contact"], "customer_id": lead["customer_id"]}
    return {"lead_id": lead["lead_id"], **whose, **known}


KIND = writes.Kind(name="lead", path="leads", id="lead_id", prefix="LD", decide=_create, filters=("email",))
UPDATE = writes.Kind(
    name="lead_update", path="lead_updates", id="update_id", prefix="LU", decide=_update, filters=("lead_id",)
)
