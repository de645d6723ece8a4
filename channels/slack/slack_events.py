"""What a request of Slack's comes to: an act of staff, a modal, words to say, or nothing. Pure; trusts no field."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from channels.slack import slack_blocks, slack_commands, slack_texts
from state.messages import StaffAct

NAME = "slack"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 200
SAID = ("message", "app_mention")
OWN_SUBTYPES = ("", "thread_broadcast", "file_share")  # every other one is an edit, a bot, somebody who joined …
CHOSEN = frozenset({"priority", "resolve"})
CLICKS = CHOSEN | {"take_over", "hand_back"}

USAGE = (
    "Nothing was done. In a ticket's thread “!reply …” writes to the customer, and “@bot draft”, “@bot summarize”"
    " or “@bot status of 18492” asks me; elsewhere use /ticket and /reply."
)
NO_FILES = "Files cannot be sent to the customer from here. Nothing was sent; say it without the file, or send a link."
NOT_READ_BACK = "This text cannot be read back word for word; use “Reply to customer” instead. Nothing was sent."


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who the bot is in its workspace."""

    team: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a request comes to.

    `kind`: event, click, view or command (how the person is answered). `team`, `user`: who did it. `channel`,
    `thread`: where. One of `act`, `modal` (with the `trigger` that opens it) and `say` is there, or none of them: then
    there is nothing to do. `once` names what is said, so that it is said once. `shared`: other companies see the place.
    `draft`: the message (ts, text, blocks) whose words are sent, to be shown as sent.
    """

    kind: str
    team: str = ""
    user: str = ""
    channel: str = ""
    thread: str = ""
    act: StaffAct | None = None
    modal: dict[str, Any] | None = None
    trigger: str = ""
    say: str = ""
    once: str = ""
    shared: bool = False
    draft: dict[str, Any] | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.act is None and self.modal is None and not self.say


def read(raw: bytes, content_type: str) -> dict[str, Any] | None:
    """Give the payload of an event, an interaction or a command; None when it is none of them."""
    try:
        if content_type != FORM:
            found = orjson.loads(raw)
        else:
            fields = dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
            found = orjson.loads(fields["payload"]) if "payload" in fields else fields
    except ValueError:  # also bytes that are not UTF-8, and JSON that is none
        return None
    return found if isinstance(found, dict) else None


def word(payload: object, *path: str) -> str:
    """Give the text at a path; nothing when there is none, whatever stands there instead."""
    found = at(payload, *path)
    return found.replace("\0", "") if isinstance(found, str) else ""  # PostgreSQL keeps no NUL


def at(payload: object, *path: str) -> Any:  # noqa: ANN401 - JSON
    """Give what stands at a path, or None."""
    for name in path:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def gone(payload: dict[str, Any], me: Me | None) -> bool:
    """Whether an event tells that our token is no longer good; a person's own token is none of ours."""
    kind = word(payload, "event", "type")
    bots = at(payload, "event", "tokens", "bot")
    ours = me is None or not isinstance(bots, list) or me.user in bots
    return kind == "app_uninstalled" or (kind == "tokens_revoked" and bool(bots) and ours)


def idle(payload: dict[str, Any]) -> bool:
    """Whether an event cannot concern us, whoever we are: not said by a person, or with no word for the bot in it."""
    if word(payload, "type") != "event_callback":
        return False
    event, text = at(payload, "event"), word(payload, "event", "text")
    return not _is_said(event, None) or not (slack_commands.REPLY in text.lower() or "<@" in text)


def understand(payload: dict[str, Any], me: Me, raw: bytes) -> Heard:
    """Say what a payload comes to."""
    kind = word(payload, "type")
    if word(payload, "command"):
        return _command(payload, me, raw)
    if kind == "event_callback":
        return _event(payload, me, raw)
    if kind == "block_actions":
        return _click(payload, me, raw)
    if kind == "view_submission":
        return _submitted(payload, me, raw)
    return Heard(kind="event")


# --- events


def _event(payload: dict[str, Any], me: Me, raw: bytes) -> Heard:
    event = at(payload, "event")
    if not _is_said(event, me):
        return Heard(kind="event")
    channel, thread, ts = (word(event, name) for name in ("channel", "thread_ts", "ts"))
    asked = slack_commands.in_thread(word(event, "text"), me.user)
    if asked is None or not channel or not ts:
        return Heard(kind="event")
    verb, text = asked
    key = f"message:{channel}:{ts}"  # the same for every event that tells of this message
    team = word(event, "user_team") or word(event, "team") or word(payload, "team_id")
    where: dict[str, Any] = {
        "team": team,
        "user": word(event, "user"),
        "channel": channel,
        "thread": thread or ts,
        "once": key,
    }
    shared = at(payload, "is_ext_shared_channel") is True or not _is_ours(payload, me)
    if verb == "reply" and word(event, "subtype") == "file_share":
        return Heard(kind="event", **where, say=NO_FILES, shared=shared)
    if not thread or not verb:
        return Heard(kind="event", **where, say=USAGE, shared=shared)
    act = _act(me, where, raw, provider_id=key, verb=verb, text=text, place=f"{channel}/{thread}")
    return Heard(kind="event", **where, act=act, shared=shared)


def _is_said(event: object, me: Me | None) -> bool:
    """Whether a person said it, for the first time: no edit, no bot, not ourselves."""
    if word(event, "type") not in SAID or word(event, "subtype") not in OWN_SUBTYPES:
        return False
    if word(event, "bot_id") or at(event, "edited") or at(event, "hidden"):
        return False
    return word(event, "user") not in {"", me.user if me else ""}


def _is_ours(payload: dict[str, Any], me: Me) -> bool:
    """Whether the event happened in our own workspace and is told to us by its right."""
    told = at(payload, "authorizations")
    teams = {word(each, "team_id") for each in told} if isinstance(told, list) and told else {me.team}
    return word(payload, "team_id") == me.team and me.team in teams


# --- clicks


def _click(payload: dict[str, Any], me: Me, raw: bytes) -> Heard:
    actions = at(payload, "actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    channel = word(payload, "container", "channel_id") or word(payload, "channel", "id")
    ts = word(payload, "container", "message_ts") or word(payload, "message", "ts")
    thread = word(payload, "container", "thread_ts") or word(payload, "message", "thread_ts") or ts
    where = {**_who(payload), "channel": channel, "thread": thread}
    name = word(action, "action_id")
    if not channel or not ts or not name:
        return Heard(kind="click", **where)
    once = _once(where["team"], where["user"], word(action, "action_ts"), name, channel, ts)
    heard = Heard(kind="click", **where, once=once, trigger=word(payload, "trigger_id"))
    if name == slack_blocks.REPLY:
        return _opening(heard, payload, action)
    if name == "send":
        return _sending(heard, payload, action, me, raw)
    given = _given(name, action, heard)
    if given is None:
        return heard
    act = _act(me, where, raw, provider_id=f"click:{once}", place=f"{channel}/{thread}", **given)
    return replace(heard, act=act)


def _given(name: str, action: object, heard: Heard) -> dict[str, str] | None:
    """What a button or a menu stands for."""
    chosen = word(action, "selected_option", "value") or word(action, "value")
    if name in {"approve", "deny", *slack_blocks.SETTLING}:
        asked = _json(chosen)
        ids = {"ticket": word(asked, "t"), "action": word(asked, "a"), "args_hash": word(asked, "h")}
        given = {"verb": "settle", "text": name} if name in slack_blocks.SETTLING else {"verb": name}
        return {**given, **ids} if all(ids.values()) else None
    ticket = _ticket(action)
    if not ticket:
        return None
    if name == "assign_me":
        return {"verb": "assign", "ticket": ticket, "text": f"{heard.team}/{heard.user}"}
    if name not in CLICKS:
        return None
    return {"verb": name, "ticket": ticket, "text": chosen if name in CHOSEN else ""}


def _opening(heard: Heard, payload: dict[str, Any], action: object) -> Heard:
    about = {"t": _ticket(action), "c": heard.channel, "p": heard.thread}
    if not about["t"]:
        return heard
    blocks = at(payload, "message", "blocks")
    title = word(blocks[0], "text", "text") if isinstance(blocks, list) and blocks else ""
    return replace(heard, modal=slack_blocks.reply_modal(about, ticket=title or "this ticket"))


def _sending(heard: Heard, payload: dict[str, Any], action: object, me: Me, raw: bytes) -> Heard:
    """Send a draft: the very words that the message shows, once for all who press the button."""
    asked = _json(word(action, "value"))
    text = slack_blocks.read_back(at(payload, "message", "blocks"))
    same = [each for each in (text, slack_texts.unescape(text)) if slack_texts.digest(each) == word(asked, "d")]
    if not same or not word(asked, "k"):
        return replace(heard, say=NOT_READ_BACK)
    place = f"{heard.channel}/{heard.thread}"
    where = {"team": heard.team, "user": heard.user}
    key = f"send:{_once(place, word(asked, 'k'))}"
    act = _act(me, where, raw, provider_id=key, verb="reply", text=same[0], place=place)
    draft: dict[str, Any] = {"ts": word(payload, "container", "message_ts"), "text": word(payload, "message", "text")}
    draft["blocks"] = slack_blocks.sent(same[0], heard.user)
    return replace(heard, act=act, draft=draft)


def _submitted(payload: dict[str, Any], me: Me, raw: bytes) -> Heard:
    view, where = at(payload, "view"), _who(payload)
    about = _json(word(view, "private_metadata"))
    ticket, text = word(about, "t"), word(view, "state", "values", slack_blocks.TEXT, slack_blocks.TEXT, "value")
    if word(view, "callback_id") != slack_blocks.REPLY or not ticket or not word(view, "id"):
        return Heard(kind="view", **where)
    key = f"view:{word(view, 'id')}:{_once(word(view, 'hash'), text)}"
    act = _act(me, where, raw, provider_id=key, verb="reply", text=slack_texts.typed(text), ticket=ticket)
    return Heard(kind="view", **where, channel=word(about, "c"), thread=word(about, "p"), act=act, once=key)


def _ticket(action: object) -> str:
    block = word(action, "block_id")
    return block.removeprefix(slack_blocks.CASE) if block.startswith(slack_blocks.CASE) else ""


def _json(text: str) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


# --- commands


def _command(payload: dict[str, Any], me: Me, raw: bytes) -> Heard:
    where: dict[str, Any] = {
        "team": word(payload, "team_id"),
        "user": word(payload, "user_id"),
        "channel": word(payload, "channel_id"),
    }
    asked = slack_commands.parse(word(payload, "command"), word(payload, "text"), team=me.team)
    if isinstance(asked, str):
        return Heard(kind="command", **where, say=asked)
    trigger = word(payload, "trigger_id") or _once(raw.decode("utf-8", "replace"))
    verb, number, text = asked
    act = _act(me, where, raw, provider_id=f"command:{trigger}", verb=verb, number=number, text=text)
    return Heard(kind="command", **where, act=act)


# --- parts


def _who(payload: dict[str, Any]) -> dict[str, Any]:
    team = word(payload, "user", "team_id") or word(payload, "team", "id")
    return {"team": team, "user": word(payload, "user", "id")}


def _act(me: Me, where: dict[str, Any], raw: bytes, **more: Any) -> StaffAct:
    return StaffAct(channel=NAME, account=me.team, staff=f"{where['team']}/{where['user']}", raw=raw, **more)


def _once(*parts: str) -> str:
    """One short name for all these parts together."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
