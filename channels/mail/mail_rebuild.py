"""A mail made again of what a provider took out of it, so that every mail goes one way. Pure.

Only for formats without the raw mail. Headers are those that came, in their order; the body is built anew. No signature
of the original can hold for it, and nobody's word about the sender is taken over (`Authentication-Results`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADERS_LIMIT = 1_000
VALUE_LIMIT = 100_000
LINE = 76
_OURS = frozenset({"mime-version", "authentication-results", "dkim-signature", "x-throughline-rebuilt"})
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An attachment as a provider gives it."""

    name: str
    kind: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What a provider gave. `headers` in their order; `extra` are for those of them that are not there."""

    provider: str
    headers: Sequence[tuple[str, str]]
    extra: Sequence[tuple[str, str]]
    text: str
    html: str
    files: Sequence[File] = ()


def mail(pieces: Pieces) -> bytes:
    """Build the mail."""
    given = [(name, value) for name, value in pieces.headers if _is_kept(name)][:HEADERS_LIMIT]
    names = {name.lower() for name, _ in given}
    given += [(name, value) for name, value in pieces.extra if name.lower() not in names and value]
    body, kind = _body(pieces)
    head = [("X-Throughline-Rebuilt", pieces.provider), *given, ("MIME-Version", "1.0")]
    return b"".join(_header(name, value) for name, value in head) + kind + b"\r\n" + body


def enveloped(raw: bytes, *, sender: str | None, recipients: Iterable[str]) -> bytes:
    """Put above a mail what its envelope said, as a mail server does that delivers it."""
    head = [] if sender is None else [("Return-Path", f"<{sender.strip().strip('<>')}>")]
    head += [("Delivered-To", recipient) for recipient in recipients if recipient]
    return b"".join(_header(name, value) for name, value in head) + raw


def _is_kept(name: str) -> bool:
    lower = name.lower()
    return bool(name) and _TOKEN.issuperset(name) and lower not in _OURS and not lower.startswith("content-")


def _header(name: str, value: str) -> bytes:
    """Write one header on one line: whatever breaks lines in it would begin another."""
    line = " ".join(value[:VALUE_LIMIT].split())
    return f"{name}: {line}\r\n".encode("utf-8", "replace").replace(b"\x00", b"")


def _body(pieces: Pieces) -> tuple[bytes, bytes]:
    texts = [
        _part(f'text/{kind}; charset="utf-8"', text.encode("utf-8", "replace"))
        for kind, text in (("plain", pieces.text), ("html", pieces.html))
        if text
    ] or [_part('text/plain; charset="utf-8"', b"")]
    seed = hashlib.sha256(b"".join(texts)).hexdigest()[:24]
    whole = texts[0] if len(texts) == 1 else _joined("alternative", f"a-{seed}", texts)
    if pieces.files:
        whole = _joined("mixed", f"m-{seed}", [whole, *[_file(one) for one in pieces.files]])
    kind, _, body = whole.partition(b"\r\n\r\n")
    return body, kind + b"\r\n"


def _joined(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    mark = f"--{boundary}".encode()
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _part(kind: str, data: bytes, *more: tuple[str, str]) -> bytes:
    head = [("Content-Type", kind), ("Content-Transfer-Encoding", "base64"), *more]
    return b"".join(_header(name, value) for name, value in head) + b"\r\n" + _lines(base64.b64encode(data))


def _file(one: File) -> bytes:
    name = "".join(char for char in one.name if char.isprintable() and char not in '"\\')[:200] or "file"
    kind = one.kind if one.kind.count("/") == 1 and _TOKEN.issuperset(one.kind.replace("/", "")) else ""
    if kind.startswith(("multipart/", "message/")):  # as a file it must not be taken apart
        kind = ""
    more = [("Content-Disposition", f'attachment; filename="{name}"')]
    more += [("Content-ID", f"<{one.content_id.strip('<>')}>")] if one.content_id else []
    return _part(kind or "application/octet-stream", one.data, *more)


def _lines(data: bytes) -> bytes:
    return b"\r\n".join(data[start : start + LINE] for start in range(0, len(data), LINE))
