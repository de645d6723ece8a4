"""Small words for JSON over HTTP that all parts share. It decides nothing."""

import ipaddress
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Json = dict[str, Any]


class Failure(web.HTTPException):
    """An error answer that ends the handler."""

    def __init__(self, status: int, body: Json) -> None:
        self.status_code = status
        super().__init__(text=orjson.dumps(body).decode(), content_type="application/json")


def answer(data: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with JSON that no cache keeps."""
    return web.Response(
        body=orjson.dumps(data),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def failure(status: int, code: str, message: str) -> Failure:
    """Build an error the way all the playground's own errors look."""
    return Failure(status, {"error": {"code": code, "message": message}})


def bad_request(message: str) -> Failure:
    """Build the error for a request that cannot be understood."""
    return failure(400, "bad_request", message)


async def whole_body(request: web.Request, *, most: int) -> bytes:
    """Read a body up to a limit of its own, whatever the server's is."""
    found = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        found += chunk
        if len(found) > most:
            raise failure(413, "too_large", f"The body is larger than {most} bytes.")
    return bytes(found)


async def json_object(request: web.Request, *, most: int | None = None) -> Json:
    """Read the body as a JSON object; an empty body is an empty object."""
    raw = await (request.read() if most is None else whole_body(request, most=most))
    try:
        data = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise bad_request("the body is not JSON") from error
    if not isinstance(data, dict):
        raise bad_request("the body must be a JSON object")
    return data


def whole(source: Any, name: str, *, default: int, least: int, most: int = 1_000_000) -> int:  # noqa: ANN401
    """Read a whole number from a mapping within its bounds."""
    value = source.get(name, default)
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise bad_request(f"{name} must be a whole number") from None
    if not least <= number <= most:
        raise bad_request(f"{name} must be between {least} and {most}")
    return number


def page(request: web.Request, items: Sequence[Json]) -> tuple[Sequence[Json], str | None]:
    """Cut the page that `cursor` and `limit` ask for; returns it and the cursor of the next."""
    start = whole(request.query, "cursor", default=0, least=0)
    limit = whole(request.query, "limit", default=20, least=1, most=100)
    end = start + limit
    return items[start:end], str(end) if end < len(items) else None


def listed(source: Json, name: str) -> list[Any]:
    """Read a list from a body; nothing is an empty one."""
    value = source.get(name) or []
    if not isinstance(value, list):
        raise bad_request(f"{name} must be a list")
    return value


def mapping(source: Json, name: str) -> Json:
    """Read an object from a body; nothing is an empty one."""
    value = source.get(name) or {}
    if not isinstance(value, dict):
        raise bad_request(f"{name} must be an object")
    return value


def same(given: str, allowed: list[str]) -> bool:
    """Compare a secret with all that are taken, in constant time."""
    found = [secrets.compare_digest(given.encode(errors="surrogateescape"), secret.encode()) for secret in allowed]
    return any(found)


def own_pages_only(*origins: str) -> Middleware:
    """Build the middleware that refuses writes sent by a page of another site."""
    own = {urlsplit(origin).netloc for origin in origins}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in {"GET", "HEAD"} and _is_foreign(request, own):
            raise failure(403, "foreign_origin", "This is not for pages of other sites; PUBLIC_URL names our own.")
        return await handler(request)

    return check


def _is_foreign(request: web.Request, own: set[str]) -> bool:
    """Tell whether another site's page sent this: by Origin, or by what a browser says in its place.

    A page under a name that its owner turned to this machine has the same Host; so that counts only without a name.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}
    try:
        parts = urlsplit(origin)
        return parts.netloc not in own and not (parts.netloc == request.host and _is_nameless(parts.hostname or ""))
    except ValueError:
        return True


def _is_nameless(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False
