"""What Acme's sales API lets one read: free times, leads as they stand, what registers say of companies."""

from datetime import UTC, date, datetime

from aiohttp import web

from playground import http, leads, meetings
from playground.store import Store

MOST_DAYS = 31


def routes(store: Store) -> list[web.RouteDef]:
    """Build the routes that read."""
    sales = _Sales(store)
    return [
        web.get("/v1/calendar", sales.calendar),
        web.get("/v1/crm/leads", sales.leads),
        web.get("/v1/companies", sales.companies),
    ]


class _Sales:
    """The handlers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def calendar(self, request: web.Request) -> web.Response:
        """Answer the free times of some days, as Acme's clocks count them."""
        days = http.whole(request.query, "days", default=7, least=1, most=MOST_DAYS)
        minutes = http.whole(request.query, "duration_minutes", default=30, least=15, most=60)
        try:
            first = date.fromisoformat(request.query.get("from", ""))
        except ValueError:
            raise http.bad_request("from must be a day such as 2026-11-30") from None
        taken = await self._store.read(meetings.booked)
        found = meetings.free(first, days, minutes=minutes, taken=taken, now=datetime.now(UTC))
        shown = [meetings.show(start, minutes) for start in found]
        return http.answer({"slots": shown, "time_zone": meetings.ZONE.key})

    async def leads(self, request: web.Request) -> web.Response:
        """Find leads by e-mail address or number."""
        email, number = request.query.get("email"), request.query.get("lead_id")
        found = await self._store.read(lambda db: leads.current(db, email=email, lead_id=number))
        return http.answer({"leads": found})

    async def companies(self, request: web.Request) -> web.Response:
        """Answer what the registers say of the company with this domain."""
        return http.answer({"companies": leads.companies(request.query.get("domain"))})
