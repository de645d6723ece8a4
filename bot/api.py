"""The operators' API under /api/v1: sessions, events, users, tickets, actions; undoing a link. Needs a token."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import orjson
from aiohttp import web

from bot.parts import Parts
from config.settings import Settings
from state import errors
from state import events as ev
from state.hints import Hints
from state.identity import Address
from state.messages import Called
from state.session import Session, Task

LONGEST_WAIT_S = 25.0
MOST = 200
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: object, *, status: int = 200) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def problem(status: int, code: str, message: str) -> web.Response:
    """An error in words: `{"error": {"code", "message"}}`."""
    return answer({"error": {"code": code, "message": message}}, status=status)


class Refusal(Exception):
    """A request that is no call: its status, a code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take what is answered."""
        super().__init__(message)
        self.status, self.code = status, code


def bears(request: web.Request, wanted: bytes) -> bool:
    """Whether a request carries this bearer token, whatever bytes stand in its place."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip().encode(errors="surrogateescape")
    return hmac.compare_digest(given, wanted) and kind.lower() == "bearer"


def behind_token(settings: Settings, handler: Handler) -> Handler:
    """Let only operators reach a handler."""
    wanted = settings.api_token.get_secret_value().encode()

    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if not bears(request, wanted):
            return problem(401, "unauthorized", "This needs the header Authorization: Bearer API_TOKEN.")
        return await handler(request)

    return guarded


class Api:
    """The handlers, over the store."""

    def __init__(self, parts: Parts, hints: Hints) -> None:
        """`hints` wake a long poll."""
        self._parts = parts
        self._store = parts.store
        self._hints = hints

    def routes(self) -> list[web.RouteDef]:
        """Every route, each behind the token."""
        table: dict[str, Handler] = {
            "/api/v1/sessions": self.sessions,
            "/api/v1/sessions/{id}": self.session,
            "/api/v1/sessions/{id}/events": self.events,
            "/api/v1/users": self.users,
            "/api/v1/tickets": self.tickets,
            "/api/v1/actions/{id}": self.action,
        }
        routes = [web.get(path, self._behind_token(handler)) for path, handler in table.items()]
        return [
            *routes,
            web.post("/api/v1/users/{id}/unlink", self._behind_token(self.unlink)),
        ]

    def _behind_token(self, handler: Handler) -> Handler:
        return behind_token(self._parts.settings, handler)

    async def sessions(self, request: web.Request) -> web.Response:
        """`?limit=&before=`: sessions by last activity (`before`: ms)."""
        rows = await self._store.sessions(
            limit=_number(request, "limit", 100, MOST), before=_optional(request, "before")
        )
        return answer({"sessions": [dict(row) for row in rows]})

    async def session(self, request: web.Request) -> web.Response:
        """One session: its task, what it waits for, its tickets."""
        found = await self._store.session(request.match_info["id"])
        if found is None:
            return problem(404, "not_found", "There is no such session.")
        row, session = found
        return answer(_session(dict(row), session))

    async def events(self, request: web.Request) -> web.Response:
        """`?after=&wait=`: events after a seq; with `wait` (seconds) it waits for news when there is none."""
        session_id = request.match_info["id"]
        after, wait = _number(request, "after", 0), _number(request, "wait", 0)
        if await self._store.session(session_id) is None:
            return problem(404, "not_found", "There is no such session.")
        async with self._hints.subscribe(f"session:{session_id}") as feed:
            found = await self._store.events(session_id, after)
            if not found and wait:
                await feed.get(min(float(wait), LONGEST_WAIT_S))
                found = await self._store.events(session_id, after)
        return answer({"events": [_event(stored) for stored in found]})

    async def users(self, request: web.Request) -> web.Response:
        """`?identity=channel:address`: the user of an address, with the session it stands in."""
        text = request.query.get("identity", "")
        try:
            address = Address.parse(text)
        except ValueError:
            return problem(400, "bad_identity", "identity: write channel:address, such as whatsapp:+15550101001.")
        row = await self._store.live(address)
        if row is None:
            return answer({"users": []})
        known = await self._store.addresses(row["user_id"])
        identities = [{"channel": a.channel, "address": a.address, "assurance": level.value} for _, a, level in known]
        return answer({"users": [{"id": row["user_id"], "session": row["id"], "identities": identities}]})

    async def unlink(self, request: web.Request) -> web.Response:
        """`{"identity": "channel:address"}`: undo the newest link of an address of this user."""
        try:
            address = Address.parse(orjson.loads(await request.read())["identity"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
            return problem(400, "bad_body", 'The body must be JSON like {"identity": "whatsapp:+15550101001"}.')
        live = await self._store.live(address)
        if live is None or live["user_id"] != request.match_info["id"]:
            return problem(404, "not_found", "This user has no such identity.")
        parted = await self._store.unlink(address, reason="operator")
        if parted.changed:
            self._hints.publish(f"session:{parted.left}", {"reset": True})
            self._hints.publish("wake", {"ms": 0})
        return answer({"changed": parted.changed, "user": parted.user_id, "session": parted.session_id})

    async def tickets(self, request: web.Request) -> web.Response:
        """`?limit=`: tickets, newest first."""
        return answer({"tickets": await self._store.tickets(limit=_number(request, "limit", 100, MOST))})

    async def action(self, request: web.Request) -> web.Response:
        """One action as the ledger has it, and who of staff decided on it, when and why."""
        row = await self._store.action(request.match_info["id"])
        if row is None:
            begun = await self._store.calls.of(request.match_info["id"])
            return answer(_call(begun)) if begun else problem(404, "not_found", "There is no such action.")
        found = await self._store.session(row["session_id"])
        known = found[1].actions.get(row["id"]) if found else None
        approval = asdict(known.approval) if known and known.approval else None
        actor = {"actor": known.actor} if known else {}
        return answer({**dict(row), **actor, "approval": approval})


def _call(now: Called) -> dict[str, Any]:
    """A call whose write is not in the ledger: it was not begun yet, or was refused before it could be proposed."""
    return {
        "id": now.action,
        "session_id": now.session_id,
        "tool": now.tool,
        "version": now.version,
        "state": now.state,
        "error": (now.answer or {}).get("error"),
    }


def _number(request: web.Request, name: str, default: int, most: int | None = None) -> int:
    found = _optional(request, name)
    value = default if found is None else found
    return min(value, most) if most else value


def _optional(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise errors.BadInput(f"{name}: must be a whole number")
    return int(text)


def _event(stored: ev.Stored) -> dict[str, Any]:
    """An event as operators see it; a model's prompt stays out."""
    data = asdict(stored.data) if stored.data else {"erased": True}
    data.pop("prompt", None)
    channel = data.get("channel")
    return {
        "seq": stored.seq,
        "kind": stored.kind,
        "at": stored.at,
        "channel": channel,
        "turn": stored.turn,
        "data": data,
    }


def _session(row: dict[str, Any], session: Session) -> dict[str, Any]:
    return {
        "id": row["id"],
        "user": row["user_id"],
        "mode": row["mode"],
        "holder": asdict(session.holder) if session.holder else None,
        "seq": row["next_seq"] - 1,
        "forwarded_to": row["forwarded_to"],
        "channels": sorted({reach.channel for reach in session.reach.values()}),
        "customer": session.customer_id,
        "task": _task(session, session.task) if session.task else None,
        "tasks": [_task(session, task) for task in (*session.ended, *session.waiting)],
        "tickets": [asdict(ticket) for ticket in session.tickets],
    }


def _task(session: Session, task: Task) -> dict[str, Any]:
    question = task.question
    slots = {name: slot.value for name, slot in task.slots.items()}
    if session.customer_id and "customer_id" not in slots:
        slots["customer_id"] = session.customer_id
    return {
        "id": task.id,
        "workflow": task.workflow,
        "step": task.step,
        "slots": slots,
        "confirmation": slots.get("confirmation"),
        "outcome": task.outcome,
        "question": {"slot": question.slot, "choices": [c["label"] for c in question.choices]} if question else None,
        "actions": [
            {"id": a.id, "tool": a.tool, "state": a.state, "terms": a.terms}
            for a in session.actions.values()
            if a.task == task.id
        ],
    }
