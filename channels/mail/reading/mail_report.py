"""What a bounce says: who was not reached, for good or for now, and which of our mails it speaks of. Pure.

Reads delivery reports (RFC 3464) and the texts of servers that write none (qmail, old Exim). Believes nothing: whoever
acts on it finds the mail among those that were sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels.mail.reading import mail_decode, mail_mime
from channels.mail.reading.mail_mime import Headers, Part
from channels.mail.reading.mail_patterns import compiled

DELIVERY_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
_BLOCKS_LIMIT = 100
_ROWS_LIMIT = 300
_TEXT_LIMIT = 64_000
_STATUS = compiled(r"(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|$)", groups=True)
_REPLY_CODE = compiled(r"(?:^|[^0-9.])([45])[0-9]{2}[ -]", groups=True)
_COPY_BELOW = (b"--- Below this line is a copy of the message", b"------ This is a copy of ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a bounce says of one recipient, and which of our mails it speaks of.

    `recipient`: the address that was tried last, `asked`: the one that we sent to, where it says so; `action`: failed,
    delayed, delivered, relayed, expanded; `status`: 5.x.x for good, 4.x.x for now, empty if unknown.
    """

    recipient: str
    action: str
    status: str
    original_id: str
    asked: str = ""


def reports(headers: Headers, parts: Sequence[Part], raw: bytes) -> tuple[Report, ...]:
    """Read everything that a bounce says; nothing, if it says nothing that is understood."""
    original = _original_id(headers, parts, raw)
    found = [
        report
        for part in parts
        if part.kind in DELIVERY_STATUS
        for block in part.data(raw).replace(b"\r\n", b"\n").split(b"\n\n")[:_BLOCKS_LIMIT]
        if (report := _report(block, original))
    ]
    return tuple(found or _told(headers, parts, raw, original))


def _report(block: bytes, original: str) -> Report | None:
    fields = mail_mime.headers(block.lstrip(b"\n"))
    final, asked = (_address(fields.one(name)) for name in ("final-recipient", "original-recipient"))
    if not final and not asked:
        return None
    status = fields.one("status").split("(")[0].split(" ")[0]
    return Report(
        recipient=final or asked,
        action=fields.one("action").lower().split(" ")[0],
        status=status or _status(fields.one("diagnostic-code")),
        original_id=original,
        asked=asked,
    )


def _address(value: str) -> str:
    """Give the address of `rfc822; kim+2Btag@example.com`; the sum sign is how such a field writes itself."""
    kind, _, address = value.rpartition(";")
    bare = address.strip().strip("<>")
    return bare.replace("+2B", "+").replace("+2b", "+").replace("+3D", "=") if kind else bare


def _status(text: str) -> str:
    """Find a status in what a server answered; its reply code tells at least which kind it was."""
    if found := _STATUS.search(text[:2_000]):
        return str(found.group(1))
    code = _REPLY_CODE.search(text[:2_000])
    return f"{code.group(1)}.0.0" if code else ""


def _original_id(headers: Headers, parts: Sequence[Part], raw: bytes) -> str:
    """Find which mail came back: in what was returned of it, in the report, or in the bounce's own headers."""
    for found in _candidates(headers, parts, raw):
        if ids := mail_decode.ids(found):
            return ids[-1]
    return ""


def _candidates(headers: Headers, parts: Sequence[Part], raw: bytes) -> Iterator[str]:
    for part in parts:
        if part.kind in _RETURNED:
            yield mail_mime.headers(part.data(raw, _TEXT_LIMIT).lstrip(b"\r\n")).raw("message-id")
    for part in parts:
        if part.kind in DELIVERY_STATUS:
            fields = mail_mime.headers(part.data(raw, _TEXT_LIMIT))
            yield fields.raw("original-message-id") or fields.raw("x-original-message-id")
    for part in parts:
        if part.is_text:
            yield _returned(part.data(raw, _TEXT_LIMIT)).raw("message-id")
    yield headers.raw("in-reply-to")
    yield headers.raw("references")


def _returned(text: bytes) -> Headers:
    """Read the headers of the copy that stands at the end of a bounce's text."""
    for mark in _COPY_BELOW:
        _, found, below = text.partition(mark)
        if found:
            return mail_mime.headers(below.partition(b"\n")[2].lstrip(b"\r\n"))
    return Headers()


def _told(headers: Headers, parts: Sequence[Part], raw: bytes, original: str) -> Iterator[Report]:
    """Read a bounce without a report: qmail begins a paragraph with each address, Exim names them in a header."""
    text = next((part.data(raw, _TEXT_LIMIT) for part in parts if part.is_text and part.kind == "text/plain"), b"")
    for mark in _COPY_BELOW:
        text = text.partition(mark)[0]
    rows = mail_decode.text(text.replace(b"\r\n", b"\n"), "").lower().split("\n")[:_ROWS_LIMIT]
    failed = [box.address for box in mail_decode.mailboxes(headers.raw("x-failed-recipients"))]
    failed = failed or [row[1:-2] for row in rows if row[:1] == "<" and row[-2:] == ">:" and "@" in row]
    for address in dict.fromkeys(failed[:_BLOCKS_LIMIT]):
        at = next((index for index, row in enumerate(rows) if address.lower() in row), len(rows))
        yield Report(
            recipient=address,
            action="failed",
            status=_status("\n".join(rows[at : at + 10])),
            original_id=original,
            asked=address,
        )
