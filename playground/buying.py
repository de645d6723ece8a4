"""What Acme's purchasing API lets one read: vendors, orders, the bills of one vendor."""

from datetime import UTC, date, datetime

from aiohttp import web

from playground import http, payables
from playground.store import Store


def routes(store: Store) -> list[web.RouteDef]:
    """Build the routes that read."""
    buying = _Buying(store)
    return [
        web.get("/v1/vendors", buying.vendors),
        web.get("/v1/purchase_orders/{id}", buying.order),
        web.get("/v1/vendors/{id}/invoices", buying.invoices),
    ]


class _Buying:
    """The handlers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def vendors(self, request: web.Request) -> web.Response:
        """Find vendors by the e-mail address, phone number or customer number on file."""
        email, phone, customer = (request.query.get(name) for name in ("email", "phone", "customer_id"))
        return http.answer({"vendors": payables.vendors(email=email, phone=phone, customer=customer)})

    async def order(self, request: web.Request) -> web.Response:
        """Answer one order."""
        order = payables.ORDERS.get(request.match_info["id"])
        if order is None:
            raise http.failure(404, "order_not_found", "There is no such order.")
        return http.answer(await self._store.read(lambda db: payables.show_order(db, order, today=_today())))

    async def invoices(self, request: web.Request) -> web.Response:
        """Answer the bills of one vendor."""
        vendor = request.match_info["id"]
        found = await self._store.read(lambda db: list(payables.bills(db, vendor, today=_today())))
        page, cursor = http.page(request, found)
        return http.answer({"invoices": page, "next_cursor": cursor})


def _today() -> date:
    return datetime.now(UTC).date()
