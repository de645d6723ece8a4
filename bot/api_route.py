"""POST /api/v1/route: a dry run of what a text would mean, and which tools its writer may use. Changes nothing."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot import api
from bot.api_tools import read_body
from bot.parts import Parts
from state.identity import Assurance
from state.session import Session
from state.sql.database import Row
from tools import schema
from tools.base import Caller

PATH = "/api/v1/route"
CUSTOMER = "customer"
LEVELS = (Assurance.VERIFIED, Assurance.CHANNEL)


class Body(BaseModel):
    """What is asked: a text, and whose it is; without `user` (an id or an address) a newcomer's."""

    model_config = ConfigDict(extra="forbid", strict=True)
    text: Annotated[str, Field(max_length=20_000)]
    user: Annotated[str, Field(min_length=1, max_length=400)] | None = None


class RouteApi:
    """The handler."""

    def __init__(self, parts: Parts) -> None:
        """Take the classifier and the gateway."""
        self._parts = parts

    def routes(self) -> list[web.RouteDef]:
        """The one route, behind the token."""
        return [web.post(PATH, api.behind_token(self._parts.settings, self.route))]

    async def route(self, request: web.Request) -> web.Response:
        """What a text would mean, how sure that is, what else it could mean; each tool with whether it may be used."""
        try:
            asked = Body.model_validate(orjson.loads(await read_body(request)))
        except orjson.JSONDecodeError:
            return api.problem(400, "bad_body", 'The body must be JSON like {"text": "where is my refund"}.')
        except ValidationError as error:
            return api.problem(400, "bad_body", schema.explain(error))
        except api.Refusal as error:
            return api.problem(error.status, error.code, str(error))
        found = await self._parts.store.calls.place(asked.user) if asked.user else None
        if asked.user and found is None:
            return api.problem(404, "unknown_user", "There is no such user.")
        intent, confidence, runners_up = self._parts.offline.classify(asked.text)
        tools = self._tools(_caller(found, self._parts.scopes))
        return api.answer({"intent": intent, "confidence": confidence, "runners_up": runners_up, "tools": tools})

    def _tools(self, caller: Caller) -> list[dict[str, Any]]:
        return [
            {"name": one.name, "eligible": one.ok, "why": one.why or None}
            for one in self._parts.gateway.eligible(caller)
        ]


def _caller(found: tuple[Row, Session] | None, scopes: frozenset[str]) -> Caller:
    """The person as tools see them, as far as they are proven on any channel."""
    row, session = found or ({"id": "", "user_id": ""}, Session())
    proven = {reach.assurance for reach in session.reach.values()}
    return Caller(
        actor=CUSTOMER,
        session_id=row["id"],
        user_id=row["user_id"],
        channel="",
        assurance=next((level for level in LEVELS if level.value in proven), Assurance.CLAIMED),
        customer_id=session.customer_id,
        scopes=scopes,
    )
