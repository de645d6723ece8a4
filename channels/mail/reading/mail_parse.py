"""A raw mail read: what the customer wrote, from whom to whom, in which thread, of which sort. Pure; stores nothing.

Untrusted to the last byte: everything here is bounded and linear, and runs in a process that can be killed besides
(`mail_reader`). The raw mail is kept by the caller whatever comes out here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from channels import render
from channels.mail.reading import (
    mail_body,
    mail_decode,
    mail_kind,
    mail_lines,
    mail_mime,
    mail_report,
    mail_text,
    mail_verdicts,
)
from channels.mail.reading import mail_words as words
from channels.mail.reading.mail_decode import Mailbox
from channels.mail.reading.mail_kind import Kind
from channels.mail.reading.mail_mime import Headers, Part
from channels.mail.reading.mail_report import Report
from channels.mail.reading.mail_verdicts import AuthResults

NO_TEXT = "(This message has no text.)"
ATTACHMENTS_LIMIT = 100
SENDERS_LIMIT = 5_000
_LOOPS_LIMIT = 10
_FORWARDED = frozenset(words.FORWARD_PREFIXES.split("|"))
_REPLIED = frozenset(words.REPLY_PREFIXES.split("|"))
_ROUTED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")
_SEALED = {
    "multipart/encrypted": "encrypted", "application/pkcs7-mime": "encrypted", "application/x-pkcs7-mime": "encrypted",
    "application/ms-tnef": "winmail.dat", "application/vnd.ms-tnef": "winmail.dat",
}  # fmt: skip
_DETACHED = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is kept as a file. `number` finds its bytes again in the raw mail; `size` is near, not exact."""

    number: int
    name: str
    kind: str
    size: int
    inline: bool
    content_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A mail as it was understood.

    `text`: what the customer wrote, never empty; `full`: all of the text; `from_` holds one mailbox in an honest mail,
    and anything but one is for the caller to refuse; `recipients`: every address it came to, for signed ones;
    `tags`: ticket numbers in the subject, hints only; `loops`: what our own mails' mark says, when one comes back;
    `auth_results`: the topmost header (the one added last) first; `understood`: false when the mail could only be kept.
    """

    text: str
    full: str = ""
    html_used: bool = False
    subject: str = ""
    from_: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    recipients: tuple[str, ...] = ()
    date: str = ""
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    class_: Kind = "normal"
    reasons: tuple[str, ...] = ()
    wants_no_auto_reply: bool = False
    loops: tuple[str, ...] = ()
    reports: tuple[Report, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    auth_results: tuple[AuthResults, ...] = ()
    notes: tuple[str, ...] = ()
    understood: bool = True


def preview(raw: bytes, *, ours: Collection[str] = ()) -> Preview:
    """Read a mail. `ours`: our own addresses in lower case. Raises TooMuch for what is too large to be taken apart."""
    parts = mail_mime.read(raw)
    headers = parts[0].headers
    known = _known(headers)
    class_, reasons = mail_kind.classify(headers, parts, [sender.address for sender in known.from_], ours)
    attachments = _attachments(parts, raw)
    prefix = _prefix(known.subject)
    reply = bool(known.in_reply_to or known.references or prefix in _REPLIED)
    body = mail_body.read(parts, raw, reply=reply, forwarded=prefix in _FORWARDED)
    return replace(
        known,
        text=body.text or known.subject or _files(attachments) or NO_TEXT,
        full=body.full,
        html_used=body.html_used,
        class_=class_,
        reasons=reasons,
        reports=mail_report.reports(headers, parts, raw) if class_ == "bounce" else (),
        attachments=attachments,
        notes=tuple(dict.fromkeys(_SEALED[part.kind] for part in parts if part.kind in _SEALED)),
    )


def not_understood(raw: bytes, why: str) -> Preview:
    """Say of a mail what its headers alone tell, when it could not be taken apart: it is kept, and staff look at it."""
    known = _known(mail_mime.headers(raw))
    return replace(known, text=known.subject or NO_TEXT, reasons=(why,), understood=False)


def attachment(raw: bytes, number: int) -> bytes:
    """Give the bytes of an attachment. Raises TooMuch, and IndexError for a number that the preview did not give."""
    return mail_mime.read(raw)[number].data(raw, mail_mime.BYTES_LIMIT)


def visible(text: str, *, reply: bool = True) -> str:
    """Give what the customer wrote of a plain text that comes without its mail."""
    return mail_text.visible(mail_lines.split(render.clean(text[: mail_lines.TEXT_LIMIT])), reply=reply)


def _known(headers: Headers) -> Preview:
    """Read what the headers say."""
    to, cc = _mailboxes(headers, "to"), _mailboxes(headers, "cc")
    routed = [box for name in _ROUTED for box in _mailboxes(headers, name, SENDERS_LIMIT)]
    subject = " ".join(render.clean(headers.one("subject")).split())
    return Preview(
        text="",
        subject=subject,
        from_=_senders(headers),
        reply_to=_mailboxes(headers, "reply-to", SENDERS_LIMIT),
        to=to,
        cc=cc,
        recipients=tuple(dict.fromkeys(box.address for box in (*to, *cc, *routed))),
        date=headers.one("date"),
        message_id=next(iter(mail_decode.ids(headers.raw("message-id"))), ""),
        in_reply_to=mail_decode.ids(headers.raw("in-reply-to")),
        references=mail_decode.ids(headers.raw("references")),
        tags=_tags(subject),
        loops=tuple(render.clean(value) for value in headers.all(mail_kind.LOOP_HEADER)[:_LOOPS_LIMIT]),
        wants_no_auto_reply=mail_kind.wants_no_auto_reply(headers),
        auth_results=mail_verdicts.auth_results(headers),
    )


def _mailboxes(headers: Headers, name: str, limit: int = mail_decode.ADDRESSES_LIMIT) -> tuple[Mailbox, ...]:
    """Read the addresses first and the encoded words in their names after, so that a word cannot hold an address."""
    line = ", ".join(" ".join(value.split("\n")) for value in headers.raws(name))
    boxes = mail_decode.mailboxes(line[:limit])
    return tuple(replace(box, name=render.clean(mail_decode.words(box.name))) if box.name else box for box in boxes)


def _senders(headers: Headers) -> tuple[Mailbox, ...]:
    """Read `From`; one that is too long to be honest names nobody: what is beyond the limit could be a second one."""
    length = sum(len(value) for value in headers.raws("from"))
    return _mailboxes(headers, "from") if length <= SENDERS_LIMIT else ()


def _tags(subject: str) -> tuple[str, ...]:
    """Find ticket numbers: `[#18492]`."""
    pieces = subject.split("[#")[1:10]
    found = (piece.partition("]") for piece in pieces)
    return tuple(number for number, closed, _ in found if closed and number.isascii() and number.isalnum())


def _prefix(subject: str) -> str:
    """Tell the first `Re:` or `Fwd:` of a subject, behind a ticket number if there is one."""
    bare = subject.rpartition("]")[2] if subject.startswith("[") else subject
    return bare[:12].partition(":")[0].strip().lower() if ":" in bare[:12] else ""


def _attachments(parts: Sequence[Part], raw: bytes) -> tuple[Attachment, ...]:
    kept = [
        (number, part)
        for number, part in enumerate(parts)
        if part.end >= 0 and not part.kind.startswith("multipart/") and not part.is_text and part.kind not in _DETACHED
        if "multipart/report" not in part.inside
    ]
    return tuple(
        Attachment(
            number=number,
            name=_clean_name(part),
            kind=part.kind,
            size=part.size(raw),
            inline=part.disposition == "inline" or part.headers.has("content-id"),
            content_id=part.headers.one("content-id").strip("<> "),
        )
        for number, part in kept[:ATTACHMENTS_LIMIT]
    )


def _clean_name(part: Part) -> str:
    """Give a file name that is only a name: no folder, no control characters, not too long."""
    name = render.clean(part.filename).replace("\\", "/").rpartition("/")[2].strip(" .")
    name = "".join(char for char in name if char.isprintable() and char not in '<>:"|?*')
    return name[-120:] or f"part.{part.kind.rpartition('/')[2][:20] or 'bin'}"


def _files(attachments: Sequence[Attachment]) -> str:
    return f"({', '.join(item.name for item in attachments[:10])})" if attachments else ""
