"""A reply as a letter: headers that thread it and cannot be forged into, text and HTML beside each other. Pure.

The same reply gives the same letter under the same Message-ID, however often it is made; only its date may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from html import escape
from typing import Any

import re2

from channels import render
from channels.mail import mail_address
from channels.mail.mail_tokens import MailTokens
from channels.mail.reading import mail_words
from channels.mail.reading.mail_kind import LOOP_HEADER
from config.templates import Letters
from state.messages import Outbound

SUBJECT_LIMIT = 150
NAME_LIMIT = 60
ID_LIMIT = 250
REFERENCES_LIMIT = 20
UNPROVEN_LIMIT = 1_000  # what a stranger gets, who may have put another's name on the mail

_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_WIRE = compat32.clone(
    linesep="\r\n", max_line_length=0
)  # folded here: an id that is folded or encoded threads nothing
_ID = re2.compile(
    r"<([\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]+)>|([\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]+)"
)
_PREFIX = re2.compile(r"(?i)^(?:\s|(?:" + mail_words.REPLY_PREFIXES + r")(?:\[[0-9]{1,3}\]|\([0-9]{1,3}\))?\s?[:：])+")  # noqa: RUF001
_TAG = re2.compile(r"\[#[0-9]{1,12}\]")
_NAMELESS = frozenset('@<>:/\\|[]{}"#=&%*_~`^')  # what no person is called, but a link or a command may be

_PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body style="font-family:Helvetica,Arial,sans-serif;'
    'font-size:15px;line-height:1.45;color:#222">{}</body></html>'
)
_STYLES = (
    ("<p>", '<p style="margin:0 0 1em">'),
    ("<a ", '<a style="color:#0b57d0" '),
    ("<table>", '<table style="border-collapse:collapse;margin:0 0 1em">'),
    ("<th>", '<th style="border:1px solid #ccc;padding:4px 8px;text-align:left">'),
    ("<td>", '<td style="border:1px solid #ccc;padding:4px 8px">'),
    ("<pre>", '<pre style="background:#f5f5f5;padding:8px">'),
    ("<blockquote>", '<blockquote style="margin:0 0 1em;padding:0 0 0 1em;border-left:3px solid #ccc">'),
)
_SMALL = '<p style="margin:0 0 1em;color:#888;font-size:12px">{}</p>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail ready to leave. `sender` and `recipient` are the envelope's; `international`: needs SMTPUTF8."""

    raw: bytes
    sender: str
    recipient: str
    message_id: str
    international: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes the letters of one deployment. `loop`: the mark by which our own mail is known when it comes back."""

    words: Letters
    tokens: MailTokens
    loop: str

    def write(self, outbound: Outbound, *, date: datetime) -> Letter:
        """Write a reply. A recipient that nobody has proven gets nothing of a program that a stranger chose.

        Raises ValueError when the recipient is no address.
        """
        stranger = outbound.to.address.startswith(mail_address.UNPROVEN) and outbound.author != "staff"
        recipient = mail_address.normal(mail_address.real(outbound.to.address))
        if recipient is None:
            raise ValueError("not an address")
        message = MIMEMultipart("alternative", boundary=f"=_{outbound.id}")
        message.policy = _WIRE
        for name, value in self._headers(outbound, date, stranger=stranger):
            message[name] = value
        for kind, text in (
            ("plain", self._plain(outbound, stranger=stranger)),
            ("html", self._html(outbound, stranger=stranger)),
        ):
            message.attach(MIMEText(text, kind, _UTF8))  # type: ignore[arg-type]  # a Charset says how to encode
        # written here, since an address in other letters than ASCII is told in them (SMTPUTF8), not encoded
        raw = f"To: {recipient}\r\n".encode() + message.as_bytes(policy=_WIRE)
        return Letter(
            raw=raw,
            sender=self.tokens.bounce_address(outbound.id),
            recipient=recipient,
            message_id=self.tokens.message_id(outbound.id),
            international=not recipient.isascii(),
        )

    # --- headers

    def _headers(self, outbound: Outbound, date: datetime, *, stranger: bool) -> list[tuple[str, str]]:
        own, thread = f"<{self.tokens.message_id(outbound.id)}>", outbound.thread
        parent = ids(thread.get("message_id"))[:1]
        earlier = [] if stranger else ids(thread.get("references"))
        subject = self.words.subject if stranger else str(thread.get("subject") or "")
        found: list[tuple[str, str]] = [
            ("From", _mailbox(self.words.name, self.tokens.ours)),
            ("Subject", _text(self._subject(subject, outbound.ticket, reply=bool(parent)), "Subject")),
            ("Date", format_datetime(date)),
            ("Message-ID", own),
            *[("In-Reply-To", one) for one in parent],
            ("References", "\n ".join([*_some([*earlier, *parent]), own])),
            ("Reply-To", self.tokens.reply_address(outbound.ticket, outbound.to.address)),
        ]
        if outbound.author != "staff":
            found.append(("Auto-Submitted", "auto-generated" if outbound.kind == "notice" else "auto-replied"))
            found.append(("X-Auto-Response-Suppress", "OOF, AutoReply"))
        return [*found, (_LOOP, self.loop)]

    def _subject(self, subject: str, ticket: int | None, *, reply: bool) -> str:
        """One `Re:` and one tag, however many came."""
        plain = " ".join(_TAG.sub("", render.clean(subject)).split())
        bare = _PREFIX.sub("", plain).strip()[:SUBJECT_LIMIT].strip() or self.words.subject
        return f"{'Re: ' if reply else ''}{bare}{f' [#{ticket}]' if ticket is not None else ''}"

    # --- words

    def _hello(self, outbound: Outbound, *, stranger: bool) -> str:
        name = None if stranger else called(outbound.thread.get("name"))
        return self.words.hello.format(name=name) if name else self.words.hello_unnamed

    def _signature(self, outbound: Outbound) -> str:
        if outbound.author == "staff" and outbound.name:
            return self.words.staff_signature.format(staff=" ".join(outbound.name.split()), name=self.words.name)
        return self.words.signature.format(name=self.words.name)

    def _choose(self, outbound: Outbound) -> str:
        return self.words.choose.format(numbers=render.numbers(len(outbound.choices)))

    def _plain(self, outbound: Outbound, *, stranger: bool) -> str:
        """Write the letter as plain text."""
        parts = [
            mail_words.DELIMITER,
            self._hello(outbound, stranger=stranger),
            render.whatsapp(_body(outbound, stranger=stranger)),
        ]
        if outbound.choices:
            parts.append("\n".join([self._choose(outbound), *render.menu(outbound.choices)]))
        if sources := _sources(outbound.citations):
            listed = [f"[{n}] {title}{f': {url}' if url else ''}" for n, title, url in sources]
            parts.append("\n".join([self.words.sources, *listed]))
        return "\n\n".join([*parts, self._signature(outbound)]) + "\n"

    def _html(self, outbound: Outbound, *, stranger: bool) -> str:
        """Write the letter as a page that fetches nothing and styles every line by itself, since clients drop more."""
        body = "".join(
            render.html(piece) for piece in render.split(_body(outbound, stranger=stranger), render.HTML_LIMIT)
        )
        parts = [f"<p>{escape(self._hello(outbound, stranger=stranger))}</p>", body]
        if outbound.choices:
            parts.append(_lines([self._choose(outbound), *render.menu(outbound.choices)]))
        if sources := _sources(outbound.citations):
            listed = [f"[{n}] {_link(title, url)}" for n, title, url in sources]
            parts.append(f"<p>{'<br>'.join([escape(self.words.sources), *listed])}</p>")
        parts.append(_lines(self._signature(outbound).splitlines()))
        styled = "".join(parts)
        for plain, with_style in _STYLES:
            styled = styled.replace(plain, with_style)
        return _PAGE.format(_SMALL.format(escape(mail_words.DELIMITER)) + styled)


_LOOP = LOOP_HEADER.title()


def ids(value: object) -> list[str]:
    """Give the message ids in what a channel kept of a thread, each in its brackets; whatever is none is left out."""
    texts = value if isinstance(value, list | tuple) else [value]
    found = [one for text in texts if isinstance(text, str) for one in text.split()]
    return [f"<{bare}>" for one in found if len(one) <= ID_LIMIT and (bare := _bare(one))]


def _bare(text: str) -> str | None:
    match = _ID.fullmatch(text)
    return (match.group(1) or match.group(2)) if match else None


def _some(references: Sequence[str]) -> list[str]:
    """Keep the first, which began the thread, and the newest."""
    unique = list(dict.fromkeys(references))
    return unique if len(unique) <= REFERENCES_LIMIT else [unique[0], *unique[1 - REFERENCES_LIMIT :]]


def called(name: object) -> str | None:
    """Give a name to greet somebody by, None for what is hardly a person's."""
    text = " ".join(render.clean(name).split()) if isinstance(name, str) else ""
    if text.count(",") == 1:  # Miller, Kim
        text = " ".join(reversed([part.strip() for part in text.split(",")])).strip()
    if not text or len(text) > NAME_LIMIT or _NAMELESS.intersection(text) or any(char.isdigit() for char in text):
        return None
    return None if any(len(word) > 3 and "." in word[1:-1] for word in text.split()) else text


def _body(outbound: Outbound, *, stranger: bool) -> str:
    text = render.clean(outbound.text).strip()
    return render.split(text, UNPROVEN_LIMIT)[0] if stranger and text else text


def _sources(citations: Sequence[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    found = []
    for number, one in enumerate(citations, 1):
        url = str(one.get("url") or "")
        title = " ".join(render.clean(str(one.get("title") or url)).split())
        found.append((str(one.get("n") or number), title, url if url.startswith(("https://", "http://")) else None))
    return found


def _link(title: str, url: str | None) -> str:
    return f'<a href="{escape(url)}" rel="noopener noreferrer">{escape(title)}</a>' if url else escape(title)


def _lines(lines: Sequence[str]) -> str:
    return f"<p>{'<br>'.join(escape(line) for line in lines)}</p>"


def _text(text: str, name: str) -> str:
    """Make a header of text: as it is when it is ASCII, else in encoded words."""
    plain = "".join(char for char in text if char.isprintable())
    plain = plain.replace("=?", "= ?")  # what looks like an encoded word would be decoded
    charset = "us-ascii" if plain.isascii() else "utf-8"
    return Header(plain, charset=charset, header_name=name).encode(maxlinelen=76)


def _mailbox(name: str, address: str) -> str:
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{Header(name, charset='utf-8', header_name='From').encode(maxlinelen=76)} <{address}>"
