"""The formats and signatures of Mailgun, Postmark and SendGrid: their bytes in, a raw mail out. Commits nothing.

What each proves with is `EMAIL_SIGNING_KEY`: Mailgun's signing key (HMAC over a time and a token, not over the mail),
the password that Postmark's webhook address holds, the public key of SendGrid's security policy (ECDSA over a time and
all of the body). A format that has the raw mail is taken as that; of the others the mail is made again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from channels.mail import mail_form, mail_rebuild
from channels.mail.mail_form import Form
from channels.mail.mail_rebuild import File, Pieces

OLDEST_S = 9 * 3_600  # Mailgun repeats a mail for eight hours, and does not say whether it signs anew
CLOCK_S = 300
LONGEST_TOKEN = 200
SENDGRID_SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
SENDGRID_TIME = "X-Twilio-Email-Event-Webhook-Timestamp"


class Refused(Exception):
    """The request is not the provider's, or not any more."""


class NotAMail(Exception):
    """The request is the provider's, and there is no mail in it: it never will be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A mail as a provider gave it. `once`: what it may be given with only once, if its proof does not cover it."""

    raw: bytes
    once: str | None = None


def is_postmark(authorization: str, key: str) -> bool:
    """Say whether a basic log-in has the password that was agreed upon; its name may be any."""
    kind, _, coded = authorization.partition(" ")
    try:
        login = base64.b64decode(coded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return kind.lower() == "basic" and hmac.compare_digest(login.partition(b":")[2], key.encode())


def mailgun(body: bytes, content_type: str, key: str, *, now: float | None = None) -> Given:
    """Read Mailgun's form. Raises Refused and NotAMail."""
    form = _form(body, content_type)
    stamp, token, signature = (mail_form.value(form, name) for name in ("timestamp", "token", "signature"))
    wanted = hmac.new(key.encode(), f"{stamp}{token}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    if not token or len(token) > LONGEST_TOKEN or not _same(signature.lower(), wanted):
        raise Refused("the signature does not match")
    age = (time.time() if now is None else now) - (int(stamp) if _is_time(stamp) else 0)
    if not -CLOCK_S <= age <= OLDEST_S:
        raise Refused("the signature is of another time")
    raw = mail_form.data(form, "body-mime") or _mailgun_mail(form)
    recipients = [address for address in mail_form.value(form, "recipient").split(",") if address.strip()]
    sender = next((field.text for field in form if field.name == "sender"), None)
    return Given(
        raw=mail_rebuild.enveloped(raw, sender=sender, recipients=recipients),
        once=hashlib.sha256(token.encode()).hexdigest(),
    )


def _mailgun_mail(form: Form) -> bytes:
    names = ("From", "To", "Cc", "Subject", "Date", "Message-Id", "In-Reply-To", "References")
    return _rebuilt(
        Pieces(
            provider="mailgun",
            headers=_pairs(_json(mail_form.value(form, "message-headers"))),
            extra=[(name, mail_form.value(form, name)) for name in names],
            text=mail_form.value(form, "body-plain"),
            html=mail_form.value(form, "body-html"),
            files=_files(form),
        )
    )


def sendgrid(body: bytes, content_type: str, key: str, headers: Mapping[str, str]) -> Given:
    """Read SendGrid's form. Raises Refused and NotAMail."""
    if not _is_sendgrid(body, headers.get(SENDGRID_SIGNATURE, ""), headers.get(SENDGRID_TIME, ""), key):
        raise Refused("the signature does not match")
    form = _form(body, content_type)
    envelope = _json(mail_form.value(form, "envelope"))
    told = envelope if isinstance(envelope, dict) else {}
    to, sender = told.get("to"), told.get("from")
    raw = mail_form.data(form, "email") or _sendgrid_mail(form)
    return Given(
        raw=mail_rebuild.enveloped(
            raw,
            sender=sender if isinstance(sender, str) else None,
            recipients=[one for one in to if isinstance(one, str)] if isinstance(to, list) else [],
        )
    )


def is_public(key: str) -> bool:
    """Say whether a key is SendGrid's public one, which is no secret and must open no other provider's door."""
    return _public(key) is not None


def _public(key: str) -> ec.EllipticCurvePublicKey | None:
    try:
        found = load_der_public_key(base64.b64decode(_bare_key(key), validate=True))
    except (UnsupportedAlgorithm, ValueError):
        return None
    return found if isinstance(found, ec.EllipticCurvePublicKey) else None


def _is_sendgrid(body: bytes, signature: str, stamp: str, key: str) -> bool:
    public = _public(key)
    if public is None:
        return False
    try:
        proof = base64.b64decode(signature, validate=True)
        public.verify(proof, stamp.encode("utf-8", "replace") + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _bare_key(key: str) -> str:
    lines = key.replace("\\n", "\n").split("\n")
    return "".join(line.strip() for line in lines if not line.startswith("-----"))


def _sendgrid_mail(form: Form) -> bytes:
    lines = [line.partition(":") for line in _unfolded(mail_form.value(form, "headers"))]
    names = (("From", "from"), ("To", "to"), ("Cc", "cc"), ("Subject", "subject"))
    return _rebuilt(
        Pieces(
            provider="sendgrid",
            headers=[(name.strip(), value.strip()) for name, colon, value in lines if colon],
            extra=[(name, mail_form.value(form, field)) for name, field in names],
            text=mail_form.value(form, "text"),
            html=mail_form.value(form, "html"),
            files=_files(form),
        )
    )


def _unfolded(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n")[: mail_rebuild.HEADERS_LIMIT * 5]:
        if line[:1] in {" ", "\t"} and lines:
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def postmark(body: bytes) -> Given:
    """Read Postmark's JSON. Raises NotAMail."""
    given = _json(body)
    if not isinstance(given, dict):
        raise NotAMail("the body is no JSON object")
    raw = _text(given.get("RawEmail")).encode("utf-8", "replace") or _postmark_mail(given)
    recipients = [_text(given.get("OriginalRecipient"))]
    return Given(raw=mail_rebuild.enveloped(raw, sender=None, recipients=recipients))


def _postmark_mail(given: Mapping[str, Any]) -> bytes:
    listed = given.get("Attachments")
    names = ("From", "To", "Cc", "Subject", "Date")
    return _rebuilt(
        Pieces(
            provider="postmark",
            headers=_pairs(given.get("Headers")),
            extra=[(name, _text(given.get(name))) for name in names],
            text=_text(given.get("TextBody")),
            html=_text(given.get("HtmlBody")),
            files=[_attached(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else [],
        )
    )


def _attached(one: Mapping[str, Any]) -> File:
    try:
        data = base64.b64decode(_text(one.get("Content")))
    except (binascii.Error, ValueError):
        data = b""
    return File(
        name=_text(one.get("Name")),
        kind=_text(one.get("ContentType")).partition(";")[0].strip().lower(),
        data=data,
        content_id=_text(one.get("ContentID")),
    )


def _form(body: bytes, content_type: str) -> Form:
    try:
        return mail_form.read(body, content_type)
    except ValueError as error:
        raise Refused(str(error)) from None  # whoever sent it has proven nothing


def _rebuilt(pieces: Pieces) -> bytes:
    names = {name.lower() for name, value in (*pieces.headers, *pieces.extra) if value}
    if names.isdisjoint({"from", "message-id", "subject"}) and not (pieces.text or pieces.html):
        raise NotAMail("there is no mail in it")
    return mail_rebuild.mail(pieces)


def _files(form: Form) -> list[File]:
    return [File(name=field.filename, kind=field.kind, data=field.data) for field in form if field.filename is not None]


def _pairs(value: object) -> list[tuple[str, str]]:
    """Read headers as Mailgun ([name, value]) and Postmark ({"Name", "Value"}) list them."""
    found: list[tuple[str, str]] = []
    for one in value if isinstance(value, list) else []:
        pair = [one.get("Name"), one.get("Value")] if isinstance(one, dict) else one
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
            found.append((pair[0], pair[1]))
    return found


def _json(text: str | bytes) -> object:
    try:
        found: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 12
