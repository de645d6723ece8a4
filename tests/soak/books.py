"""Whether all is as promised: the shop's books held against what the bot has on record. Reads no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.harness.operators import Operators
from tests.harness.outside import Json
from tests.soak.ledger import Effect

ENDED = frozenset({"succeeded", "failed"})
VOID = frozenset({"awaiting_confirmation", "cancelled", "expired"})
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One action as the bot's own records have it. `ledger`: its state by `GET /api/v1/actions/{id}`.

    `behind`: it was agreed to together with others, of which one is unknown and with staff; it follows when that is
    settled.
    """

    id: str
    order: str
    tool: str
    state: str
    ledger: str
    ticket: bool
    task: str
    behind: bool = False


@dataclass(slots=True, kw_only=True)
class Records:
    """What the operators' API tells: every write, every message that was taken, every log."""

    writes: list[Write] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    logs: dict[str, list[Json]] = field(default_factory=dict)


async def read(operators: Operators) -> Records:
    """Read it all."""
    found = Records()
    for session in await _sessions(operators):
        events = await operators.events(session)
        found.logs[session] = events
        found.messages.update(_mark(e["data"]) for e in events if e["kind"] == "MessageReceived")
        proposed = [e["data"] for e in events if e["kind"] == "ActionProposed"]
        found.writes += _in_line([await _write(operators, events, data) for data in proposed])
    return found


def _in_line(writes: list[Write]) -> list[Write]:
    """The writes of a session, with those marked that wait for another one's end."""
    held = {write.task for write in writes if write.state == "unknown" and write.ticket}
    return [replace(write, behind=write.state == "confirmed" and write.task in held) for write in writes]


async def _sessions(operators: Operators) -> list[str]:
    """Every session; the list is read by pages that overlap, since it is sorted by a time that several may share."""
    found: dict[str, None] = {}
    before = 10**14
    while True:
        page = (await operators.get("/sessions", limit=str(PAGE), before=str(before)))["sessions"]
        known = len(found)
        found.update((row["id"], None) for row in page)
        if len(page) < PAGE or len(found) == known:
            return list(found)
        before = page[-1]["in_at"] + 1


def _mark(message: Json) -> str:
    """How its sender knows a message: by the browser's own id, or by Twilio's."""
    return str(message["extra"].get("client_id") or message["message_id"])


async def _write(operators: Operators, events: Sequence[Json], proposed: Json) -> Write:
    action = proposed["action"]
    moves = [e["data"]["state"] for e in events if e["kind"] == "ActionMoved" and e["data"]["action"] == action]
    tickets = [e["data"] for e in events if e["kind"] == "TicketOpened" and e["data"]["reason"] == "unknown_outcome"]
    return Write(
        id=action,
        order=proposed["arguments"]["order"],
        tool=proposed["tool"],
        state=moves[-1] if moves else "awaiting_confirmation",
        ledger=(await operators.get(f"/actions/{action}"))["state"],
        task=proposed["task"],
        ticket=any(action in ticket["subject"] for ticket in tickets),
    )


def unsettled(records: Records) -> list[Write]:
    """Writes that are still on their way to an end."""
    return [w for w in records.writes if not (w.state in ENDED | VOID or w.ticket or w.behind)]


def wrongs(records: Records, effects: Sequence[Effect]) -> Iterator[str]:
    """Every promise that was broken, in words."""
    made = Counter(effect.reference for effect in effects)
    known = {write.id: write for write in records.writes}
    for reference, times in made.items():
        if times > 1:
            yield f"{times} effects of {_named(known.get(reference), reference)}"
        if reference not in known:
            yield f"an effect that nobody proposed: {reference}"
    for write in records.writes:
        yield from (f"{problem}: {_named(write, write.id)}" for problem in _problems(write, made[write.id]))


def _problems(write: Write, effects: int) -> Iterator[str]:
    if (write.state in ENDED | VOID or write.behind) and effects != (write.state == "succeeded"):
        yield f"{write.state}, with {effects} effects"
    if write.state == "unknown" and not write.ticket:
        yield "unknown, and no person was told"
    if write.state not in ENDED | VOID | {"unknown"} and not write.behind:
        yield f"stuck as {write.state}"
    if write.ledger != write.state:
        yield f"{write.state} in the log, {write.ledger} in the ledger"


def _named(write: Write | None, reference: str) -> str:
    return f"{write.tool} {write.order} ({reference[:8]})" if write else reference
