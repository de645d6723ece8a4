"""Reads a request body up to a cap, whatever the headers say about its length. Never logs it."""

from __future__ import annotations

from aiohttp import web


async def read(request: web.Request, *, limit: int) -> bytes:
    """Give the whole body; raises HTTPRequestEntityTooLarge (413) as soon as it is longer than `limit`.

    The count is of unpacked bytes, so a compressed body gains nothing.
    """
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=request.content_length or 0)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body))
    return bytes(body)
