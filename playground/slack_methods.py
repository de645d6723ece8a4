"""The other methods of Slack's Web API: people, modals, files; and the table of all. Each works in one transaction."""

import secrets
from typing import Any

import orjson

from playground import slack_api, slack_blocks, slack_people, slack_rows, slack_wire
from playground.slack_api import Call, Method
from playground.slack_blocks import Refused
from playground.slack_people import APP, BOT_ID, TEAM

Json = dict[str, Any]
VIEW_BYTES, MOST_FILE = 250_000, 20_000_000


def user_info(call: Call) -> Json:
    """Show a person."""
    who = slack_people.PEOPLE.get(call.text("user", missing="user_not_found"))
    if who is None:
        raise Refused("user_not_found")
    return {"user": slack_people.show_user(who)}


def user_by_email(call: Call) -> Json:
    """Find a person by e-mail address."""
    email = call.text("email").lower()
    for who in slack_people.PEOPLE.values():
        shown = slack_people.show_user(who)
        if shown["profile"].get("email") == email:
            return {"user": shown}
    raise Refused("users_not_found")


def user_list(_: Call) -> Json:
    """Show everybody."""
    return {"members": [slack_people.show_user(who) for who in slack_people.PEOPLE.values()], "cache_ts": 1700000000}


def open_direct(call: Call) -> Json:
    """Open the direct messages with one person."""
    user = call.text("users", missing="users_list_not_supplied")
    if user not in slack_people.PEOPLE:
        raise Refused("user_not_found")
    return {"channel": slack_people.show_direct(slack_people.direct_channel(user))}


def channel_list(call: Call) -> Json:
    """List the channels."""
    support = call.settings.slack_support_channel or slack_people.SUPPORT
    shown = [slack_rows.channel(call.db, name, support) for name in slack_people.channels(support)]
    return {"channels": shown, "response_metadata": {"next_cursor": ""}}


def members(call: Call) -> Json:
    """List who is in a channel; people of other companies only if it is shared."""
    place = call.place(member=False)
    inside = [who.id for who in slack_people.PEOPLE.values() if place.get("is_ext_shared") or not who.stranger]
    return {"members": inside, "response_metadata": {"next_cursor": ""}}


def open_view(call: Call) -> Json:
    """Show a modal to the person whose click or command gave the trigger id."""
    about = _trigger(call)
    view = _new_view(call)
    slack_rows.put_view(call.db, view, who=about["user"], is_open=True)
    return {"view": view}


def push_view(call: Call) -> Json:
    """Put a modal on top of the one that gave the trigger id."""
    about = _trigger(call)
    below = slack_rows.view(call.db, str(about.get("view") or ""))
    if below is None or not below["open"]:
        raise Refused("not_found")
    view = _new_view(call)
    view |= {"root_view_id": below["view"]["root_view_id"], "previous_view_id": below["view"]["id"]}
    slack_rows.put_view(call.db, view, who=about["user"], is_open=True)
    return {"view": view}


def update_view(call: Call) -> Json:
    """Replace what an open modal shows."""
    found = slack_rows.view(call.db, str(call.args.get("view_id") or call.args.get("external_id") or ""))
    if found is None or not found["open"]:
        raise Refused("not_found")
    if call.args.get("hash") not in {None, "", found["view"]["hash"]}:
        raise Refused("hash_conflict")
    view = fresh_view(slack_blocks.check_view(call.object("view")), old=found["view"])
    slack_rows.put_view(call.db, view, who=found["user"], is_open=True)
    return {"view": view}


def fresh_view(wanted: Json, *, old: Json | None = None) -> Json:
    """Build a modal as Slack keeps it; `old` gives the ids of the one that it replaces."""
    name = "V" + secrets.token_hex(5).upper()
    ids = {key: old[key] for key in ("id", "root_view_id", "previous_view_id", "external_id")} if old else {}
    return {
        "id": name,
        "team_id": TEAM,
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "close": None,
        "submit": None,
        "previous_view_id": None,
        "root_view_id": name,
        **wanted,
        **ids,
        "state": {"values": {}},
        "hash": f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}",
        "app_id": APP,
        "app_installed_team_id": TEAM,
        "bot_id": BOT_ID,
    }


def upload_url(call: Call) -> Json:
    """Announce a file; its bytes are then posted to the address."""
    name, length = call.text("filename"), str(call.args.get("length") or "")
    if not length.isdigit() or not 0 < int(length) <= MOST_FILE:
        raise Refused("invalid_arguments", "[ERROR] length must be a positive number of bytes")
    file_id = "F" + secrets.token_hex(5).upper()
    call.db.execute(
        "INSERT INTO slack_file (id, name, length, about) VALUES (?, ?, ?, '{}')", (file_id, name, int(length))
    )
    return {"upload_url": f"{call.base}/upload/{file_id}", "file_id": file_id}


def complete_upload(call: Call) -> Json:
    """Share files whose bytes have arrived, with a message when a channel is named."""
    asked = call.object("files")
    if not isinstance(asked, list) or not asked:
        raise Refused("invalid_arguments", "[ERROR] missing required field: files")
    files = [_shared(call, each) for each in asked]
    if call.args.get("channel_id"):
        call.args["channel"] = call.args["channel_id"]
        place = call.place()
        body = {**slack_wire.spoken(str(call.args.get("initial_comment") or ""), []), "files": files, "upload": True}
        message = slack_rows.post(call.db, place["id"], {**body, **slack_api.thread_of(call, place["id"])})
        call.tell({**slack_wire.message_event(message), "subtype": "file_share"})
    return {"files": files}


def _shared(call: Call, asked: object) -> Json:
    name = str(asked.get("id", "")) if isinstance(asked, dict) else ""
    row = call.db.execute("SELECT * FROM slack_file WHERE id = ?", (name,)).fetchone()
    if row is None or row["content"] is None or not isinstance(asked, dict):
        raise Refused("file_not_found")
    about = {
        "id": name,
        "name": row["name"],
        "title": asked.get("title") or row["name"],
        "size": row["length"],
        "user": slack_people.BOT_USER,
        "url_private": f"{call.base}/files/{name}",
        "url_private_download": f"{call.base}/files/{name}?download=1",
    }
    call.db.execute("UPDATE slack_file SET about = ? WHERE id = ?", (orjson.dumps(about).decode(), name))
    return about


def _trigger(call: Call) -> Json:
    state, about = slack_rows.redeem(call.db, "trigger", call.text("trigger_id"))
    if state != "ok":
        words = {"used": "exchanged_trigger_id", "expired": "expired_trigger_id", "unknown": "invalid_trigger_id"}
        raise Refused(words[state])
    return about


def _new_view(call: Call) -> Json:
    wanted = call.object("view")
    if len(orjson.dumps(wanted)) > VIEW_BYTES:
        raise Refused("view_too_large")
    view = fresh_view(slack_blocks.check_view(wanted))
    if slack_rows.view(call.db, view["external_id"]):
        raise Refused("duplicate_external_id")
    return view


METHODS: dict[str, Method] = {
    "api.test": lambda call: {"args": call.args},
    "auth.test": slack_api.auth_test,
    "chat.postMessage": slack_api.post_message,
    "chat.postEphemeral": slack_api.post_ephemeral,
    "chat.update": slack_api.update,
    "chat.delete": slack_api.delete,
    "conversations.info": slack_api.info,
    "conversations.history": slack_api.history,
    "conversations.replies": slack_api.replies,
    "conversations.list": channel_list,
    "conversations.members": members,
    "conversations.open": open_direct,
    "reactions.add": slack_api.react,
    "reactions.remove": slack_api.unreact,
    "users.info": user_info,
    "users.list": user_list,
    "users.lookupByEmail": user_by_email,
    "views.open": open_view,
    "views.push": push_view,
    "views.update": update_view,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete_upload,
}
