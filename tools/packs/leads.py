"""Acme's leads: found, checked against registers, made once, brought up to date. Nobody else's is shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools import acme, acme_asked, acme_sales, company_facts, failures
from tools.base import Context, tool
from tools.fields import Contact, Country, Email, Record, Words

READ = "sales:read"
LEAD = "sales:lead"

Size = Annotated[Literal["small", "medium", "large", "enterprise"], Field(description="How large the company is")]
Interest = Annotated[
    Literal["support_bot", "sales_assistant", "integration"], Field(description="What the company is looking for")
]
Urgency = Annotated[Literal["now", "this_quarter", "exploring"], Field(description="How soon they want it")]
Employees = Annotated[int, Field(ge=1, le=5_000_000, description="How many people work there")]
LeadId = Annotated[str, Field(pattern=r"^LD-[0-9]{1,9}$", description="The lead's number, such as LD-1001")]


class LeadSearch(Record):
    """Whose lead to look for."""

    user_id: Contact
    email: Email


class LeadFound(Record):
    """Whether there is a lead with this address. Only of the person's own is anything told."""

    known: bool
    own: bool
    lead_id: str | None


@tool(kind="lookup", scopes=(READ,), inside=True)
async def find_lead(arguments: LeadSearch, context: Context) -> LeadFound:
    """Find the sales lead with this e-mail address, and whether it is this person's own."""
    found = await _leads({"email": arguments.email}, context)
    same = [one for one in found if one.email.casefold() == arguments.email.casefold()]
    own = [one for one in same if _is_own(one, arguments.user_id, context)]
    return LeadFound(known=bool(same), own=bool(own), lead_id=own[0].lead_id if own else None)


def _is_own(found: acme_sales.Lead, contact: str, context: Context) -> bool:
    """Whether this person had it made, or is the customer it belongs to. That they know its address proves nothing."""
    customer = context.caller.customer_id
    return found.contact == contact or (customer is not None and found.customer_id == customer)


async def _leads(params: dict[str, str], context: Context) -> list[acme_sales.Lead]:
    data = await context.get(acme.NAME, "/v1/crm/leads", params)
    return [acme_sales.Lead.model_validate(one) for one in acme.listed(data, "leads")]


class Domain(Record):
    """The internet domain of a company; null when none is known."""

    domain: Annotated[str | None, Field(max_length=190, description="Such as initech.com")]


class Company(Record):
    """What registers say of a company; `contradictions` names the fields in which they differ."""

    found: bool
    name: str | None
    industry: str | None
    employees: int | None
    country: str | None
    confidence: float
    contradictions: list[str]


@tool(kind="lookup", scopes=(READ,), inside=True)
async def enrich_company(arguments: Domain, context: Context) -> Company:
    """Look up what registers of companies say of the one with this domain."""
    domain = (arguments.domain or "").casefold()
    data = await context.get(acme.NAME, "/v1/companies", {"domain": domain}) if domain else {"companies": []}
    said = [acme_sales.Company.model_validate(one) for one in acme.listed(data, "companies")]
    same = [one for one in said if one.domain.casefold() == domain]
    picture = company_facts.merged(same)
    return Company(
        found=bool(same),
        name=picture.name,
        industry=picture.industry,
        employees=picture.employees,
        country=picture.country,
        confidence=picture.confidence,
        contradictions=list(picture.contradictions),
    )


class NewLead(Record):
    """A lead in exact terms."""

    user_id: Contact
    email: Email
    company: Words
    employees: Employees
    industry: Words
    country: Country
    size: Size
    interest: Interest
    urgency: Urgency


def _body(arguments: Record) -> dict[str, object]:
    """The terms as Acme takes them: it calls the person on whose behalf it is the contact."""
    plain = arguments.model_dump(mode="json")
    return {("contact" if name == "user_id" else name): value for name, value in plain.items()}


class LeadReceipt(Record):
    """A lead that was made or added to."""

    lead_id: str


async def _find_new_lead(arguments: NewLead, context: Context) -> LeadReceipt | None:
    """Read a new lead back by its key."""
    found = await acme_asked.written(context, "leads", acme_sales.Made, contact=arguments.user_id)
    return LeadReceipt(lead_id=found.lead_id) if found else None


@tool(kind="transact", effect="keyed", probe=_find_new_lead, scopes=(LEAD,))
async def create_lead(arguments: NewLead, context: Context) -> LeadReceipt:
    """Pass somebody who is interested on to the sales team, as a new lead."""
    body = {**_body(arguments), "customer_id": context.caller.customer_id}
    return LeadReceipt(lead_id=acme_sales.Made.model_validate(await context.post(acme.NAME, "/v1/leads", body)).lead_id)


class LeadChange(Record):
    """What is added to a lead of one's own, in exact terms."""

    user_id: Contact
    lead_id: LeadId
    employees: Employees
    industry: Words
    country: Country
    size: Size
    interest: Interest
    urgency: Urgency


async def _find_change(arguments: LeadChange, context: Context) -> LeadReceipt | None:
    """Read what was added back by its key."""
    found = await acme_asked.written(context, "lead_updates", acme_sales.LeadUpdate, contact=arguments.user_id)
    return LeadReceipt(lead_id=found.lead_id) if found else None


@tool(kind="transact", effect="keyed", probe=_find_change, scopes=(LEAD,))
async def update_lead(arguments: LeadChange, context: Context) -> LeadReceipt:
    """Bring a lead of this person up to date for the sales team."""
    await _own_lead(arguments.lead_id, arguments.user_id, context)
    body = _body(arguments)
    made = acme_sales.LeadUpdate.model_validate(await context.post(acme.NAME, "/v1/lead_updates", body))
    return LeadReceipt(lead_id=made.lead_id)


async def _own_lead(lead_id: str, contact: str, context: Context) -> acme_sales.Lead:
    """A lead of this person; anybody else's is as missing as one that never was."""
    for found in await _leads({"lead_id": lead_id}, context):
        if found.lead_id == lead_id and _is_own(found, contact, context):
            return found
    raise failures.NotFound(f"There is no lead {lead_id} of yours.")


class Lead(Record):
    """A lead as it stands with the sales team."""

    lead_id: str
    company: str
    email: str
    size: str
    interest: str
    urgency: str


@tool(kind="lookup", scopes=(READ,), inside=True)
async def get_lead(arguments: LeadSearch, context: Context) -> Lead:
    """Look up what the sales team has of this person under an e-mail address."""
    own = (one for one in await _leads({"email": arguments.email}, context) if _is_own(one, arguments.user_id, context))
    found = next((one for one in own if one.email.casefold() == arguments.email.casefold()), None)
    if found is None:
        raise failures.NotFound("There is no lead of yours with this address.")
    return Lead(
        lead_id=found.lead_id,
        company=found.company,
        email=found.email,
        size=found.size,
        interest=found.interest,
        urgency=found.urgency,
    )


TOOLS = [find_lead, enrich_company, get_lead, create_lead, update_lead]
