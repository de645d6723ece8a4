"""Who may reach the web chat from where: origins, CORS, hosts. Decides by what browsers send, never by a cookie."""

from __future__ import annotations

import ipaddress

from aiohttp import web

PREFLIGHT_S = "600"


class Guard:
    """The origins that may use the chat."""

    def __init__(self, origins: frozenset[str]) -> None:
        """Take the exact origins."""
        self._origins = origins

    def admits(self, request: web.Request) -> bool:
        """Say whether a page that may chat sent this.

        Browsers send no Origin with a GET to the page's own server, but they say that it is the same.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            same = request.headers.get("Sec-Fetch-Site") == "same-origin"
            return same and request.method in {"GET", "HEAD"} and "Upgrade" not in request.headers
        return origin.lower() in self._origins

    def check(self, request: web.Request) -> None:
        """Raise 403 for a page that may not chat."""
        if not self.admits(request):
            raise web.HTTPForbidden(text="this origin may not use the chat; see WEB_ALLOWED_ORIGINS\n")

    def headers(self, request: web.Request) -> dict[str, str]:
        """Give the CORS headers of an answer; they name the one origin that asked."""
        found = {"Vary": "Origin", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        origin = request.headers.get("Origin")
        if origin is not None and self.admits(request):
            found["Access-Control-Allow-Origin"] = origin
        return found

    def preflight(self, request: web.Request) -> web.Response:
        """Answer a browser that asks before it sends."""
        self.check(request)
        allowed = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
            "Access-Control-Max-Age": PREFLIGHT_S,
        }
        return web.Response(status=204, headers={**self.headers(request), **allowed})


def host_of(request: web.Request) -> str | None:
    """Name the host that a request came from, for limits; None when it cannot be told from its neighbours.

    A proxy of ours speaks from a private address and appends the true one; from elsewhere that header is anybody's.
    """
    try:
        peer = ipaddress.ip_address((request.remote or "").partition("%")[0])
    except ValueError:
        return None
    if not (peer.is_private or peer.is_loopback):
        return str(peer)
    nearest = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return nearest[:64] or None
