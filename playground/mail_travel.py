"""What mail servers do on the way: trace headers, verdicts on the sender, bounces, holiday notes. Pure."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage, Message, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from playground import http, mail_clients, mail_rows

Json = dict[str, Any]
AUTH = ("pass", "fail", "none")
EXCHANGE = "mx.example.com"  # the customers' own mail server
AUTHSERV = "mx.acme.example"  # our own mail server, when nobody named it
HARD, SOFT = "hard", "soft"


def arrived(raw: bytes, *, sender: str, recipient: str, verdict: str, authserv: str, keep: bool = False) -> bytes:
    """Return a mail as our own mail server hands it to the bot.

    It takes away what others claim in its name, unless it is badly set up (`keep`), and puts its own verdict on top.
    """
    head, gap, rest = _split(raw)
    fields = [field for field in _fields(head) if keep or not _claims(field, authserv)]
    added = [
        f"Return-Path: <{sender}>",
        f"Delivered-To: {recipient}",
        verdict,
        f"Received: from {EXCHANGE} ([192.0.2.25])\r\n\tby {authserv} id {secrets.token_hex(6)}; {_now()}",
    ]
    lines = [line.encode("utf-8", "surrogateescape") + b"\r\n" for line in added if line]
    return b"".join([*lines, *fields]) + gap + rest


def verdict(raw: bytes, *, sender: str, auth: str, authserv: str) -> str:
    """Write what our mail server found about a sender: all well, forged, or nothing to go by."""
    if auth not in AUTH:
        raise http.bad_request(f"auth must be one of: {', '.join(AUTH)}")
    field = mail_rows.header(mail_rows.parse(raw), "From")
    domain = mail_clients.first_address(field).rpartition("@")[2].lower() or "invalid"
    other = sender or f"postmaster@{EXCHANGE}"
    found = {
        "pass": f"dmarc=pass header.from={domain}; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={other}",
        "fail": f"dmarc=fail header.from={domain}; dkim=none; spf=fail smtp.mailfrom={other}",
        "none": f"dmarc=none header.from={domain}; dkim=none; spf=none smtp.mailfrom={other}",
    }
    return f"Authentication-Results: {authserv};\r\n\t" + found[auth].replace("; ", ";\r\n\t")


def received(raw: bytes, *, sender: str, recipient: str) -> bytes:
    """Return a mail as the customer's mail server puts it into the box."""
    trace = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
    return trace.encode("utf-8", "surrogateescape") + raw


def bounce(raw: bytes, *, sender: str, recipient: str, kind: str = HARD) -> bytes:
    """Build the report that a mail could not be brought, or not yet."""
    original = mail_rows.parse(raw)
    failed = kind == HARD
    status, action = ("5.1.1", "failed") if failed else ("4.4.1", "delayed")
    said = "550 5.1.1 No such user here" if failed else "451 4.4.1 The other server does not answer"
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Mail Delivery System <mailer-daemon@{EXCHANGE}>"
    message["To"] = sender
    message["Subject"] = "Undelivered Mail Returned to Sender" if failed else "Delayed Mail (still being retried)"
    message["Date"] = _now()
    message["Message-ID"] = mail_clients.new_id(EXCHANGE)
    message["Auto-Submitted"] = "auto-replied"
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = 'multipart/report; report-type="delivery-status"'
    words = f"This is the mail system at {EXCHANGE}.\n\n<{recipient}>: {said}\n"
    about = {"Reporting-MTA": f"dns; {EXCHANGE}", "Arrival-Date": _now()}
    fate = {
        "Final-Recipient": f"rfc822; {recipient}",
        "Action": action,
        "Status": status,
        "Diagnostic-Code": f"smtp; {said}",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in original.raw_items())
    report = _part([_block(about), _block(fate)], "message/delivery-status")
    message.set_payload([_text(words), report, _part(head, "text/rfc822-headers")])
    return message.as_bytes()


def holiday(raw: bytes, *, box: str, text: str, to: str = "") -> bytes:
    """Build the note that somebody is away; some programs send it to the envelope's sender, others as any reply."""
    original = mail_rows.parse(raw)
    parent = str(original.get("Message-ID", "")).strip()
    return mail_clients.write(
        mail_clients.Draft(
            sender=box,
            to=to or mail_clients.answer_to(original),
            subject=f"Automatic reply: {original.get('Subject', '')}",
            text=text,
            headers={
                "Auto-Submitted": "auto-replied",
                "X-Auto-Response-Suppress": "All",
                "In-Reply-To": parent or None,
                "References": parent or None,
            },
        )
    )


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    for gap in (b"\r\n\r\n", b"\n\n"):
        head, found, rest = raw.partition(gap)
        if found:
            return head + gap[: len(gap) // 2], gap[: len(gap) // 2], rest
    return raw, b"", b""


def _fields(head: bytes) -> list[bytes]:
    """Cut a head into fields, each with the lines that continue it."""
    fields: list[bytes] = []
    for line in head.splitlines(keepends=True):
        if line[:1] in {b" ", b"\t"} and fields:
            fields[-1] += line
        else:
            fields.append(line)
    return fields


def _claims(field: bytes, authserv: str) -> bool:
    name, _, value = field.decode("utf-8", "replace").partition(":")
    ours = value.split(";")[0].split()
    return name.strip().lower() == "authentication-results" and bool(ours) and ours[0].lower() == authserv.lower()


def _text(words: str) -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    part.set_content(words)
    return part


def _part(content: str | Sequence[Message], kind: str) -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    part["Content-Type"] = kind
    part.set_payload(content if isinstance(content, str) else list(content))
    return part


def _block(fields: dict[str, str]) -> Message:
    """Build one group of fields of a delivery report."""
    block = Message()
    for name, value in fields.items():
        block[name] = value
    return block


def _now() -> str:
    return format_datetime(datetime.now().astimezone())
