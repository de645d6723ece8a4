"""What Acme sends of getting started, read as strictly as `tools.acme` reads the rest. Asks nothing."""

from __future__ import annotations

from datetime import date

from tools.acme import Sent


class Item(Sent):
    """One item of a checklist."""

    item: str
    title: str
    due_on: date


class Task(Sent):
    """A task on a customer's list."""

    task_id: str
    customer_id: str
    key: str
    item: str
    title: str
    due_on: date
    status: str


class Invite(Sent):
    """An invite to a customer's account."""

    invite_id: str
    customer_id: str
    key: str
    email: str
    user_role: str
    status: str
