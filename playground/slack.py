"""The pretended Slack, mounted at `/playground/slack`: the Web API for the bot, the workspace for the page and tests.

For the bot, behind `SLACK_API_BASE` (`…/playground/slack/api`):

    POST /api/<method>       the methods of `slack_methods.METHODS` and `apps.connections.open`; form, query or JSON
    POST /upload/<file>      where `files.getUploadURLExternal` points; GET /files/<file> wants the bot's token
    POST /hooks/<secret>     response URLs: five times within thirty minutes
    GET  /link?ticket=…      the WebSocket that `apps.connections.open` names

For the page and tests, JSON, no token:

    GET  /info               team, me (the bot), users, channels, support channel
    GET  /events?after=&wait=  long poll: {version, messages, views, deliveries, channels} that changed after a version;
                             `after` -1 (the default) is everything. A version below yours: it was reset, begin anew.
                             A message is Slack's own object and `channel`, `only_for` (user id of an ephemeral one, or
                             null), `deleted`, `changed`, `at`. Thread replies have `thread_ts` other than `ts`.
                             A view is {view, user, open, errors}: a modal to show that user while `open`.
    POST /act                {"act": …, "user": …}: what a person does, answered when the bot was first tried
                             (`"wait": false`: at once). Common: `channel` (default: the support channel), `copies`.
       write                 text, thread_ts?, verbatim?, hold?, team?   → {message, deliveries}
       edit, delete          ts, text                                    → {message, deliveries}
       react                 ts, name, remove?                           → {message, deliveries}
       event                 event: any inner event, shared?             → {message: null, deliveries}
       share                 shared: whether the channel is shared with another company
       press                 ts, action_id, block_id?, value?, stale?, clicks?  → {answers, deliveries}
                             or view_id, action_id; `clicks` presses at once, `copies` sends one press twice
       submit                view_id, values: {block_id: {action_id: text}} or {action_id: text}
                                                                         → {answers, view, deliveries}
       close                 view_id
       command               command: "/reply", text                     → {answers, deliveries}
       raw                   body | json | payload | hex, type?, timestamp?, signature?, headers? → {status, text}
       replay                delivery: n, fresh?, retry?, copies?        → {status, text}
       release               delivery: n of one that was held
       disconnect            reason: ends the bot's Socket Mode connections
    GET  /calls?method=      every call of the Web API, refused ones too: [{n, at, method, args, status, ok, error}]
    GET  /deliveries?kind=   every event, interaction and command sent, with headers, body and attempts
    GET  /page/files/<file>  a file without a token, for the page
    /faults                  as for Acme and Twilio; paths are /api/<method>, /hooks/*, /upload/*, /files/*. Besides the
                             usual kinds: `token_revoked`; `api_error` with `code`; `channel_limit` (as long as it is
                             on: one message a second and channel, bursts of three; `ms` sets the pace);
                             `duplicate_event`, `shuffled_events`, `lost_event` (path /event, /interaction, /command)

As at Slack, the body of the answer to a click is ignored (use the response URL), that to a command is shown to who
typed it, and that to a submitted modal may carry `response_action`. Events go out signed to `{bot_url}/slack/events`,
or by socket while the bot has one open; one that is not taken within three seconds is repeated three times.
"""

import sqlite3
from typing import Any

from aiohttp import web

from playground import deliveries, faults, http, slack_door, slack_people, slack_rows
from playground.background import asked_news
from playground.slack_acts import People
from playground.slack_clicks import Clicks
from playground.slack_door import Door, base_of, file_of
from playground.slack_wild import Wild
from playground.world import World

Json = dict[str, Any]


def build(world: World) -> web.Application:
    """Build Slack: the API that the bot calls, and the workspace beside it."""
    api, desk = Door(world), Desk(world)
    app = web.Application(middlewares=slack_door.middlewares(world))
    app.add_routes(faults.routes(world.slack_faults))
    app.add_routes(
        [
            web.get("/api/{method}", api.call),
            web.post("/api/{method}", api.call),
            web.post("/upload/{file}", api.upload),
            web.get("/files/{file}", api.download),
            web.post("/hooks/{name}", api.hook),
            web.get("/link", world.slack.sockets.serve),
            web.get("/info", desk.info),
            web.get("/events", desk.events),
            web.post("/act", desk.act),
            web.get("/calls", desk.calls),
            web.get("/deliveries", desk.deliveries),
            web.get("/page/files/{file}", desk.file),
        ]
    )
    return app


class Desk:
    """The handlers for the page and for tests."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        people = People(world)
        clicks, wild = Clicks(world, people), Wild(world)
        self._support = people.support
        self._acts = {
            each.__name__: each
            for each in (
                people.write, people.edit, people.delete, people.react, people.event, people.share,
                clicks.press, clicks.submit, clicks.close, clicks.command,
                wild.raw, wild.replay, wild.release, wild.disconnect,
            )
        }  # fmt: skip

    async def act(self, request: web.Request) -> web.Response:
        """Do what a person does, or what a test wants."""
        wanted = await http.json_object(request)
        act = self._acts.get(str(wanted.get("act")))
        if act is None:
            raise http.bad_request(f"act must be one of: {', '.join(self._acts)}")
        return http.answer(await act({**wanted, "base": base_of(request, self._world.options)}))

    async def info(self, _: web.Request) -> web.Response:
        """Answer who and what is there."""
        places = await self._store.read(self._channels)
        shown = {
            "team": {"id": slack_people.TEAM, "name": slack_people.TEAM_NAME, "domain": slack_people.DOMAIN},
            "me": slack_people.BOT_USER,
            "users": [slack_people.show_user(who) for who in slack_people.PEOPLE.values()],
            "channels": places,
            "support": self._support,
            "sockets": len(self._world.slack.sockets.open),
        }
        return http.answer(shown)

    async def events(self, request: web.Request) -> web.Response:
        """Wait for changes and answer what changed."""
        after, wait = asked_news(request.query)

        async def look() -> Json:
            return await self._store.read(lambda db: self._news(db, after))

        return http.answer(await self._world.slack.news(look, after=after, wait=wait))

    async def calls(self, request: web.Request) -> web.Response:
        """Answer every call of the Web API, so that anyone can count."""
        return http.answer(await self._store.read(lambda db: slack_rows.calls(db, request.query.get("method"))))

    async def deliveries(self, request: web.Request) -> web.Response:
        """Answer everything that was sent to the bot."""
        kind = request.query.get("kind")
        found = await self._store.read(lambda db: deliveries.listing(db, "slack", kind=kind))
        return http.answer([deliveries.show(each) for each in found])

    async def file(self, request: web.Request) -> web.Response:
        """Give a file to the page."""
        return await file_of(self._world, request.match_info["file"])

    def _channels(self, db: sqlite3.Connection) -> list[Json | None]:
        return [slack_rows.channel(db, name, self._support) for name in slack_people.channels(self._support)]

    def _news(self, db: sqlite3.Connection, after: int) -> Json:
        return {
            "version": slack_rows.version(db),
            "messages": [slack_rows.bubble(message) for message in slack_rows.changed(db, after)],
            "views": slack_rows.views(db, changed_after=after),
            "deliveries": [
                deliveries.show(each, whole=False) for each in deliveries.listing(db, "slack", changed_after=after)
            ],
            "channels": self._channels(db),
        }
