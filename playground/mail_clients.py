"""How people's mail programs write: new mails, and replies with the right headers. Pure; `mail_styles` quotes."""

import base64
import binascii
import html
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, getaddresses, parseaddr, parsedate_to_datetime
from typing import Any

from playground import http, mail_rows
from playground.mail_styles import CLIENTS, Client, Quoted, broken

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail to be written; `original` is what it answers."""

    sender: str
    to: str
    subject: str
    text: str
    client: str = "plain"
    html: str | None = None
    cc: str = ""
    original: EmailMessage | None = None
    quote: bool = True
    attachments: Sequence[Json] = ()
    headers: Mapping[str, Any] | None = None


def write(draft: Draft) -> bytes:
    """Write a mail as the chosen program does; `headers` are set last, and null takes one away."""
    client = CLIENTS[draft.client]
    quoted = quoting(draft.original) if draft.original is not None and draft.quote else None
    message = EmailMessage(policy=SMTP)
    for name, value in _headers(draft, client).items():
        message[name] = value
    message.set_content(client.text(draft.text, quoted) if quoted else draft.text)
    markup = draft.html
    if markup is None and client.markup:
        own = client.paragraph(draft.text)
        markup = client.markup(own, quoted) if quoted else own
    if markup is not None:
        message.add_alternative(f"<html><head></head><body>{markup}</body></html>", subtype="html")
    for each in draft.attachments:
        _attach(message, each)
    for name, value in (draft.headers or {}).items():
        del message[name]
        if value is not None:
            message[name] = str(value)
    return message.as_bytes()


def _headers(draft: Draft, client: Client) -> dict[str, str]:
    made = {
        "From": draft.sender,
        "To": draft.to,
        "Subject": draft.subject,
        "Date": format_datetime(datetime.now().astimezone()),
        "Message-ID": new_id(client.domain or parseaddr(draft.sender)[1].rpartition("@")[2]),
        **client.headers,
    }
    if draft.cc:
        made["Cc"] = draft.cc
    if draft.original is not None:
        parent = str(draft.original.get("Message-ID", "")).strip()
        line = str(draft.original.get("References") or draft.original.get("In-Reply-To") or "").split()
        made |= {"In-Reply-To": parent, "References": " ".join(dict.fromkeys([*line, parent]))}
        if draft.client == "outlook":
            made["Thread-Topic"] = bare(draft.subject)
    return {name: value for name, value in made.items() if value}


def answer_to(original: EmailMessage) -> str:
    """Return where a reply goes: to Reply-To when there is one."""
    return str(original.get("Reply-To") or original.get("From") or "")


def subject_of(original: EmailMessage, client: str) -> str:
    """Return the subject of a reply."""
    subject = str(original.get("Subject", ""))
    return subject if subject.lower().startswith("re:") else f"{CLIENTS[client].prefix} {subject}"


def bare(subject: str) -> str:
    """Return a subject without its marks of reply."""
    while subject[:3].lower() == "re:":
        subject = subject[3:].strip()
    return subject


def quoting(original: EmailMessage) -> Quoted:
    """Read from a mail what a reply to it quotes."""
    name, address = parseaddr(str(original.get("From", "")))
    text = mail_rows.body(original, "plain")
    markup = mail_rows.body(original, "html")
    try:
        when = parsedate_to_datetime(str(original.get("Date", "")))
    except ValueError:
        when = datetime.fromtimestamp(time.time()).astimezone()
    return Quoted(
        name=name or address,
        address=address,
        to=str(original.get("To", "")),
        subject=str(original.get("Subject", "")),
        message_id=str(original.get("Message-ID", "")).strip(),
        when=when,
        text=(text if text is not None else _stripped(markup or "")).rstrip("\n"),
        markup=_inner(markup) if markup is not None else broken(text or ""),
    )


def new_id(domain: str) -> str:
    """Make a Message-ID."""
    return f"<{secrets.token_hex(16)}@{domain or 'example.com'}>"


def _attach(message: EmailMessage, wanted: Json) -> None:
    main, _, sub = str(wanted.get("type") or "application/octet-stream").partition("/")
    try:
        content = base64.b64decode(str(wanted.get("base64") or ""), validate=True)
    except binascii.Error:
        raise http.bad_request("base64 of an attachment is not base64") from None
    content = content or str(wanted.get("text") or "").encode()
    message.add_attachment(
        content, maintype=main, subtype=sub or "octet-stream", filename=str(wanted.get("name") or "file")
    )


def _inner(markup: str) -> str:
    """Return what stands in the body of a page."""
    _, found, rest = markup.partition("<body")
    return rest.partition(">")[2].partition("</body>")[0] if found else markup


def _stripped(markup: str) -> str:
    """Return the words of a page, roughly; only our own letters are ever read with it."""
    spaced = _inner(markup).replace("<br>", "\n").replace("</p>", "\n\n").replace("</div>", "\n")
    parts = spaced.split("<")
    return html.unescape(parts[0] + "".join(part.partition(">")[2] for part in parts[1:]))


def first_address(field: str) -> str:
    """Return the first address of a header."""
    return next(iter(addresses(field)), "")


def addresses(field: str) -> list[str]:
    """Return all addresses of a header; of one too nested to read, none."""
    try:
        return [address for _, address in getaddresses([field]) if address]
    except RecursionError:
        return []


def named(name: str, address: str) -> str:
    """Write an address with the name of who has it."""
    return formataddr((name, address))
