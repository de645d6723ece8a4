"""Acme's billing API over HTTP: tokens, pages, rate limit. The facts are in `records`, the writes in `acme_writes`."""

import sqlite3
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from playground import (
    acme_writes,
    addresses,
    buying,
    faults,
    http,
    onboarding,
    options,
    plans,
    records,
    refunds,
    sales,
    writes,
)
from playground.bucket import Bucket
from playground.world import World

Json = dict[str, Any]
T = TypeVar("T")
STATUSES = {"paid", "open", "refunded", "void"}


def build(world: World) -> web.Application:
    """Build Acme: its API under `/v1`, and the ledger and the faults beside it."""
    api = Acme(world)
    bucket = Bucket(rate=world.options.rate, room=2 * world.options.rate)
    app = web.Application(
        middlewares=[
            _guarding(options.every(world.options.acme_api_token), bucket),
            faults.striking(world.acme_faults, mount="/acme", refuse=_trouble),
        ]
    )
    app.add_routes(faults.routes(world.acme_faults))
    app.add_routes(
        [
            web.get("/ledger", api.ledger),
            web.get("/v1/customers", api.find_customers),
            web.get("/v1/customers/{id}", api.get_customer),
            web.get("/v1/customers/{id}/invoices", api.list_invoices),
            web.get("/v1/customers/{id}/subscription", api.get_subscription),
            web.get("/v1/invoices/{id}", api.get_invoice),
            web.get("/v1/plans", api.list_plans),
            web.get("/v1/onboarding/checklist", api.get_checklist),
            *sales.routes(world.store),
            *buying.routes(world.store),
            *acme_writes.routes(world.store),
        ]
    )
    return app


class Acme:
    """The handlers of the API."""

    def __init__(self, world: World) -> None:
        self._store = world.store

    async def ledger(self, request: web.Request) -> web.Response:
        """Answer every write applied, so that anyone can count effects."""
        customer = request.query.get("customer")
        return http.answer(await self._store.read(lambda db: writes.ledger(db, customer=customer)))

    async def find_customers(self, request: web.Request) -> web.Response:
        """Find customers by exact phone or e-mail."""
        found = records.find_customers(phone=request.query.get("phone"), email=request.query.get("email"))
        return http.answer({"customers": await self._store.read(lambda db: [_customer(db, one) for one in found])})

    async def get_customer(self, request: web.Request) -> web.Response:
        """Answer one customer."""
        customer = _known(records.CUSTOMERS, request, "customer")
        return http.answer(await self._store.read(lambda db: _customer(db, customer)))

    async def get_subscription(self, request: web.Request) -> web.Response:
        """Answer a customer's subscription."""
        customer = _known(records.CUSTOMERS, request, "customer")
        return http.answer(await self._store.read(lambda db: plans.show_subscription(db, customer, today=_today())))

    async def list_plans(self, _: web.Request) -> web.Response:
        """Answer all plans with their prices."""
        return http.answer({"plans": plans.show_plans()})

    async def get_checklist(self, request: web.Request) -> web.Response:
        """Answer what somebody who begins has to do."""
        found = onboarding.checklist(request.query.get("role"), request.query.get("organisation"), today=_today())
        if found is None:
            raise http.failure(404, "checklist_not_found", "There is no checklist for this role and organisation.")
        return http.answer(found)

    async def list_invoices(self, request: web.Request) -> web.Response:
        """Answer a customer's invoices, newest first, a page at a time."""
        customer = _known(records.CUSTOMERS, request, "customer")
        status = request.query.get("status")
        if status is not None and status not in STATUSES:
            raise http.bad_request(f"status must be one of: {', '.join(sorted(STATUSES))}")
        refunded = await self._store.read(refunds.days)
        shown = [
            records.show_invoice(i, today=_today(), refunded_on=refunded.get(i.invoice_id))
            for i in records.INVOICES.values()
            if i.customer_id == customer.customer_id
        ]
        wanted = [i for i in shown if status in {None, i["status"]}]
        page, cursor = http.page(request, wanted)
        return http.answer({"invoices": page, "next_cursor": cursor})

    async def get_invoice(self, request: web.Request) -> web.Response:
        """Answer one invoice."""
        invoice = _known(records.INVOICES, request, "invoice")
        refunded = await self._store.read(refunds.days)
        day = refunded.get(invoice.invoice_id)
        return http.answer(records.show_invoice(invoice, today=_today(), refunded_on=day))


def _customer(db: sqlite3.Connection, customer: records.Customer) -> Json:
    today = _today()
    return records.show_customer(
        customer,
        today=today,
        refunded=refunds.days(db),
        plan=str(plans.show_subscription(db, customer, today=today)["plan"]),
        address=addresses.current(db, customer),
    )


def _guarding(tokens: list[str], bucket: Bucket) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if "/acme/v1/" not in request.path:
            return await handler(request)
        given = request.headers.get("Authorization", "")
        if not http.same(given, [f"Bearer {token}" for token in tokens]):
            raise http.failure(401, "unauthorized", "Send Authorization: Bearer with Acme's token.")
        wait = bucket.take()
        if wait:
            error = http.failure(429, "rate_limited", "Too many requests; see Retry-After.")
            error.headers["Retry-After"] = str(int(wait) + 1)
            raise error
        return await handler(request)

    return guard


def _known(table: dict[str, T], request: web.Request, what: str) -> T:
    found = table.get(request.match_info["id"])
    if found is None:
        raise http.failure(404, f"{what}_not_found", f"There is no such {what}.")
    return found


def _trouble(status: int) -> web.Response:
    code = "rate_limited" if status == 429 else "internal_error"
    return http.answer(writes.refuse(status, code, "Acme is in trouble.").body, status=status)


def _today() -> date:
    return datetime.now(UTC).date()
