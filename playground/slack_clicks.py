"""What people do in the pretended Slack by clicking: buttons, modals, slash commands. The app's answers are shown."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

import orjson

from playground import deliveries, http, slack_acts, slack_blocks, slack_methods, slack_rows, slack_wire
from playground.deliveries import Delivery
from playground.slack_acts import People, person
from playground.slack_people import BOT_USER, Person
from playground.slack_rows import Message
from playground.slack_socket import Receipt
from playground.world import World

Json = dict[str, Any]
HOOK_S, HOOK_USES = 1_800, 5
CHOICES = {"static_select", "radio_buttons", "overflow"}
PICKED = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
}
TROUBLE = "We had some trouble connecting. Try again?"


class Clicks:
    """The acts of clicking; each makes one trigger id and, but for modals, one response URL."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._store = world.store
        self._people = people

    async def press(self, wanted: Json) -> Json:
        """Use an element of a message by its `action_id`, `clicks` times at once.

        `stale` finds an element that an update took away.
        """
        if wanted.get("view_id"):
            return await self._press_in_view(wanted)
        who, channel = person(wanted), self._people.place(wanted)
        base = str(wanted.get("base") or "")

        def work(db: sqlite3.Connection) -> Delivery:
            stale = bool(wanted.get("stale"))
            message = slack_acts.found(db, channel, wanted, deleted=stale)
            body, action = _element(message, wanted, slack_rows.versions(db, channel, message.ts) if stale else [])
            place = slack_rows.channel(db, channel, self._people.support) or {}
            payload = slack_wire.click(
                who,
                {**action, "action_ts": slack_rows.next_ts(db)},
                message=Message(channel=channel, ts=message.ts, body=body, thread_ts=message.thread_ts),
                place=place,
                trigger=self._trigger(db, who),
                response_url=_hook(db, base, channel=channel, who=who, message=message),
            )
            if message.only_for:  # Slack does not send what an ephemeral message says
                payload["container"]["is_ephemeral"] = True
                del payload["message"]
            about = {"by": who.id, "action_id": action["action_id"], "ts": message.ts, "channel": channel}
            return deliveries.add(db, slack_wire.interaction(payload, about=about))

        clicks = http.whole(wanted, "clicks", default=1, least=1, most=50)
        return await self._click(await self._store.write(lambda db: [work(db) for _ in range(clicks)]), wanted)

    async def _press_in_view(self, wanted: Json) -> Json:
        who = person(wanted)

        def work(db: sqlite3.Connection) -> Delivery:
            view = _open_view(db, wanted)
            action = _pick(view["blocks"], wanted)
            if action is None:
                raise http.failure(404, "element_not_found", "The modal has no such element.")
            trigger = self._trigger(db, who, view=view["id"])
            payload = slack_wire.modal("block_actions", who, view, trigger=trigger)
            container = {"type": "view", "view_id": view["id"]}
            payload |= {"container": container, "actions": [{**action, "action_ts": slack_rows.next_ts(db)}]}
            return deliveries.add(db, slack_wire.interaction(payload, about={"by": who.id, "view": view["id"]}))

        return await self._click([await self._store.write(work)], wanted)

    async def _click(self, clicks: Sequence[Delivery], wanted: Json) -> Json:
        found = await asyncio.gather(*(self._once(each, wanted) for each in clicks))
        answers = _answers([receipt for receipts in found for receipt in receipts])
        return {"answers": answers, "deliveries": await slack_acts.shown(self._world, clicks)}

    async def submit(self, wanted: Json) -> Json:
        """Send a modal off with `values`: texts by block and action, or by action alone."""
        who = person(wanted)

        def work(db: sqlite3.Connection) -> tuple[Json, Delivery]:
            view = _open_view(db, wanted)
            filled = {**view, "state": {"values": _values(view["blocks"], http.mapping(wanted, "values"))}}
            trigger = self._trigger(db, who, view=view["id"])
            payload = slack_wire.modal("view_submission", who, filled, trigger=trigger)
            about = {"by": who.id, "view": view["id"], "callback_id": view["callback_id"]}
            return view, deliveries.add(db, slack_wire.interaction(payload, about=about))

        view, delivery = await self._store.write(work)
        receipts = await self._once(delivery, wanted)
        await self._store.write(lambda db: _after_submit(db, view, who, receipts))
        self._world.slack.ring()
        state = await self._store.read(lambda db: slack_rows.view(db, view["id"]))
        return {
            "answers": _answers(receipts),
            "view": state,
            "deliveries": await slack_acts.shown(self._world, [delivery]),
        }

    async def close(self, wanted: Json) -> Json:
        """Close a modal without sending it; the app hears of it if it asked to."""
        who = person(wanted)

        def work(db: sqlite3.Connection) -> Delivery | None:
            view = _open_view(db, wanted)
            slack_rows.put_view(db, view, who=who.id, is_open=False)
            if not view["notify_on_close"]:
                return None
            payload = slack_wire.modal("view_closed", who, view, trigger=self._trigger(db, who))
            return deliveries.add(db, slack_wire.interaction(payload, about={"by": who.id, "view": view["id"]}))

        delivery = await self._store.write(work)
        self._world.slack.ring()
        return await self._click([delivery], wanted) if delivery else {"answers": [], "deliveries": []}

    async def command(self, wanted: Json) -> Json:
        """Type a slash command; Slack takes none inside a thread."""
        who, channel, typed = person(wanted), self._people.place(wanted), str(wanted.get("command") or "")
        if not typed.startswith("/"):
            raise http.bad_request("a command begins with /")
        base = str(wanted.get("base") or "")

        def work(db: sqlite3.Connection) -> Delivery:
            place = slack_rows.channel(db, channel, self._people.support)
            if place is None:
                raise http.failure(404, "channel_not_found", "There is no such channel.")
            form = slack_wire.command_form(who, typed, str(wanted.get("text") or ""), place)
            form["response_url"] = _hook(db, base, channel=channel, who=who, message=None)
            form["trigger_id"] = self._trigger(db, who)
            return deliveries.add(db, slack_wire.command(form, about={"by": who.id, "command": typed}))

        delivery = await self._store.write(work)
        receipts = await self._once(delivery, wanted)
        for told in await self._store.write(lambda db: _after_command(db, channel, who, typed, receipts)):
            self._world.slack.begin(told)
        self._world.slack.ring()
        return {"answers": _answers(receipts), "deliveries": await slack_acts.shown(self._world, [delivery])}

    async def _once(self, delivery: Delivery, wanted: Json) -> list[Receipt]:
        copies = http.whole(wanted, "copies", default=1, least=1, most=50)
        return await self._world.slack.once(delivery, copies=copies)

    def _trigger(self, db: sqlite3.Connection, who: Person, *, view: str = "") -> str:
        lasts = self._world.options.slack_patience_s
        return slack_rows.issue(db, "trigger", {"user": who.id, "view": view}, lasts=lasts, uses=1)


def respond(db: sqlite3.Connection, about: Json, said: Json) -> list[Delivery]:
    """Show what an app said through a response URL, or in its answer to a command; returns what it then hears."""
    original = slack_rows.get(db, about["channel"], about.get("ts") or "")
    if said.get("delete_original") and original:
        slack_rows.remove(db, original)
        return [] if original.only_for else [_told(db, slack_wire.deleted_event(original, slack_rows.next_ts(db)))]
    blocks = slack_blocks.check_message(str(said.get("text") or ""), said.get("blocks"))
    body: Json = slack_wire.spoken(str(said.get("text") or ""), blocks)
    if said.get("thread_ts"):
        body["thread_ts"] = said["thread_ts"]
    if said.get("replace_original") and original:
        kept: Json = {name: original.body[name] for name in ("ts", "thread_ts") if name in original.body}
        ts, after = slack_rows.next_ts(db), slack_rows.change(db, original, {**body, **kept})
        return [] if original.only_for else [_told(db, slack_wire.changed_event(original, after, ts))]
    public = said.get("response_type") == "in_channel"
    message = slack_rows.post(db, about["channel"], body, only_for=None if public else about["user"])
    return [_told(db, slack_wire.message_event(message))] if public else []


def _told(db: sqlite3.Connection, event: Json) -> Delivery:
    return deliveries.add(db, slack_wire.event(event, about={"by": BOT_USER}))


def _hook(db: sqlite3.Connection, base: str, *, channel: str, who: Person, message: Message | None) -> str:
    about = {"channel": channel, "user": who.id, "ts": message.ts if message else None}
    return f"{base}/hooks/{slack_rows.issue(db, 'hook', about, lasts=HOOK_S, uses=HOOK_USES)}"


def _element(message: Message, wanted: Json, older: Sequence[Json]) -> tuple[Json, Json]:
    for body in (message.body, *reversed(older)):
        action = _pick(body.get("blocks", []), wanted)
        if action is not None:
            return body, action
    raise http.failure(404, "element_not_found", "The message has no such button; `stale` looks at what it had before.")


def _pick(blocks: list[Json], wanted: Json) -> Json | None:
    for block, element in slack_blocks.elements(blocks):
        named = wanted.get("action_id") == element["action_id"]
        if named and wanted.get("block_id") in {None, block["block_id"]} and _fits(element, wanted):
            return {**_used(element, wanted), "action_id": element["action_id"], "block_id": block["block_id"]}
    return None


def _fits(element: Json, wanted: Json) -> bool:
    return element["type"] != "button" or wanted.get("value") in {None, element.get("value")}


def _used(element: Json, wanted: Json) -> Json:
    if element["type"] == "button":
        return {name: element[name] for name in ("type", "text", "value", "style") if name in element}
    return {"type": element["type"], **_filled(element, wanted.get("value"))}


def _open_view(db: sqlite3.Connection, wanted: Json) -> Json:
    state = slack_rows.view(db, str(wanted.get("view_id") or ""))
    if state is None or not state["open"]:
        raise http.failure(404, "view_not_found", "There is no such open modal.")
    return dict(state["view"])


def _values(blocks: list[Json], given: Json) -> Json:
    values: dict[str, Json] = {}
    for block, element in slack_blocks.elements(blocks):
        if block["type"] != "input":
            continue
        inside = given.get(block["block_id"])
        value = inside.get(element["action_id"]) if isinstance(inside, dict) else given.get(element["action_id"])
        if value in (None, "") and not block.get("optional") and "initial_value" not in element:
            raise http.failure(422, "missing_value", f"Slack's client asks for {block['block_id']} first.")
        filled = _filled(element, value if value is not None else element.get("initial_value"))
        values.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], **filled}
    return values


def _filled(element: Json, value: Any) -> Json:  # noqa: ANN401  JSON
    if isinstance(value, dict):
        return value
    if element["type"] in CHOICES:
        chosen = next((o for o in element.get("options", []) if o["value"] == value), element.get("initial_option"))
        if chosen is None and value is not None:
            raise http.failure(404, "option_not_found", f"{element['action_id']} has no option {value}.")
        return {"selected_option": chosen}
    return {PICKED.get(element["type"], "value"): value}


def _after_submit(db: sqlite3.Connection, view: Json, who: Person, receipts: Sequence[Receipt]) -> None:
    receipt = receipts[0]
    if not receipt.taken:
        slack_rows.put_view(db, view, who=who.id, is_open=True, errors={"": TROUBLE})
        return
    said = receipt.json
    match said.get("response_action"):
        case "errors":
            slack_rows.put_view(db, view, who=who.id, is_open=True, errors=said.get("errors") or {})
        case "update" | "push" as how:
            old = view if how == "update" else None
            new = slack_methods.fresh_view(slack_blocks.check_view(said.get("view")), old=old)
            slack_rows.put_view(db, new, who=who.id, is_open=True)
        case _:
            slack_rows.put_view(db, view, who=who.id, is_open=False)


def _after_command(
    db: sqlite3.Connection, channel: str, who: Person, typed: str, receipts: Sequence[Receipt]
) -> list[Delivery]:
    told: list[Delivery] = []
    for receipt in receipts:
        if not receipt.taken:
            word = "operation_timeout" if receipt.reason == "http_timeout" else "dispatch_failed"
            slack_rows.post(db, channel, slack_acts.note(f'{typed} failed with the error "{word}"'), only_for=who.id)
        elif said := _said(receipt.text):
            try:
                told += respond(db, {"channel": channel, "user": who.id}, said)
            except slack_blocks.Refused:
                wrong = slack_acts.note(f'{typed} failed with the error "invalid_command_response"')
                slack_rows.post(db, channel, wrong, only_for=who.id)
    return told


def _said(text: str) -> Json:
    """Read the answer to a command: an object with text or blocks, or plain text."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"text": text} if text.strip() else {}
    if isinstance(data, dict):
        return data if data.get("text") or data.get("blocks") else {}
    return {"text": str(data)}


def _answers(receipts: Sequence[Receipt]) -> list[Json]:
    return [{"status": r.status, "reason": r.reason, "text": r.text, "taken": r.taken} for r in receipts]
