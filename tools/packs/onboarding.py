"""Getting started at Acme: the checklist, the customer's own tasks, and invites of colleagues."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from tools import acme, acme_asked, acme_onboarding
from tools.base import Context, tool
from tools.fields import Email, Record
from tools.packs.billing import CustomerId, OwnAccount

READ = "onboarding:read"
WRITE = "onboarding:write"

UserRole = Annotated[
    Literal["admin", "developer", "manager", "member"], Field(description="What they do with the product")
]
Organisation = Annotated[
    Literal["solo", "company", "agency", "school"], Field(description="The kind of organisation they work for")
]
ChecklistItem = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="An item of the checklist")]


class ChecklistSearch(Record):
    """Whose checklist: by role and kind of organisation."""

    user_role: UserRole
    organisation: Organisation


class Item(Record):
    """One item of a checklist, and until when it should be done."""

    item: str
    title: str
    due_on: date


class Checklist(Record):
    """What somebody has to do who begins."""

    items: list[Item]


@tool(kind="lookup", scopes=(READ,), inside=True, cache_s=300)
async def get_onboarding_checklist(arguments: ChecklistSearch, context: Context) -> Checklist:
    """Look up the checklist of the first days for a role and a kind of organisation."""
    params = {"role": arguments.user_role, "organisation": arguments.organisation}
    data = await context.get(acme.NAME, "/v1/onboarding/checklist", params)
    found = [acme_onboarding.Item.model_validate(one) for one in acme.listed(data, "items")]
    return Checklist(items=[Item(item=one.item, title=one.title, due_on=one.due_on) for one in found])


class Task(Record):
    """One task as it stands."""

    task_id: str
    item: str
    title: str
    due_on: date
    status: str


class Tasks(Record):
    """The customer's tasks of the first days."""

    tasks: list[Task]


@tool(kind="lookup", scopes=(READ,), inside=True)
async def list_onboarding_tasks(arguments: OwnAccount, context: Context) -> Tasks:
    """List the customer's own tasks of the first days, with their status."""
    rows = await _own("onboarding_tasks", arguments.customer_id, context)
    found = [acme_onboarding.Task.model_validate(one) for one in rows]
    return Tasks(
        tasks=[
            Task(task_id=one.task_id, item=one.item, title=one.title, due_on=one.due_on, status=one.status)
            for one in found
            if one.customer_id == arguments.customer_id
        ]
    )


class Invite(Record):
    """One invite as it stands."""

    invite_id: str
    email: str
    user_role: str
    status: str


class Invites(Record):
    """Whom the customer has invited."""

    invites: list[Invite]


@tool(kind="lookup", scopes=(READ,), inside=True)
async def list_invites(arguments: OwnAccount, context: Context) -> Invites:
    """List whom the customer has invited to their account, with the status of each invite."""
    found = [
        acme_onboarding.Invite.model_validate(one) for one in await _own("invites", arguments.customer_id, context)
    ]
    return Invites(
        invites=[
            Invite(invite_id=one.invite_id, email=one.email, user_role=one.user_role, status=one.status)
            for one in found
            if one.customer_id == arguments.customer_id
        ]
    )


async def _own(name: str, customer_id: str, context: Context) -> list[Any]:
    """The customer's own list."""
    return await acme_asked.every_page(context, f"/v1/{name}", name, {"customer_id": customer_id})


class NewTask(Record):
    """A task of the first days in exact terms."""

    customer_id: CustomerId
    item: ChecklistItem
    due_on: Annotated[date, Field(description="Until when it should be done")]


class TaskReceipt(Record):
    """A task that was put on the customer's list."""

    task_id: str
    item: str


async def _find_task(arguments: NewTask, context: Context) -> TaskReceipt | None:
    """Read a task back by its key."""
    owner = arguments.customer_id
    found = await acme_asked.written(context, "onboarding_tasks", acme_onboarding.Task, customer_id=owner)
    return TaskReceipt(task_id=found.task_id, item=found.item) if found else None


@tool(kind="transact", effect="keyed", probe=_find_task, scopes=(WRITE,))
async def create_onboarding_task(arguments: NewTask, context: Context) -> TaskReceipt:
    """Put one item of the checklist on the customer's own list of tasks."""
    made = await context.post(acme.NAME, "/v1/onboarding_tasks", arguments.model_dump(mode="json"))
    found = acme_onboarding.Task.model_validate(made)
    return TaskReceipt(task_id=found.task_id, item=found.item)


class NewInvite(Record):
    """An invite in exact terms."""

    customer_id: CustomerId
    email: Email
    user_role: UserRole


class InviteReceipt(Record):
    """An invite that was made."""

    invite_id: str
    email: str


async def _find_invite(arguments: NewInvite, context: Context) -> InviteReceipt | None:
    """Read an invite back by its key."""
    found = await acme_asked.written(context, "invites", acme_onboarding.Invite, customer_id=arguments.customer_id)
    return InviteReceipt(invite_id=found.invite_id, email=found.email) if found else None


@tool(kind="transact", effect="keyed", probe=_find_invite, scopes=(WRITE,))
async def invite_user(arguments: NewInvite, context: Context) -> InviteReceipt:
    """Invite somebody by their e-mail address to the customer's account."""
    made = await context.post(acme.NAME, "/v1/invites", arguments.model_dump(mode="json"))
    found = acme_onboarding.Invite.model_validate(made)
    return InviteReceipt(invite_id=found.invite_id, email=found.email)


TOOLS = [get_onboarding_checklist, list_onboarding_tasks, list_invites, create_onboarding_task, invite_user]
