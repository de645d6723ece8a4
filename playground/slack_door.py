"""The door by which the bot enters the pretended Slack: tokens, arguments, limits, faults, the record of every call."""

import sqlite3
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import BodyPartReader, web
from aiohttp.typedefs import Handler, Middleware

from playground import deliveries, faults, http, options, slack_blocks, slack_clicks, slack_rows
from playground.bucket import Bucket
from playground.slack_api import Call
from playground.slack_methods import METHODS, MOST_FILE
from playground.world import World

Json = dict[str, Any]
WIRE = ("/api/", "/upload/", "/hooks/", "/files/")
LIMITED = {"chat.postMessage", "chat.postEphemeral"}
BURST = 3
LOGGED = web.RequestKey("logged", bool)


class Door:
    """The handlers that the bot calls."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._buckets: dict[str, Bucket] = {}

    async def call(self, request: web.Request) -> web.Response:
        """Serve one method; what is wrong is said with status 200, as at Slack."""
        method, args = request.match_info["method"], await _arguments(request)
        wait = self._wait(method, args)
        if wait:
            response = http.answer({"ok": False, "error": "ratelimited"}, status=429)
            response.headers["Retry-After"] = str(int(wait) + 1)
            return response
        if method == "apps.connections.open":
            return await self._connect(request, args)
        refusal = self._refusal(request, method, str(args.pop("token", "")), self._world.options.slack_bot_token)
        base = base_of(request, self._world.options)

        def work(db: sqlite3.Connection) -> tuple[Json, list[deliveries.Delivery]]:
            call = Call(db=db, args=args, settings=self._world.options, base=base)
            body: Json = {"ok": False, "error": refusal} if refusal else _served(call, method)
            slack_rows.log_call(db, method, args, status=200, error=body.get("error"))
            return body, call.caused

        body, caused = await self._store.write(work)
        request[LOGGED] = True
        for delivery in caused:
            self._world.slack.begin(delivery)
        self._world.slack.ring()
        return http.answer(body)

    async def upload(self, request: web.Request) -> web.Response:
        """Take the bytes of a file that was announced; they must be as many as was said."""
        name, content = request.match_info["file"], await _content(request)

        def work(db: sqlite3.Connection) -> bool:
            row = db.execute("SELECT length FROM slack_file WHERE id = ?", (name,)).fetchone()
            fits = row is not None and row["length"] == len(content)
            if fits:
                db.execute("UPDATE slack_file SET content = ? WHERE id = ?", (content, name))
            return fits

        taken = await self._store.write(work)
        return web.Response(text=f"OK - {len(content)}" if taken else "wrong length", status=200 if taken else 400)

    async def download(self, request: web.Request) -> web.Response:
        """Give a file to the bot; who comes without its token gets a page to sign in, with status 200."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not http.same(given, options.every(self._world.options.slack_bot_token)):
            return web.Response(text="<!DOCTYPE html><title>Sign in to Slack</title>", content_type="text/html")
        return await file_of(self._world, request.match_info["file"])

    async def hook(self, request: web.Request) -> web.Response:
        """Take what the bot says through a response URL."""
        name, said = request.match_info["name"], await http.json_object(request)

        def work(db: sqlite3.Connection) -> tuple[str, list[deliveries.Delivery]]:
            state, about = slack_rows.redeem(db, "hook", name)
            if state != "ok":
                return {"used": "used_url", "expired": "expired_url"}.get(state, "no_service"), []
            slack_rows.log_call(db, "response_url", said, status=200, error=None)
            return "", slack_clicks.respond(db, about, said)

        try:
            error, caused = await self._store.write(work)
        except slack_blocks.Refused as refused:
            return web.Response(text=refused.error, status=400)
        for delivery in caused:
            self._world.slack.begin(delivery)
        self._world.slack.ring()
        return web.Response(text=error or "ok", status=404 if error else 200)

    async def _connect(self, request: web.Request, args: Json) -> web.Response:
        error = self._refusal(request, "", str(args.pop("token", "")), self._world.options.slack_app_token)
        await self._store.write(
            lambda db: slack_rows.log_call(db, "apps.connections.open", args, status=200, error=error)
        )
        request[LOGGED] = True
        if error:
            return http.answer({"ok": False, "error": error})
        base = base_of(request, self._world.options).replace("http", "ws", 1)
        return http.answer({"ok": True, "url": f"{base}/link?ticket={self._world.slack.sockets.ticket()}"})

    def _refusal(self, request: web.Request, method: str, token: str, allowed: str) -> str | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer").strip() or token
        if not given:
            return "not_authed"
        if not http.same(given, options.every(allowed)):
            return "invalid_auth"
        path = f"/api/{request.match_info['method']}"
        if self._world.slack_faults.take(("token_revoked",), path, request.method):
            return "token_revoked"
        fault = self._world.slack_faults.take(("api_error",), path, request.method)
        if fault:
            return fault.code or "internal_error"
        return None if method in METHODS or not method else "unknown_method"

    def _wait(self, method: str, args: Json) -> float:
        limit = self._world.slack_faults.look("channel_limit")
        if limit is None or method not in LIMITED:
            if limit is None:
                self._buckets.clear()
            return 0
        fresh = Bucket(rate=1000 / (limit.ms or 1000), room=BURST)
        return self._buckets.setdefault(str(args.get("channel")), fresh).take()


def base_of(request: web.Request, settings: options.Options) -> str:
    """Return the address of this Slack as the bot reaches it."""
    told = settings.slack_api_base.rstrip("/").removesuffix("/api")
    return told or f"{request.url.origin()}{request.path.partition('/slack')[0]}/slack"


async def file_of(world: World, name: str) -> web.Response:
    """Give the bytes of a file, as an attachment."""
    row = await world.store.read(
        lambda db: db.execute("SELECT name, content FROM slack_file WHERE id = ?", (name,)).fetchone()
    )
    if row is None or row["content"] is None:
        raise http.failure(404, "file_not_found", "There is no such file.")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=bytes(row["content"]), content_type="application/octet-stream", headers=headers)


def middlewares(world: World) -> list[Middleware]:
    """Build what stands before the handlers: is there a Slack at all, the record of refused calls, the faults."""
    striking = faults.striking(world.slack_faults, mount="/slack", refuse=_trouble)

    @web.middleware
    async def switch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not world.options.has_slack:
            raise http.failure(404, "slack_is_off", "SLACK_BOT_TOKEN is not set, so there is no Slack here.")
        return await handler(request)

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.partition("/slack")[2]
        if not path.startswith(WIRE):
            return await handler(request)
        if not path.startswith("/api/"):
            return await striking(request, handler)
        args = await _arguments(request)
        response = await striking(request, handler)
        if not request.get(LOGGED):  # it never came to the handler, or was sent away by it
            method = path.removeprefix("/api/")
            error = "ratelimited" if response.status == 429 else "struck"
            shown = {name: value for name, value in args.items() if name != "token"}
            await world.store.write(
                lambda db: slack_rows.log_call(db, method, shown, status=response.status, error=error)
            )
        return response

    return [switch, strike]


def _served(call: Call, method: str) -> Json:
    """Run one method; what it wrote before it refused is undone."""
    call.db.execute("SAVEPOINT method")
    try:
        body = {"ok": True, **METHODS[method](call)}
    except slack_blocks.Refused as refused:
        call.db.execute("ROLLBACK TO method")
        call.caused.clear()
        body = {"ok": False, "error": refused.error}
        if refused.remarks:
            body |= {"errors": refused.remarks, "response_metadata": {"messages": refused.remarks}}
    call.db.execute("RELEASE method")
    return body


async def _arguments(request: web.Request) -> Json:
    """Read arguments from the query and from a form or JSON."""
    query: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            data = orjson.loads(await request.read() or b"{}")
        except orjson.JSONDecodeError:
            data = {}
        return {**query, **(data if isinstance(data, dict) else {})}
    form = await request.post()
    return {**query, **{name: value for name, value in form.items() if isinstance(value, str)}}


async def _content(request: web.Request) -> bytes:
    """Read the bytes of a file: the body itself, or the first part of a form."""
    if request.content_type == "multipart/form-data":
        part = await (await request.multipart()).next()
        return bytes(await part.read(decode=True)) if isinstance(part, BodyPartReader) else b""
    return await http.whole_body(request, most=MOST_FILE)


def _trouble(status: int) -> web.Response:
    if status >= 500:  # as a broken front does, it answers no JSON
        return web.Response(text="<html><title>Server Error</title></html>", status=status, content_type="text/html")
    return http.answer({"ok": False, "error": "ratelimited" if status == 429 else "fatal_error"}, status=status)
