"""Twilio's words and ours: a webhook's fields to an `Inbound` or a `StatusUpdate`, an answer to a `Receipt`. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from state.identity import Address, Assurance
from state.messages import Inbound, Receipt, StatusUpdate

PREFIX = "whatsapp:"
MOST_MEDIA = 20
LONGEST_NAME = 100
LONGEST_ID = 200
LONGEST_TOKEN = 128

STATUSES = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
FAILED = frozenset(status for status, ours in STATUSES.items() if ours == "failed")

# Twilio's error codes in one word each; a person meets these words in the session's log.
REASONS = {
    14103: "too_long",
    21211: "bad_address",
    21610: "opted_out",
    21617: "too_long",
    21658: "too_long",
    63003: "unreachable",
    63014: "blocked",
    63016: "window",
    63018: "limit",
    63021: "invalid_content",
    63024: "unreachable",
    63032: "experiment",
}

# Codes that pass: seconds to wait. The last three mean that our settings are wrong, which an operator can mend.
WAITS = {20429: 1.0, 21611: 60.0, 63017: 60.0, 63018: 60.0, 63038: 900.0, 20003: 60.0, 20404: 60.0, 63007: 60.0}
SETTINGS_WRONG = {20003: "authentication", 20404: "account", 63007: "sender"}

_EXTRA = {
    "MessageType": "kind",
    "To": "to",
    "OriginalRepliedMessageSid": "reply_to",
    "ButtonText": "button",
    "ButtonPayload": "button_payload",
    "ListId": "list",
    "ListTitle": "list_title",
    "Latitude": "latitude",
    "Longitude": "longitude",
    "Address": "address",
    "Label": "label",
    "Forwarded": "forwarded",
}


def inbound(form: Mapping[str, str], *, account: str, raw: bytes) -> Inbound | None:
    """Read a message that somebody sent, from its cleaned fields.

    None when it does not say from whom, so that nobody could be answered.
    """
    address = form.get("From", "").strip().removeprefix(PREFIX)
    if not address or len(address) > LONGEST_ID:
        return None
    return Inbound(
        channel="whatsapp",
        account=form.get("AccountSid") or account,
        provider_id=_message_id(form, raw),
        sender=Address(channel="whatsapp", address=address),
        assurance=Assurance.CHANNEL,
        text=form.get("Body", ""),
        choice=_token(form.get("ButtonPayload") or form.get("ListId")),
        name=form.get("ProfileName", "").strip()[:LONGEST_NAME] or None,
        phone=address if is_e164(address) else None,
        media=_media(form),
        raw=raw,
        extra={ours: form[theirs] for theirs, ours in _EXTRA.items() if form.get(theirs)},
    )


def is_e164(address: str) -> bool:
    """Say whether an address is a telephone number; it may as well be an id without one."""
    return address.startswith("+") and address[1:].isdecimal() and address.isascii() and 8 <= len(address) <= 16


def _message_id(form: Mapping[str, str], raw: bytes) -> str:
    """Take Twilio's id; a message without one is known by its bytes, so that its repetition is still no second one."""
    given = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid")
    return given if given and len(given) <= LONGEST_ID else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _media(form: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    found = ((form.get(f"MediaUrl{n}"), form.get(f"MediaContentType{n}", "")) for n in range(MOST_MEDIA))
    return tuple({"url": url, "type": kind} for url, kind in found if url)


def _token(value: str | None) -> str | None:
    """Give a button's payload if it could be one of our choice tokens; a template's own payload is kept in `extra`."""
    if not value or len(value) > LONGEST_TOKEN or not value.isascii():
        return None
    return value if value.replace("-", "").replace("_", "").isalnum() else None


def is_status(form: Mapping[str, str]) -> bool:
    """Say whether a form tells the fate of a message of ours, whichever of our addresses it came to."""
    return "MessageStatus" in form and form.get("SmsStatus") != "received"


def status(form: Mapping[str, str], *, outbox_id: str | None) -> StatusUpdate | None:
    """Read the fate of a message of ours; None when it names none, or with a word that we do not know."""
    provider_id = form.get("MessageSid") or form.get("SmsSid")
    word = "read" if form.get("EventType") == "READ" else form.get("MessageStatus") or form.get("SmsStatus") or ""
    ours = STATUSES.get(word.lower())
    if not provider_id or ours is None:
        return None
    return StatusUpdate(
        channel="whatsapp",
        provider_id=provider_id[:LONGEST_ID],
        status=ours,
        outbox_id=outbox_id,
        reason=reason(form.get("ErrorCode")) if ours == "failed" else None,
    )


def reason(code: object) -> str | None:
    """Name an error code in a word, or with its number."""
    number = int(code) if isinstance(code, int | str) and str(code).isdecimal() and len(str(code)) < 9 else 0
    return REASONS.get(number, f"twilio_{number}") if number else None


def receipt(outbox_id: str, status_code: int, answer: Mapping[str, Any], *, retry_after: str | None) -> Receipt:
    """Decide what Twilio's answer to a send means."""
    code = answer.get("code")
    if 200 <= status_code < 300:
        return _taken(outbox_id, answer)
    if status_code >= 500:  # it may have taken the message before it broke
        return Receipt(outbox_id=outbox_id, state="unknown", reason=f"http_{status_code}")
    wait = WAITS.get(code) if isinstance(code, int) else None
    if status_code == 429 or wait is not None:
        after = _seconds(retry_after) or wait or 1.0
        why = SETTINGS_WRONG.get(code or 0) or ("throttled" if status_code == 429 else reason(code))
        return Receipt(outbox_id=outbox_id, state="retry", after=after, reason=why)
    if status_code in {401, 403}:
        return Receipt(outbox_id=outbox_id, state="retry", after=60.0, reason="authentication")
    return Receipt(outbox_id=outbox_id, state="failed", reason=reason(code) or f"http_{status_code}")


def _taken(outbox_id: str, answer: Mapping[str, Any]) -> Receipt:
    sid = answer.get("sid")
    if not isinstance(sid, str):
        return Receipt(outbox_id=outbox_id, state="unknown", reason="answer_without_id")
    if answer.get("status") in FAILED:
        why = reason(answer.get("error_code")) or "refused"
        return Receipt(outbox_id=outbox_id, state="failed", provider_id=sid, reason=why)
    return Receipt(outbox_id=outbox_id, state="sent", provider_id=sid)


def found(outbox_id: str, listed: Mapping[str, Any]) -> Receipt:
    """Decide what a message that was found in Twilio's list means for the reply it carries."""
    return _taken(outbox_id, listed)


def _seconds(text: str | None) -> float | None:
    return min(float(text), 3600.0) if text and text.isascii() and text.isdecimal() else None
