"""By which of their addresses a person is reached. Pure: decides from what is known and says why; sends nothing.

A reply goes where the person wrote last, unless that is closed: switched off, opted out of, outside its window of free
text, or left. Then, in this order: an approved template there, another address that is proven and open, a template
at another, and the page they left, which shows it when they come back. Else nobody can be reached, and staff are told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from channels.base import Capabilities
from state.session import Reach

PRESENT_S = 600  # so long after their last message somebody counts as still on a page
CALLED = {"whatsapp": "WhatsApp", "email": "e-mail", "web": "the web chat"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be said.

    `here`: the address to prefer (None: the one used last); `answers`: it answers what was just written there;
    `by_staff`: a person says it; `public`: nothing in it belongs to anybody, since nobody knows who this is; `avoid`:
    addresses it cannot be brought to.
    """

    here: str | None
    answers: bool = False
    by_staff: bool = False
    public: bool = False
    avoid: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where it goes and why, in words for the log.

    `template`: free text may not be sent there. `left`: nobody is there now, and may never come back.
    """

    identity: str
    channel: str
    why: str
    template: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What this deployment can do: its channels, and those with an approved template for this reply."""

    channels: Mapping[str, Capabilities]
    templates: Collection[str] = ()


def choose(ask: Ask, known: Mapping[str, Reach], means: Means, *, now: int) -> Route | None:
    """Choose the way of a reply; None when there is none."""
    first = known.get(ask.here or "") or max(known.values(), key=lambda one: one.last_at, default=None)
    if first is None:
        return None
    problem = _problem(first, ask, means, now, first=True)
    if problem is None:
        return _route(first, "answered where it was asked" if ask.answers else "last used")
    others = sorted((r for r in known.values() if r is not first), key=lambda one: one.last_at, reverse=True)
    return _elsewhere(first, others, ask, means, now=now, problem=problem)


def _elsewhere(first: Reach, others: list[Reach], ask: Ask, means: Means, *, now: int, problem: str) -> Route | None:
    """Go through what is left, in order."""
    if problem == WINDOW and first.channel in means.templates:
        return _route(first, "window closed: template", template=True)
    found = [(other, _problem(other, ask, means, now, first=False)) for other in others]
    said = f"{problem.format(channel=_called(first))}: "
    for other, wrong in found:
        if wrong is None:
            return _route(other, said + _called(other))
    for other, wrong in found:
        if wrong == WINDOW and other.channel in means.templates:
            return _route(other, f"{said}{_called(other)} by template", template=True)
    for one, wrong in [(first, problem), *found]:
        if wrong == LEFT:
            why = "left the web chat, nowhere else to go" if one is first else said + _called(one)
            return Route(identity=one.identity, channel=one.channel, why=why, left=True)
    return None


WINDOW = "window closed"
LEFT = "left {channel}"


def _problem(one: Reach, ask: Ask, means: Means, now: int, *, first: bool) -> str | None:
    """Say what keeps a reply from an address, None when nothing does."""
    can = means.channels.get(one.channel)
    if can is None or can.staff:
        return "{channel} is off"
    answers, silent_s = first and ask.answers, (now - one.last_at) / 1000
    spoken = answers or (first and ask.by_staff)  # whoever wrote there is spoken to, not somebody else
    checks = (
        (one.identity in ask.avoid, "not delivered by {channel}"),
        (one.assurance == "claimed" and not spoken and not (first and ask.public), "not proven on {channel}"),
        (one.opted_out and not spoken, "opted out of {channel}"),
        (can.window_s is not None and silent_s > can.window_s, WINDOW),
        (can.pull and not answers and silent_s > PRESENT_S, LEFT),
    )
    return next((problem for holds, problem in checks if holds), None)


def _route(one: Reach, why: str, *, template: bool = False) -> Route:
    return Route(identity=one.identity, channel=one.channel, why=why, template=template)


def _called(one: Reach) -> str:
    return CALLED.get(one.channel, one.channel)
