"""The frames of the wire contract: client frames read strictly, server frames built. Pure; knows no socket."""

from __future__ import annotations

import html
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from channels import render

FRAME_LIMIT = 16 * 1024
TEXT_LIMIT = 8_000
TOKEN_LIMIT = 8_192
CHOICE_LIMIT = 256
NEWEST_SEQ = 2**53

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first frame: who the client is and what it has seen."""

    visitor: str | None = None
    identity: str | None = None
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message, or with `choice` a button that was pressed. `id` is the client's."""

    id: str
    text: str = ""
    choice: str | None = None


class Refusal(Exception):
    """A frame that is not taken. `code` is for programs, the message for people, `status` for plain HTTP."""

    def __init__(self, code: str, message: str, *, status: int = 400, id: str | None = None) -> None:  # noqa: A002
        """`id`: the client's id of the frame, where it had one."""
        super().__init__(message)
        self.code, self.message, self.status, self.id = code, message, status, id

    def frame(self) -> Frame:
        """Give the error frame that says so."""
        known = {"id": self.id} if self.id else {}
        return {"type": "error", "code": self.code, "message": self.message, **known}


def read(raw: str | bytes) -> Hello | Said:
    """Read one client frame; raises Refusal that names what is wrong with it."""
    frame = _parsed(raw)
    if not isinstance(frame, dict):
        raise Refusal("bad_frame", "A frame must be a JSON object.")
    kind = frame.get("type")
    try:
        if kind == "hello":
            return _hello(frame)
        if kind == "message":
            return _message(frame)
        if kind == "choice":
            return _choice(frame)
    except Refusal as refusal:
        refusal.id = refusal.id or _id_of(frame)
        raise
    raise Refusal("bad_frame", "type must be hello, message or choice.", id=_id_of(frame))


def _parsed(raw: str | bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        # Browsers may send half an emoji, which orjson refuses and `render.clean` takes out; all else stays refused.
        return json.loads(raw, parse_constant=_no_number) if "\\u" in str(raw) else _no_number("")
    except (ValueError, RecursionError):
        raise Refusal("bad_frame", "The frame is not valid JSON.") from None


def _no_number(name: str) -> object:
    raise ValueError(name)


def _hello(frame: Frame) -> Hello:
    _only(frame, {"type", "visitor", "identity", "after"})
    after = frame.get("after")
    after = 0 if after is None else after
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after <= NEWEST_SEQ:
        raise Refusal("bad_frame", "after must be a sequence number, 0 or more.")
    return Hello(visitor=_token(frame, "visitor"), identity=_token(frame, "identity"), after=after)


def _message(frame: Frame) -> Said:
    _only(frame, {"type", "id", "text"})
    client_id = _client_id(frame)
    text = frame.get("text")
    if not isinstance(text, str):
        raise Refusal("bad_frame", "text must be a string.")
    if len(text) > TEXT_LIMIT:
        raise Refusal("too_long", f"A message may have {TEXT_LIMIT} characters; please shorten it.", status=413)
    text = render.clean(text).strip()
    if not text:
        raise Refusal("empty", "The message has no text.")
    return Said(id=client_id, text=text)


def _choice(frame: Frame) -> Said:
    _only(frame, {"type", "id", "value"})
    client_id = _client_id(frame)
    value = frame.get("value")
    if not isinstance(value, str) or not 0 < len(value) <= CHOICE_LIMIT or not value.isprintable():
        raise Refusal("bad_frame", "value must be the value of a choice that was offered.")
    return Said(id=client_id, choice=value)


def _only(frame: Frame, allowed: set[str]) -> None:
    """Refuse fields that the contract does not have, so that nobody can slip one in."""
    if extra := sorted(set(frame) - allowed):
        raise Refusal("bad_frame", f"The field {render.clean(extra[0])[:40]} is not known in this frame.")


def _client_id(frame: Frame) -> str:
    if (client_id := _id_of(frame)) is None:
        raise Refusal("bad_frame", "id must be a UUID.")
    return client_id


def _id_of(frame: Frame) -> str | None:
    """Give the client's id when it is a UUID in its usual form."""
    value = frame.get("id")
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return value if str(uuid.UUID(value)) == value.lower() else None
    except ValueError:
        return None


def _token(frame: Frame, name: str) -> str | None:
    value = frame.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > TOKEN_LIMIT):
        raise Refusal("bad_frame", f"{name} must be a token or null.")
    return value or None


def shown(message: Mapping[str, Any]) -> Frame:
    """Complete a committed message for a browser: what people wrote stays text, what we write may have markup."""
    if message.get("html") is not None:
        return dict(message)
    text = str(message.get("text") or "")
    safe = _escaped(text) if message.get("author") == "user" else render.html(text)
    return {**message, "html": safe}


def _escaped(text: str) -> str:
    return f"<p>{html.escape(render.clean(text)).replace(chr(10), '<br>')}</p>"


def encode(frame: Mapping[str, Any]) -> bytes:
    """Write a frame as JSON."""
    return orjson.dumps(frame)


def live(hint: Mapping[str, Any]) -> Frame | None:
    """Turn a passing hint into its frame; None for one that is not for the client, or is garbage.

    Hints: `{"typing": bool}`, `{"delta": text, "turn": id}`, `{"discard": turn}`, `{"mode": "bot" or "staff"}`.
    """
    if isinstance(on := hint.get("typing"), bool):
        return {"type": "typing", "on": on}
    if isinstance(text := hint.get("delta"), str) and isinstance(turn := hint.get("turn"), str):
        return {"type": "delta", "turn": turn, "text": text}
    if isinstance(gone := hint.get("discard"), str):
        return {"type": "discard", "turn": gone}
    if hint.get("mode") in {"bot", "staff"}:
        return {"type": "status", "mode": hint["mode"]}
    return None
