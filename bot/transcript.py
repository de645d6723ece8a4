"""Committed messages as wire frames, for the web chat and the operators' API. Reads only."""

from __future__ import annotations

from typing import Any

from channels import render
from state import events as ev
from state.store import Store

LOOK_BACK = 60
AUTHORS = {"bot": "bot", "staff": "staff", "system": "system"}
Frame = dict[str, Any]


async def frames(store: Store, session_id: str, after: int) -> list[Frame]:
    """The messages of a session after a seq. Buttons are shown only while nothing was said after them.

    Messages of sessions that were forwarded here come first, numbered below zero: their own numbers would mislead a
    client's cursor, which counts in this session.
    """
    found = await store.transcript(session_id, after)
    labels = await _labels(store, session_id, found)
    last_said = max((s.seq for _, s in found if s.kind == "MessageReceived"), default=0)
    shown = [
        (place, _frame(place, stored, labels, is_open=stored.seq > last_said and place == session_id))
        for place, stored in found
        if stored.data is not None
    ]
    older = [frame for place, frame in shown if place != session_id]
    for index, frame in enumerate(older):
        frame["seq"] = index - len(older)
    return older + [frame for place, frame in shown if place == session_id]


async def _labels(store: Store, session_id: str, found: list[tuple[str, ev.Stored]]) -> dict[str, str]:
    """What the pressed buttons said, by token."""
    labels = {c["value"]: c["label"] for _, s in found if isinstance(s.data, ev.ReplyQueued) for c in s.data.choices}
    pressed = [s for _, s in found if isinstance(s.data, ev.MessageReceived) and s.data.choice]
    if any(isinstance(s.data, ev.MessageReceived) and s.data.choice not in labels for s in pressed):
        earlier = await store.transcript(session_id, max(1, pressed[0].seq - LOOK_BACK))
        labels |= {
            c["value"]: c["label"] for _, s in earlier if isinstance(s.data, ev.ReplyQueued) for c in s.data.choices
        }
    return labels


def _frame(place: str, stored: ev.Stored, labels: dict[str, str], *, is_open: bool) -> Frame:
    event = stored.data
    if isinstance(event, ev.MessageReceived):
        return _message(
            stored,
            id=str(event.extra.get("client_id") or f"{place[:8]}-{stored.seq}"),
            author="user",
            name=event.name,
            text=event.text or labels.get(event.choice or "", "") or ("(attachment)" if event.media else ""),
            channel=event.channel,
        )
    assert isinstance(event, ev.ReplyQueued)  # noqa: S101 - the query asks for these two kinds
    return _message(
        stored,
        id=event.outbox,
        author=AUTHORS.get(event.author, "system"),
        name=event.name,
        text=event.text,
        html=render.html(event.text),
        citations=event.citations,
        choices=event.choices if is_open else [],
        ticket=event.ticket,
        channel=event.channel,
    )


def _message(stored: ev.Stored, **fields: Any) -> Frame:
    plain: Frame = {"html": None, "citations": [], "choices": [], "ticket": None}
    return {"type": "message", "seq": stored.seq, "at": stored.at, **plain, **fields}
