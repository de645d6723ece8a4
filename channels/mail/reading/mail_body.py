"""The text of a mail: of all its text parts what the customer wrote, and all that there is. Pure.

Of alternatives the plain one is read unless it only points at the HTML. However many parts there are, the time for all
of them is bounded; what is beyond is in the raw mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from channels import render
from channels.mail.reading import mail_decode, mail_html, mail_lines, mail_mime, mail_text
from channels.mail.reading.mail_lines import Lines
from channels.mail.reading.mail_mime import Part

PARTS_LIMIT = 100  # so many text parts are shown
READ_LIMIT = 2_000_000  # so many characters of them
_POINTS = (
    "html message",
    "html format",
    "html-nachricht",
    "html mail",
    "html-mail",
    "html email",
    "format html",
    "im html",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What the customer wrote (empty if nothing is the customer's alone), all of the text, and where it came from."""

    text: str
    full: str
    html_used: bool


def read(parts: Sequence[Part], raw: bytes, *, reply: bool, forwarded: bool) -> Body:
    """Read every text part. `reply` and `forwarded` say what the headers know of the mail."""
    shown: list[str] = []
    whole: list[str] = []
    html_used = False
    for lines, is_html in _read(parts, raw):
        shown.append(mail_text.own(lines, reply=reply, forwarded=forwarded, whole=not any(shown)))
        whole.append(mail_text.full(lines))
        html_used |= is_html
    return Body(text=_joined(shown) or _joined(whole), full=_joined(whole), html_used=html_used)


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(text for text in texts if text)[: mail_lines.TEXT_LIMIT]


def _read(parts: Sequence[Part], raw: bytes) -> Iterator[tuple[Lines, bool]]:
    """Give the lines of each part that is shown, and whether they came from HTML, as long as the limits allow."""
    left, budget = READ_LIMIT, mail_html.Budget()
    for alternatives in islice(mail_mime.texts(parts), PARTS_LIMIT):
        if left <= 0:
            break
        plain = [_plain(part, raw) for part in alternatives if part.kind == "text/plain"]
        html = [part for part in alternatives if part.kind == "text/html"]
        left -= sum(map(len, plain))
        lines = [mail_lines.split(text) for text in plain]
        if any(any(read.texts) for read in lines) and not (html and _points_at_html(lines)):
            yield from ((read, False) for read in lines)
            continue
        for part in html:
            page = _decoded(part, raw)
            left -= len(page)
            yield mail_html.lines(page, budget), True


def _points_at_html(read: Sequence[Lines]) -> bool:
    text = " ".join(line for lines in read for line in lines.texts[:10] if line).lower()
    return len(text) < 200 and any(word in text for word in _POINTS)


def _decoded(part: Part, raw: bytes) -> str:
    data = part.data(raw)
    charset = part.parameters.get("charset", "")
    if not charset and part.kind == "text/html":
        head = data[:2_000].lower().partition(b"charset=")[2][:40]
        charset = (
            head.strip(b"\"' ").split(b'"')[0].split(b"'")[0].split(b">")[0].decode("ascii", "replace").strip("/ ;")
        )
    return render.clean(mail_decode.text(data, charset).replace("\x0c", "\n"))


def _plain(part: Part, raw: bytes) -> str:
    text = _decoded(part, raw)[: mail_lines.TEXT_LIMIT]
    if part.parameters.get("format", "").lower() != "flowed":
        return text
    return _unflowed(text, joint="" if part.parameters.get("delsp", "").lower() == "yes" else " ")


def _unflowed(text: str, *, joint: str) -> str:
    """Join the lines that a client broke (RFC 3676). Quoted lines stay as they are: they go anyway."""
    out: list[str] = []
    pieces: list[str] = []
    for row in text.split("\n"):
        line = row.removeprefix(" ")
        if row.startswith(">") or not line.strip():
            out += [joint.join(pieces), row] if pieces else [row]
            pieces = []
        elif line == "-- " or not line.endswith(" "):
            out.append(joint.join([*pieces, line]))
            pieces = []
        else:
            pieces.append(line.rstrip(" "))
    return "\n".join([*out, joint.join(pieces)])
