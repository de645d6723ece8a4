"""The HTTP server's own routes: health, readiness, metrics, the landing page; and the net under every handler."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot import api, metrics, observe
from bot.parts import Parts
from state import errors
from state.hints import Hints
from tools.http import Systems

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = observe.get_logger()
BODY = 256 * 1024
# What proxies add, by one name or another; who comes through one comes from elsewhere.
PROXIES = frozenset({
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip",
    "x-client-ip", "x-original-forwarded-for", "true-client-ip", "cf-connecting-ip", "fastly-client-ip",
})  # fmt: skip

LANDING = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Throughline</title><style>
body{font:16px/1.6 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem;color-scheme:light dark}
</style><h1>Throughline</h1><p>The bot is running. Try the <a href="/chat">web chat</a>.</p></html>"""


@web.middleware
async def net(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing a caller sends ends in a stack trace: errors become short answers, the log gets the rest."""
    with observe.bound(request=secrets.token_hex(6)):
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except errors.BadInput as error:
            return api.problem(400, "bad_request", str(error))
        except errors.RetryLater as error:
            log.warning("request_postponed", path=request.path, error=str(error))
            response = api.problem(503, "unavailable", "The service is busy or restarting; please try again shortly.")
            response.headers["Retry-After"] = "2"
            return response
        except Exception:
            log.exception("request_failed", path=request.path)
            return api.problem(500, "internal", "Something went wrong on our side.")


class Health:
    """Liveness, readiness and metrics."""

    def __init__(self, parts: Parts, hints: Hints, systems: Systems, ready: Callable[[], bool]) -> None:
        """`systems`: the outside APIs; `ready`: whether this process takes messages."""
        self._parts = parts
        self._hints = hints
        self._systems = systems
        self._ready = ready

    def routes(self) -> list[web.RouteDef]:
        """The three routes."""
        return [web.get("/healthz", self.alive), web.get("/readyz", self.ready), web.get("/metrics", self.figures)]

    async def alive(self, _: web.Request) -> web.Response:
        """The process runs."""
        return api.answer({"status": "ok"})

    async def ready(self, _: web.Request) -> web.Response:
        """Whether messages can be taken, with reasons; a dead Redis, or an outside API, is a warning only."""
        reasons, warnings = [], []
        if not self._ready():
            reasons.append("draining: the process is stopping")
        try:
            await self._parts.store.health()
        except errors.BotError as error:
            reasons.append(f"database: {error}")
        if not self._hints.healthy:
            warnings.append("redis: hints do not reach other processes; replies may be up to 1 s late")
        warnings += [
            f"{name}: left alone after too many failures, asked again in {seconds:.0f} s"
            for name, seconds in self._systems.left_alone().items()
            if seconds is not None
        ]
        status = {"status": "ready" if not reasons else "not ready", "reasons": reasons, "warnings": warnings}
        return api.answer(status, status=200 if not reasons else 503)

    async def figures(self, request: web.Request) -> web.Response:
        """Prometheus figures: from this machine, or with the bearer token."""
        token = self._parts.settings.api_token.get_secret_value().encode()
        if not (_is_local(request) or api.bears(request, token)):
            return api.problem(
                401, "unauthorized", "From elsewhere this needs the header Authorization: Bearer API_TOKEN."
            )
        figures = await self._parts.store.health()
        metrics.outbox_is({"open": figures["outbox_open"]}, figures["outbox_age_ms"] / 1000)
        metrics.systems_are(self._systems.left_alone())
        body, content_type = metrics.exposed()
        return web.Response(body=body, headers={"Content-Type": content_type})


def _is_local(request: web.Request) -> bool:
    """Whether the request comes from this machine, and not through a proxy on it."""
    try:
        return (
            PROXIES.isdisjoint(name.lower() for name in request.headers)
            and ipaddress.ip_address(request.remote or "").is_loopback
        )
    except ValueError:
        return False


async def landing(_: web.Request) -> web.Response:
    """The plain page when the playground is off."""
    return web.Response(text=LANDING, content_type="text/html")
