"""Webhooks that Twilio did not send, or not like this, by what is wrong with them. Sends nothing."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.channels.whatsapp.twilio import FORM, signature
from tests.harness.places import SECRETS
from tests.security.target import CANARY

TOKEN = SECRETS["TWILIO_AUTH_TOKEN"]
SHARED = "shared-secret-of-the-second-scheme"
SHARED_ID = "key1"
WEBHOOK = "/whatsapp/webhook"
STATUS = "/whatsapp/status"
SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
MOST = 256 * 1024
JSON = {"Content-Type": "application/json"}

Pairs = list[tuple[str, str]]


def message(sid: str, body: str = CANARY, **changes: str) -> Pairs:
    """A message as Twilio posts it."""
    form = {
        "MessageSid": sid,
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "AccountSid": SECRETS["TWILIO_ACCOUNT_SID"],
        "From": "whatsapp:+15550199999",
        "To": SECRETS["TWILIO_WHATSAPP_FROM"],
        "Body": body,
        "NumMedia": "0",
        "ProfileName": CANARY,
        **changes,
    }
    return list(form.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One POST: where to, with which headers and which body."""

    path: str = WEBHOOK
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""


def signed(url: str, pairs: Iterable[tuple[str, str]], *, path: str = WEBHOOK, **headers: str) -> Post:
    """A form, signed for an address, which need not be the one it is sent to."""
    pairs = list(pairs)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sealed = {**FORM, SIGNATURE: signature(url, pairs, secret=TOKEN), **named}
    return Post(path=path, headers=sealed, data=urlencode(pairs).encode())


def right(base: str, sid: str, body: str = CANARY, *, path: str = WEBHOOK, **changes: str) -> Post:
    """What Twilio would really send."""
    return signed(base + path, message(sid, body, **changes), path=path)


def _altered(base: str, change: Callable[[bytes], bytes]) -> Post:
    post = right(base, "SMforged")
    return Post(path=post.path, headers=post.headers, data=change(post.data))


def _unsigned(headers: Mapping[str, str]) -> Post:
    return Post(headers=headers, data=urlencode(message("SMforged")).encode())


def _elsewhere(base: str, url: str, **headers: str) -> Post:
    """Signed for another address, with headers that say we were reached there."""
    return signed(url, message("SMforged"), **headers)


def _json(base: str, *, body: bytes, told: bytes | None, query: str = "") -> Post:
    digest = "" if told is None else f"bodySHA256={hashlib.sha256(told).hexdigest()}"
    path = f"{WEBHOOK}?{'&'.join(part for part in (digest, query) if part)}".rstrip("?")
    return Post(path=path, headers={**JSON, SIGNATURE: signature(base + path, [], secret=TOKEN)}, data=body)


def _second(base: str, settings: str, *, secret: str = SHARED, digest: str = "sha256") -> Post:
    pairs = message("SMforged")
    named = {**FORM, SETTINGS: settings, SIGNATURE: signature(base + WEBHOOK, pairs, secret=secret, digest=digest)}
    return Post(headers=named, data=urlencode(pairs).encode())


def _disguised(base: str, kind: str | None, *, query: str = "") -> Post:
    """A signed form under another content type, or with a hash in the address that nobody compared."""
    pairs = message("SMforged")
    path = WEBHOOK + query
    headers = {SIGNATURE: signature(base + path, pairs, secret=TOKEN)} | ({"Content-Type": kind} if kind else {})
    return Post(path=path, headers=headers, data=urlencode(pairs).encode())


BODY = b'{"MessageSid":"SMforged","From":"whatsapp:+15550199999","Body":"canary5f1dc3"}'


def forgeries(base: str) -> dict[str, Post]:
    """Everything that must be 403, by what is wrong with it; `base` is the public address."""
    return _signatures(base) | _addresses(base) | _bodies(base) | _second_scheme(base)


def _signatures(base: str) -> dict[str, Post]:
    """Wrong signatures, and right ones over something else."""
    return {
        "no signature": _unsigned(FORM),
        "empty signature": _unsigned({**FORM, SIGNATURE: ""}),
        "signature that is no base64": _unsigned({**FORM, SIGNATURE: "=?=" * 20}),
        "signature of bytes": _unsigned({**FORM, SIGNATURE: "\xff\xfe"}),
        "long signature": _unsigned({**FORM, SIGNATURE: "A" * 7_000}),
        "token of another account": Post(
            headers={**FORM, SIGNATURE: signature(base + WEBHOOK, message("SMforged"), secret="f" * 32)},
            data=urlencode(message("SMforged")).encode(),
        ),
        "empty token": Post(
            headers={**FORM, SIGNATURE: signature(base + WEBHOOK, message("SMforged"), secret="")},
            data=urlencode(message("SMforged")).encode(),
        ),
        "altered text": _altered(base, lambda body: body.replace(b"canary", b"Canary")),
        "altered sender": _altered(base, lambda body: body.replace(b"15550199999", b"15550101001")),
        "added field": _altered(base, lambda body: body + b"&ButtonPayload=x"),
        "added blank field": _altered(base, lambda body: body + b"&x="),
        "removed field": _altered(base, lambda body: body.replace(b"&NumMedia=0", b"")),
        "repeated field": _altered(base, lambda body: body + b"&From=whatsapp%3A%2B15550101001"),
        "semicolon for ampersand": _altered(base, lambda body: body.replace(b"&NumMedia=0", b";NumMedia=0")),
        "empty body": _altered(base, lambda _: b""),
        "body that is not text": _altered(base, lambda _: bytes(range(256))),
    }


def _addresses(base: str) -> dict[str, Post]:
    """Signatures that cover another address, however the request claims it."""
    host = f"127.0.0.1:{base.rpartition(':')[2]}"
    return {
        "signed for another port": _elsewhere(base, f"http://127.0.0.1:81{WEBHOOK}"),
        "signed for https": _elsewhere(base, base.replace("http:", "https:") + WEBHOOK),
        "signed for another path": _elsewhere(base, base + STATUS),
        "signed for a query": _elsewhere(base, f"{base}{WEBHOOK}?a=1"),
        "signed for another host": _elsewhere(base, f"http://evil.example{WEBHOOK}"),
        "Host says so": _elsewhere(base, f"http://evil.example{WEBHOOK}", Host="evil.example"),
        "X-Forwarded-Host says so": _elsewhere(
            base, f"http://evil.example{WEBHOOK}", X_Forwarded_Host="evil.example", X_Forwarded_Proto="http"
        ),
        "X-Forwarded-Proto says so": _elsewhere(base, f"https://{host}{WEBHOOK}", X_Forwarded_Proto="https"),
        "Forwarded says so": _elsewhere(
            base, f"https://evil.example{WEBHOOK}", Forwarded="host=evil.example;proto=https"
        ),
        "X-Original-URL says so": _elsewhere(base, f"{base}/other", X_Original_URL="/other", X_Rewrite_URL="/other"),
        "user in the address": _elsewhere(base, f"http://user@{host}{WEBHOOK}"),
    }


def _bodies(base: str) -> dict[str, Post]:
    """Bodies that are not what their type says."""
    return {
        "JSON with another body": _json(base, body=BODY.replace(b"SMforged", b"SMother"), told=BODY),
        "JSON without a hash": _json(base, body=BODY, told=None),
        "JSON with two hashes": _json(
            base, body=BODY, told=b"{}", query=f"bodySHA256={hashlib.sha256(BODY).hexdigest()}"
        ),
        "JSON with a hash that is none": _json(base, body=BODY, told=None, query="bodySHA256=%FF"),
        "JSON by the other hash": _json(
            base, body=BODY, told=None, query=f"bodySHA256={hashlib.sha1(BODY).hexdigest()}"
        ),
        "a form called JSON": _disguised(base, "application/json"),
        "a form called text": _disguised(base, "text/plain"),
        "a form called multipart": _disguised(base, "multipart/form-data; boundary=x"),
        "a form called nothing": _disguised(base, "application/octet-stream"),
        "a form called JSON with an empty hash": _disguised(base, "application/json", query="?bodySHA256="),
    }


def _second_scheme(base: str) -> dict[str, Post]:
    """Twilio's second signature scheme, misused."""
    return {
        "second scheme, unknown key": _second(base, "key=other,algorithm=HMAC_SHA256"),
        "second scheme, no key": _second(base, "algorithm=HMAC_SHA256"),
        "second scheme, unknown algorithm": _second(base, f"key={SHARED_ID},algorithm=HMAC_MD5", digest="md5"),
        "second scheme, none": _second(base, f"key={SHARED_ID},algorithm=none"),
        "second scheme by the token": _second(base, f"key={SHARED_ID},algorithm=HMAC_SHA256", secret=TOKEN),
        "second scheme by its id": _second(base, f"key={SHARED_ID},algorithm=HMAC_SHA256", secret=SHARED_ID),
        "second scheme said to be the first": _second(base, f"key={SHARED_ID},algorithm=HMAC_SHA1", digest="sha1"),
        "first scheme by the second's digest": _second(base, "", secret=TOKEN),
        "second scheme, junk": _second(base, "=,=;,,key,algorithm=HMAC_SHA256,key="),
        "ten thousand fields": signed(base + WEBHOOK, [(f"f{n}", CANARY) for n in range(10_000)]),
    }


def bombs(base: str) -> dict[str, Post]:
    """What is too large, packed or not, or says that it is packed and is not."""
    zeros = b"\0" * (16 * 1024 * 1024)
    small = right(base, "SMforged")
    return {
        "one byte too many": signed(base + WEBHOOK, message("SMforged", "x" * MOST)),
        "gzip bomb": Post(headers={**FORM, "Content-Encoding": "gzip"}, data=gzip.compress(zeros, 1)),
        "deflate bomb": Post(headers={**FORM, "Content-Encoding": "deflate"}, data=zlib.compress(zeros, 1)),
        "gzip that is none": Post(headers={**small.headers, "Content-Encoding": "gzip"}, data=small.data),
        "gzip cut short": Post(
            headers={**small.headers, "Content-Encoding": "gzip"}, data=gzip.compress(small.data)[:-12]
        ),
        "deflate that is none": Post(headers={**small.headers, "Content-Encoding": "deflate"}, data=small.data),
        "unknown packing": Post(headers={**FORM, "Content-Encoding": "zstd-canary5f1dc3"}, data=small.data),
        "brotli that is none": Post(headers={**FORM, "Content-Encoding": "br"}, data=small.data),
    }
