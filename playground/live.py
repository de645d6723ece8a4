"""What the bot knows right now, for the page: read from the operators' API, never from its database."""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from playground import http, records, writes
from playground.world import World

Json = dict[str, Any]
WAIT_S = 20
BRIEF_S = 2  # while it is somebody else who is shown, because who was asked for has not written yet
IDLE_S = 1.5
DEADLINE = aiohttp.ClientTimeout(total=WAIT_S + 5, connect=3)


class Unreachable(Exception):
    """The bot did not answer, or not with what was asked for; the message says it in a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the page wants to see: whose conversations, which of them, and from where on."""

    visitor: str | None
    customer: str
    phone: str
    email: str
    view: str
    session: str
    after: int


class Live:
    """The handler behind the live panel; it only reads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._http: aiohttp.ClientSession | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the client for as long as the context lasts."""
        async with aiohttp.ClientSession(timeout=DEADLINE) as self._http:
            yield

    async def show(self, request: web.Request) -> web.Response:
        """Answer identities, task state, new events and the ledger; waits up to 20 s for news."""
        asked = _asked(request)
        look = asyncio.ensure_future(self._look(asked))
        stop = asyncio.ensure_future(self._world.carrier.closing.wait())
        await asyncio.wait({look, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not look.done():
            look.cancel()
            return http.answer({"state": "offline"})
        return http.answer({**look.result(), "ledger": await self._ledger(asked.customer)})

    async def _look(self, asked: Asked) -> Json:
        try:
            people = await self._people(asked)
            chosen = _chosen(people, asked.view)
            if chosen is None:
                await asyncio.sleep(IDLE_S)
                return {"state": "quiet", "people": people}
            return {
                "state": "ok",
                "people": people,
                **await self._session(chosen, asked, wait=WAIT_S if people.get(asked.view) else BRIEF_S),
            }
        except Unreachable as error:
            await asyncio.sleep(IDLE_S)
            return {"state": str(error)}

    async def _people(self, asked: Asked) -> Json:
        """Look up who the bot thinks writes from the website, from the phone and from the mailbox."""
        found = {
            "web": await self._user(f"web:{asked.visitor}") if asked.visitor else None,
            "phone": await self._user(f"whatsapp:{asked.phone}"),
            "mail": await self._user(f"email:{asked.email}") if self._world.options.has_mail else None,
        }
        known = [user.get("id") for user in found.values() if user]
        return {**found, "same": len(known) > 1 and len(set(known)) == 1}

    async def _user(self, identity: str) -> Json | None:
        users = (await self._get("/api/v1/users", identity=identity)).get("users") or []
        return users[0] if users else None

    async def _session(self, session: str, asked: Asked, *, wait: int) -> Json:
        """Wait for events, then read the state they led to."""
        after = asked.after if session == asked.session else 0
        path = f"/api/v1/sessions/{session}"
        found = await self._get(f"{path}/events", after=str(after), wait=str(wait if after else 0))
        return {"session": await self._get(path), "events": found.get("events") or [], "fresh": after == 0}

    async def _get(self, path: str, **query: str) -> Json:
        if self._http is None:
            raise Unreachable("offline")
        url = self._world.options.bot_url + path
        headers = {"Authorization": f"Bearer {self._world.options.api_token}"}
        try:
            async with self._http.get(url, params=query, headers=headers) as response:
                if response.status == 404:
                    return {}
                if response.status >= 400:
                    raise Unreachable("refused" if response.status in {401, 403} else "broken")
                data = orjson.loads(await response.read())
        except (aiohttp.ClientError, TimeoutError):
            raise Unreachable("offline") from None
        except orjson.JSONDecodeError:
            raise Unreachable("broken") from None
        return data if isinstance(data, dict) else {}

    async def _ledger(self, customer: str) -> list[Json]:
        return await self._world.store.read(lambda db: writes.ledger(db, customer=customer))


def visitor_of(token: str) -> str | None:
    """Read the visitor's id from its token; the signature is the bot's business, this only looks up."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > 4096:
        return None
    try:
        payload = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    subject = payload.get("sub") if isinstance(payload, dict) else None
    return subject if isinstance(subject, str) else None


def _asked(request: web.Request) -> Asked:
    customer = records.CUSTOMERS.get(request.query.get("customer", ""))
    if customer is None:
        raise http.failure(404, "customer_not_found", "There is no such customer.")
    return Asked(
        visitor=visitor_of(request.headers.get("X-Visitor", "") or request.query.get("visitor", "")),
        customer=customer.customer_id,
        phone=customer.phone,
        email=customer.email,
        view=request.query.get("view", "web"),
        session=request.query.get("session", ""),
        after=http.whole(request.query, "after", default=0, least=0, most=2**53),
    )


def _chosen(people: Json, view: str) -> str | None:
    order = [view, *(name for name in ("web", "phone", "mail") if name != view)]
    user = next((people[name] for name in order if people.get(name)), None)
    session = user.get("session") if user else None
    return str(session) if session else None
