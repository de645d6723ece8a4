"""Cards, notes and the modal as Slack's blocks, within its limits. Customers' words are plain text or escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from channels import render
from channels.slack.slack_texts import cut, digest, fitted, length, pieces
from channels.staff import ApprovalView, Case, DoubtView, Note

Block = dict[str, Any]

SECTION = 2_800  # of 3,000
HEADER = 140  # of 150
FIELD = 300  # of 2,000, so that ten of them leave room
LISTED = 1_400
SUMMARY = 300
EXCERPT = 600
NOTE = 9_000  # of about 11,000 in all blocks together; longer ones become a file
APPROVALS = 5_000
DECIDED = 5
PRIORITIES = ("low", "normal", "high", "urgent")
CASE, DRAFT, SAY = "case:", "draft", "say"
REPLY = "reply"
TEXT = "text"
SETTLING = {"happened": "happened", "not_happened": "did not happen"}
SEEN = {
    "customer": "*customer*",
    "bot": "→ *customer*",
    "staff": "→ *customer*",
    "internal": "*internal: only staff see this*",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a message shows: blocks, and the text for notifications and old clients."""

    text: str
    blocks: list[Block]


# --- the card


def card(case: Case) -> Message:
    """Show a ticket: who, where, what is going on, what the bot did, what is to be decided, and the buttons."""
    title = f"#{case.number} {case.subject}".strip()
    blocks: list[Block] = [
        {"type": "header", "text": _plain(cut(_one_line(title), HEADER))},
        {"type": "section", "fields": [_mrkdwn(text) for text in _facts(case)]},
        *_listed("So far", [f"{label}: {value}" for label, value in case.slots], newest=False),
        *_listed("What the bot did", case.did, newest=True),
        *_approvals(case),
        *_doubts(case),
        *_controls(case),
    ]
    holder = f"{case.holder or 'staff'} has it" if case.mode == "staff" else "the bot has it"
    return Message(text=fitted(f"Ticket {title}: {case.status}, {holder}", SUMMARY), blocks=blocks)


def _facts(case: Case) -> Iterator[str]:
    yield _fact("Customer", f"{case.customer} ({case.known})" if case.known else case.customer)
    yield _fact("Wrote by", ", ".join(case.channels) or "nothing yet")
    yield _fact("Status", f"{case.status}, priority {case.priority}")
    yield _fact("Conversation", f"{case.holder or 'staff'} has it" if case.mode == "staff" else "the bot has it")
    yield _fact("Assigned to", case.assignee or "nobody")
    if case.team:
        yield _fact("Team", case.team)
    yield _fact("Reason", case.reason or "none given")
    if case.task:
        yield _fact("Task", f"{case.task}, at: {case.step}" if case.step else case.task)
    if case.outcome:
        yield _fact("Outcome", case.outcome)


def _fact(label: str, value: str) -> str:
    return f"*{label}*\n{fitted(_one_line(value), FIELD)}"


def _listed(title: str, lines: Sequence[str], *, newest: bool) -> Iterator[Block]:
    """Show lines as far as they fit; with `newest` the first ones are left out, else the last."""
    kept: list[str] = []
    room = LISTED
    for line in reversed(lines) if newest else lines:
        point = f"• {fitted(_one_line(line), FIELD)}"
        room -= length(point) + 1
        if room < 0:
            kept.append("• …")
            break
        kept.append(point)
    if kept:
        yield _section("\n".join([f"*{title}*", *(reversed(kept) if newest else kept)]))


def _controls(case: Case) -> Iterator[Block]:
    """Give the buttons of an open ticket."""
    if case.status == "resolved":
        return
    held = case.mode == "staff"
    elements = [
        _button(REPLY, "Reply to customer", "reply", style="primary"),
        _button("hand_back", "Hand back to bot", "bot") if held else _button("take_over", "Take over", "staff"),
        _button("assign_me", "Assign to me", "me"),
        _select("priority", "Priority", [(f"Priority: {name}", name) for name in PRIORITIES], chosen=case.priority),
        _select("resolve", "Resolve…", [("Resolved: solved", "solved"), ("Resolved: not solved", "unsolved")]),
    ]
    yield {"type": "actions", "block_id": f"{CASE}{case.ticket}"[:255], "elements": elements}


# --- approvals


def _approvals(case: Case) -> Iterator[Block]:
    """Show what waits for a decision, in full or not at all, then what was decided last."""
    room, hidden = APPROVALS, 0
    for view in (view for view in case.approvals if view.verdict is None):
        lines = _terms(view)
        text = "\n".join(lines)
        if length(text) > room or any(length(line) > SECTION for line in lines):
            hidden += 1
            continue
        room -= length(text)
        yield from ({"type": "section", "text": _plain(piece)} for piece, _ in pieces(text, SECTION))
        yield {"type": "context", "elements": [_mrkdwn(f"Expires {_when(view.expires)}")]}
        yield _decision(case, view)
    if hidden:
        yield _section(f"*{hidden} more to approve* that cannot be shown here in full, and so not be decided here.")
    for view in [view for view in case.approvals if view.verdict is not None][-DECIDED:]:
        yield {"type": "context", "elements": [_mrkdwn(_verdict(view))]}


def _terms(view: ApprovalView) -> list[str]:
    """Give the exact arguments, one a line; nothing of them is cut, and none can look like two.

    They are shown as plain text: markup would swallow the characters that it is made of.
    """
    lines = [f"Approval needed: {_exact(view.title)}"]
    if view.why:
        lines.append(f"Why: {_exact(view.why)}")
    return lines + [f"• {_exact(label)}: {_exact(value)}" for label, value in view.lines]


def _exact(text: str) -> str:
    return render.clean(text).replace("\n", " ⏎ ")


def _one_line(text: str) -> str:
    return " ".join(render.clean(text).split()) or "-"


def _decision(case: Case, view: ApprovalView) -> Block:
    """Give the two buttons. Their value names the request; it says nothing about what is asked."""
    value = orjson.dumps({"t": case.ticket, "a": view.action, "h": view.args_hash}).decode()
    short = cut(_one_line("; ".join([view.title, *(f"{label}: {text}" for label, text in view.lines)])), 280)
    elements = [
        _button("approve", "Approve", value, style="primary", confirm=_confirm("Approve this?", short, "Approve")),
        _button("deny", "Deny", value, style="danger", confirm=_confirm("Deny this?", short, "Deny")),
    ]
    return {"type": "actions", "block_id": f"approval:{view.action}"[:255], "elements": elements}


def _verdict(view: ApprovalView) -> str:
    who = f" by {fitted(view.name, 100)}" if view.name else ""
    at = f", {_when(view.at)}" if view.at is not None else ""
    what = fitted(_one_line("; ".join([view.title, *(f"{label}: {text}" for label, text in view.lines)])), FIELD)
    return f"*{(view.verdict or '').capitalize()}*{who}{at}: {what}"


# --- writes of unknown outcome


def _doubts(case: Case) -> Iterator[Block]:
    """Show the evidence of what nobody can tell, in full, with the two buttons; then what was found."""
    for view in case.doubts:
        if view.verdict is not None:
            who = f", says {fitted(view.name, 100)}" if view.name else ", says the other system"
            at = f", {_when(view.at)}" if view.at is not None else ""
            found = f"*Settled: {view.verdict}*{who}{at}: {fitted(_one_line(view.title), FIELD)}"
            yield {"type": "context", "elements": [_mrkdwn(found)]}
            continue
        lines = [
            f"Not known: {_exact(view.title)}",
            *(f"• {_exact(label)}: {_exact(text)}" for label, text in view.lines),
        ]
        for piece, _ in pieces(cut("\n".join(lines), APPROVALS), SECTION):
            yield {"type": "section", "text": _plain(piece)}
        yield _settling(case, view)


def _settling(case: Case, view: DoubtView) -> Block:
    value = orjson.dumps({"t": case.ticket, "a": view.action, "h": view.shown}).decode()
    short = cut(_one_line("; ".join([view.title, *(f"{label}: {text}" for label, text in view.lines)])), 280)
    sure = {name: _confirm(f"Sure that it {label}?", short, "Yes, I looked") for name, label in SETTLING.items()}
    elements = [_button(name, f"It {label}", value, confirm=sure[name]) for name, label in SETTLING.items()]
    return {"type": "actions", "block_id": f"doubt:{view.action}"[:255], "elements": elements}


# --- the lines of a thread


def note(line: Note) -> Message | None:
    """Show a line of the thread; None when it is too long for a message (then it is a file)."""
    text = shown(line.text)
    if length(text) > NOTE:
        return None
    said = _said(text)
    if line.kind == "system" and len(said) == 1 and length(text) <= FIELD:
        return Message(text=summary(line), blocks=[{"type": "context", "elements": [_plain(text)]}])
    blocks: list[Block] = [{"type": "context", "elements": list(_head(line))}, *said]
    if line.sendable and text.strip():
        value = orjson.dumps({"k": line.key[:255], "d": digest(text)}).decode()
        sent = [_button("send", "Send to customer", value, style="primary")]
        blocks.append({"type": "actions", "block_id": DRAFT, "elements": sent})
    return Message(text=summary(line), blocks=blocks)


def read_back(blocks: object) -> str:
    """Give the text that a note shows, from the blocks as Slack hands them back."""
    found = ""
    for block in blocks if isinstance(blocks, list) else []:
        name = block.get("block_id") if isinstance(block, dict) else None
        text = block.get("text") if isinstance(name, str) and name.startswith(SAY) else None
        if isinstance(text, dict) and isinstance(name, str):
            found += str(text.get("text", "")) + ("\n" if name.endswith("n") else "")
    return found


def sent(text: str, user: str) -> list[Block]:
    """Show a draft that was sent: who did it stands in the place of the button."""
    by = _mrkdwn(f"*Draft, sent to the customer* by <@{user}>")
    return [{"type": "context", "elements": [by]}, *_said(text)]


def author(line: Note) -> str:
    """Say who a line is of."""
    return cut(_one_line(line.author), 100) if line.author.strip() else "Throughline"


def _head(line: Note) -> Iterator[Block]:
    """Say who a line is of, and who sees it: only that is bold, so that no name can say it."""
    yield _plain(author(line))
    if line.kind in SEEN:
        yield _mrkdwn(SEEN[line.kind])
    if line.channel:
        yield _plain(f"({cut(_one_line(line.channel), 100)})")


def excerpt(line: Note) -> str:
    """Give the beginning of a line that is a file; between marks in which nothing is a link that Slack would open."""
    begins = fitted(f"{author(line)}: {shown(line.text)}".replace("```", "'''"), EXCERPT)
    return f"{SEEN.get(line.kind, '')} The whole text is in the file. It begins:\n```\n{begins}\n```".strip()


def summary(line: Note) -> str:
    """Give the first words of a line, for notifications."""
    said = shown(line.text)
    return fitted(f"{line.author}: {said}" if line.author else said, SUMMARY)


def shown(text: str) -> str:
    """Give the text as plain text objects show it: as it is, but never empty, which Slack refuses."""
    return render.clean(text).strip() or "(no text)"


def _said(text: str) -> list[Block]:
    """Give sections whose names tell how they join again; Slack refuses one without a letter."""
    kept = [(piece, ended) for piece, ended in pieces(text, SECTION) if piece.strip()]
    return [
        {"type": "section", "block_id": f"{SAY}{index}{'n' if ended else 'h'}", "text": _plain(piece)}
        for index, (piece, ended) in enumerate(kept)
    ]


# --- the modal


def reply_modal(about: dict[str, str], *, ticket: str) -> Block:
    """Ask for the words to the customer; `about` comes back with them, `ticket` says whose customer that is."""
    return {
        "type": "modal",
        "callback_id": REPLY,
        "private_metadata": orjson.dumps(about).decode(),
        "title": _plain("Reply to customer"),
        "submit": _plain("Send to customer"),
        "close": _plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": TEXT,
                "label": _plain(cut(f"To the customer of {_one_line(ticket)}", HEADER)),
                "element": {"type": "plain_text_input", "action_id": TEXT, "multiline": True, "max_length": 3_000},
            }
        ],
    }


# --- parts


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _button(name: str, label: str, value: str, *, style: str = "", confirm: Block | None = None) -> Block:
    found: Block = {"type": "button", "action_id": name, "text": _plain(label), "value": value}
    if style:
        found["style"] = style
    return found | ({"confirm": confirm} if confirm else {})


def _select(name: str, label: str, options: Sequence[tuple[str, str]], *, chosen: str = "") -> Block:
    offered = [{"text": _plain(text), "value": value} for text, value in options]
    first = [option for option in offered if option["value"] == chosen]
    found: Block = {"type": "static_select", "action_id": name, "placeholder": _plain(label), "options": offered}
    return found | ({"initial_option": first[0]} if first else {})


def _confirm(title: str, text: str, yes: str) -> Block:
    return {"title": _plain(title), "text": _plain(text), "confirm": _plain(yes), "deny": _plain("Cancel")}


def _when(ms: int) -> str:
    """Give a time that Slack shows in the reader's own time zone."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"<!date^{ms // 1000}^{{date_short_pretty}} at {{time}}|{at:%Y-%m-%d %H:%M} UTC>"
