"""The routes of every kind of write at Acme: POST once for a key, GET by number, GET those that match."""

from datetime import UTC, datetime

from aiohttp import web

from playground import addresses, disputes, http, leads, meetings, onboarding, payables, plans, refunds, writes
from playground.store import Store

KINDS = (
    *(refunds.KIND, disputes.KIND, addresses.KIND, plans.KIND),
    *(meetings.KIND, leads.KIND, leads.UPDATE),
    *(onboarding.TASK, onboarding.INVITE, payables.KIND),
)


def routes(store: Store) -> list[web.RouteDef]:
    """Build the routes of all kinds."""
    return [route for kind in KINDS for route in _Written(store, kind).routes()]


class _Written:
    """The handlers of one kind."""

    def __init__(self, store: Store, kind: writes.Kind) -> None:
        self._store = store
        self._kind = kind

    def routes(self) -> list[web.RouteDef]:
        path = f"/v1/{self._kind.path}"
        return [web.post(path, self._create), web.get(path, self._find), web.get(f"{path}/{{id}}", self._get)]

    async def _create(self, request: web.Request) -> web.Response:
        """Take a request once for each Idempotency-Key."""
        key = request.headers.get("Idempotency-Key", "").strip()
        if not 1 <= len(key) <= 255:
            raise http.failure(400, "idempotency_key_required", "Send an Idempotency-Key of 1 to 255 characters.")
        wanted = await http.json_object(request)
        now = datetime.now(UTC)
        made = await self._store.write(lambda db: writes.create(db, self._kind, key=key, request=wanted, now=now))
        headers = {"Idempotency-Replayed": "true"} if made.replayed else None
        return http.answer(made.body, status=made.status, headers=headers)

    async def _find(self, request: web.Request) -> web.Response:
        """Find by idempotency key, customer, or the fields this kind can be found by."""
        key, customer = (request.query.get(name) for name in ("key", "customer_id"))
        fields = {name: request.query[name] for name in self._kind.filters if name in request.query}
        found = await self._store.read(
            lambda db: writes.search(db, self._kind.name, key=key, customer=customer, fields=fields)
        )
        page, cursor = http.page(request, found)
        return http.answer({self._kind.path: page, "next_cursor": cursor})

    async def _get(self, request: web.Request) -> web.Response:
        """Answer one by its number."""
        number = request.match_info["id"]
        found = await self._store.read(lambda db: writes.get(db, self._kind, number))
        if found is None:
            raise http.failure(404, f"{self._kind.noun}_not_found", f"There is no such {self._kind.noun}.")
        return http.answer(found)
