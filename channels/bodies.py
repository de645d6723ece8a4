"""Reads a request body up to a cap, whatever the headers say about its length. Never logs it."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web


async def read(request: web.Request, *, limit: int, took: Callable[[int], None] | None = None) -> bytes:
    """Give the whole body; raises HTTPRequestEntityTooLarge (413) as soon as it is longer than `limit`.

    `took` is told the size of each piece before it is kept, and may raise.
    The count is of unpacked bytes, so a compressed body gains nothing. One that breaks off, or is not packed as it
    says, raises HTTPBadRequest (400).
    """
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=request.content_length or 0)
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            if len(body) + len(chunk) > limit:
                raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body) + len(chunk))
            if took is not None:
                took(len(chunk))
            body += chunk
    except (web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest(text="the body does not arrive as its headers say\n") from None
    return bytes(body)
