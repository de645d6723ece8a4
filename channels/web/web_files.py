"""The chat's two files, as they are sent: the widget's script and the demo page. Read once, packed once."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).resolve().parent / "widget"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file with everything that does not change between requests."""

    body: bytes = field(repr=False)
    packed: bytes = field(repr=False)
    etag: str
    content_type: str
    headers: dict[str, str]

    @classmethod
    def load(cls, name: str, *, content_type: str, headers: dict[str, str]) -> File:
        """Read and pack a file of the widget's folder."""
        body = (FOLDER / name).read_bytes()
        return cls(
            body=body,
            packed=gzip.compress(body, compresslevel=9, mtime=0),
            etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
            content_type=content_type,
            headers={"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff", **headers},
        )

    def answer(self, request: web.Request) -> web.Response:
        """Give the file, packed where the client can unpack it, or 304 when it has it."""
        headers = {**self.headers, "ETag": self.etag}
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
        if self.etag in known or "*" in known:
            return web.Response(status=304, headers=headers)
        body = self.body
        if "gzip" in request.headers.get("Accept-Encoding", "").lower():
            headers["Content-Encoding"] = "gzip"
            body = self.packed
        return web.Response(body=body, content_type=self.content_type, charset="utf-8", headers=headers)


def script() -> File:
    """Load the widget, which any page may embed; browsers ask again after five minutes."""
    shared = {
        "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return File.load("widget.js", content_type="text/javascript", headers=shared)


def page() -> File:
    """Load the demo page."""
    own = {"Cache-Control": "no-cache", "Referrer-Policy": "same-origin"}
    return File.load("demo.html", content_type="text/html", headers=own)
