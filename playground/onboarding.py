"""How Acme gets a customer started: a checklist for each role and kind of organisation, tasks, and invites."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from playground import records, writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
ROLES = ("admin", "developer", "manager", "member")
ORGANISATIONS = ("solo", "company", "agency", "school")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to do in the first days, and within how many."""

    title: str
    days: int


ITEMS: Mapping[str, Item] = {
    "profile": Item(title="Complete your profile", days=1),
    "two_factor": Item(title="Turn on two-factor sign-in", days=2),
    "import_data": Item(title="Import your data", days=7),
    "billing_contact": Item(title="Name a contact for bills", days=7),
    "api_key": Item(title="Create an API key for testing", days=2),
    "webhook": Item(title="Connect a webhook", days=7),
    "dashboard": Item(title="Set up a dashboard for your team", days=5),
    "tour": Item(title="Take the ten-minute tour", days=1),
    "workspace_rules": Item(title="Decide who may do what", days=5),
    "client_spaces": Item(title="Set up a space for each client", days=10),
    "school_terms": Item(title="Sign the terms for schools", days=14),
}
BY_ROLE: Mapping[str, tuple[str, ...]] = {
    "admin": ("profile", "two_factor", "billing_contact", "import_data"),
    "developer": ("profile", "two_factor", "api_key", "webhook"),
    "manager": ("profile", "tour", "dashboard"),
    "member": ("profile", "tour"),
}
BY_ORGANISATION: Mapping[str, tuple[str, ...]] = {
    "solo": (),
    "company": ("workspace_rules",),
    "agency": ("client_spaces",),
    "school": ("school_terms",),
}


def checklist(role: str | None, organisation: str | None, *, today: date) -> Json | None:
    """What somebody of this role in such an organisation has to do, and until when; None when there is no such."""
    if role not in ROLES or organisation not in ORGANISATIONS:
        return None
    names = (*BY_ROLE[role], *BY_ORGANISATION[organisation])
    found = ((name, ITEMS[name]) for name in names)
    return {
        "role": role,
        "organisation": organisation,
        "items": [
            {"item": name, "title": one.title, "due_on": (today + timedelta(days=one.days)).isoformat()}
            for name, one in found
        ],
    }


def _task(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    wrong = writes.wrong_texts(request, ("customer_id", "item", "due_on")) or _wrong_customer(request)
    if wrong:
        return wrong
    item = ITEMS.get(request["item"])
    if item is None:
        return refuse(422, "invalid_field", f"item must be one of: {', '.join(ITEMS)}.", field="item")
    try:
        due = date.fromisoformat(request["due_on"])
    except ValueError:
        return refuse(422, "invalid_field", "due_on must be a day such as 2026-11-30.", field="due_on")
    if due < now.astimezone(UTC).date():
        return refuse(422, "invalid_field", "due_on is over.", field="due_on")
    for earlier in writes.search(db, TASK.name, customer=request["customer_id"], fields={"item": request["item"]}):
        return refuse(409, "task_exists", f"Task {earlier['task_id']} is this one.", task_id=earlier["task_id"])
    fields = {name: request[name] for name in ("customer_id", "item", "due_on")}
    return {**fields, "title": item.title, "status": "open"}


def _invite(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    del now
    wrong = writes.wrong_texts(request, ("customer_id", "email", "user_role"), most=254) or _wrong_customer(request)
    if wrong:
        return wrong
    email = request["email"].strip().lower()
    name, at, domain = email.partition("@")
    if not (name and at and "." in domain) or " " in email:
        return refuse(422, "invalid_field", "email must be an e-mail address.", field="email")
    if request["user_role"] not in ROLES:
        return refuse(422, "invalid_field", f"user_role must be one of: {', '.join(ROLES)}.", field="user_role")
    if email == records.CUSTOMERS[request["customer_id"]].email:
        return refuse(409, "already_member", "This address belongs to the account already.")
    if writes.search(db, INVITE.name, customer=request["customer_id"], fields={"email": email}):
        return refuse(409, "already_invited", "This address was invited already.")
    fields = {name: request[name] for name in ("customer_id", "user_role")}
    return {**fields, "email": email, "status": "pending"}


def _wrong_customer(request: Json) -> Answer | None:
    known = request["customer_id"] in records.CUSTOMERS
    return None if known else refuse(404, "customer_not_found", "There is no such customer.")


TASK = writes.Kind(
    name="task", path="onboarding_tasks", id="task_id", prefix="TK", decide=_task, filters=("item", "status")
)
INVITE = writes.Kind(name="invite", path="invites", id="invite_id", prefix="IV", decide=_invite, filters=("email",))
