"""What Mailgun, Postmark and SendGrid post, signed as they sign it; made from their documentation, not our code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.channels.mail.mails import INBOUND_TOKEN, KIM, OURS

URL = "/email/inbound"
KEY = "a signing key of the provider; long enough"
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
SENDGRID_PUBLIC = base64.b64encode(
    SENDGRID_KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
HEADERS = [["Message-Id", "<m1@example.com>"], ["From", f"Kim <{KIM}>"], ["To", OURS], ["Subject", "Räksmörgås"]]
BODY = "Where is my refund? é 👋"


def raw(body: bytes, token: str = INBOUND_TOKEN) -> dict[str, Any]:
    """A request with a raw mail."""
    return {"data": body, "headers": {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}}


def mailgun(
    *, token: str = "t" * 50, age_s: float = 0, key: str = KEY, files: int = 0, **fields: str
) -> dict[str, Any]:
    """A request with Mailgun's fields; multipart when it has files."""
    stamp = str(int(time.time() - age_s))
    form = {
        "recipient": OURS,
        "sender": KIM,
        "from": f"Kim <{KIM}>",
        "subject": "Räksmörgås",
        "body-plain": BODY,
        "message-headers": json.dumps(HEADERS),
        "timestamp": stamp,
        "token": token,
        "signature": hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest(),
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    form = {name: value for name, value in form.items() if value}
    if not files:
        return {"data": form, "params": {"provider": "mailgun"}}
    data = aiohttp.FormData(form, default_to_multipart=True)
    for number in range(files):
        data.add_field(
            f"attachment-{number + 1}", b"%PDF\r\n--\x00", filename=f"f{number}.pdf", content_type="application/pdf"
        )
    return {"data": data, "params": {"provider": "mailgun"}}


def postmark(*, password: str = KEY, **changes: object) -> dict[str, Any]:
    """A request with Postmark's JSON."""
    body = {
        "From": KIM,
        "FromFull": {"Email": KIM, "Name": "Kim", "MailboxHash": ""},
        "To": OURS,
        "OriginalRecipient": OURS,
        "Subject": "Räksmörgås",
        "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
        "Date": "Fri, 20 Nov 2026 10:00:00 +0000",
        "TextBody": BODY,
        "HtmlBody": f"<p>{BODY}</p>",
        "Headers": [{"Name": "Message-ID", "Value": "<m1@example.com>"}, {"Name": "X-Spam-Status", "Value": "No"}],
        "Attachments": [
            {
                "Name": "f.pdf",
                "Content": base64.b64encode(b"%PDF").decode(),
                "ContentType": "application/pdf",
                "ContentLength": 4,
            }
        ],
        **changes,
    }
    login = base64.b64encode(f"postmark:{password}".encode()).decode()
    return {"json": body, "params": {"provider": "postmark"}, "headers": {"Authorization": f"Basic {login}"}}


def sendgrid(*, key: ec.EllipticCurvePrivateKey = SENDGRID_KEY, spoil: bytes = b"", **fields: str) -> dict[str, Any]:
    """A request with SendGrid's form, signed over its time and all of its bytes."""
    form = {
        "headers": "".join(f"{name}: {value}\n" for name, value in HEADERS) + "X-Long: a\n b\n",
        "from": f"Kim <{KIM}>",
        "to": OURS,
        "subject": "Räksmörgås",
        "text": BODY,
        "envelope": json.dumps({"to": [OURS], "from": KIM}),
        "charsets": json.dumps({"text": "UTF-8"}),
        **fields,
    }
    boundary = "xYzZY"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
        if value
    ]
    body = "".join([*parts, f"--{boundary}--\r\n"]).encode()
    stamp = str(int(time.time()))
    proof = key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(proof).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return {"data": body + spoil, "params": {"provider": "sendgrid"}, "headers": headers}
