"""The playground put together: one sub-application for `/playground`, and the page for `/`."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from playground import acme, http, mail, mail_post, mail_smtp, phone, records, signin, slack, twilio
from playground.carrier import WEBHOOK_FAULTS, Carrier
from playground.faults import REQUEST_KINDS, Faults
from playground.live import Live
from playground.mail_boxes import Boxes
from playground.mail_smtp import Door, Listener
from playground.options import Options
from playground.slack_post import EVENT_FAULTS, Poster
from playground.store import Store
from playground.world import World

STATIC = Path(__file__).parent / "static"
OPTIONS = web.AppKey("options", Options)
PARTS = {"/acme": acme.build, "/twilio": twilio.build, "/slack": slack.build, "/mail": mail.build}
SLACK_KINDS = (*EVENT_FAULTS, "token_revoked", "api_error", "channel_limit")


def build(options: Options) -> web.Application:
    """Build the playground as an application to be mounted under `/playground`."""
    world = _world(options)
    live = Live(world)
    app = web.Application(middlewares=[http.own_pages_only(options.public_url, options.bot_url), _fresh])
    app[OPTIONS] = options
    for prefix, part in PARTS.items():
        app.add_subapp(prefix, part(world))
    app.add_routes([*phone.routes(world), *signin.routes(world), *_own_routes(world, live)])
    app.router.add_static("/static", STATIC)
    app.cleanup_ctx.append(lambda _: _run(world, live))

    async def let_go(_: web.Application) -> None:
        for part in (world.carrier, world.slack, world.mail):
            part.stop_waiting()
        await world.slack.sockets.disconnect("refresh_requested")

    app.on_shutdown.append(let_go)
    return app


def standalone(options: Options) -> web.Application:
    """Build the playground as a server of its own, with the same paths."""
    root = web.Application()
    root[OPTIONS] = options
    root.router.add_get("/", page)
    root.add_subapp("/playground", build(options))
    return root


async def page(request: web.Request) -> web.StreamResponse:
    """Answer the demo page; the bot's server routes `GET /` here while the playground is on."""
    options = request.config_dict.get(OPTIONS)
    parts = urlsplit(options.widget_url if options else "")
    elsewhere = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    sockets = elsewhere.replace(" http", " ws")
    policy = (
        f"default-src 'self'; script-src 'self'{elsewhere}; connect-src 'self'{elsewhere}{sockets};"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'"
    )
    return web.FileResponse(
        STATIC / "index.html", headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    )


@web.middleware
async def _fresh(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let browsers ask whether a file of the page changed, so that an upgrade shows at once."""
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _world(options: Options) -> World:
    store = Store(options.db)
    twilio_faults = Faults(requests=REQUEST_KINDS, events=WEBHOOK_FAULTS)
    slack_faults = Faults(requests=REQUEST_KINDS, events=SLACK_KINDS)
    mail_faults = Faults(requests=(), events=(*mail_smtp.FAULTS, *mail_post.FAULTS), usual=451)
    post = mail_post.MailPoster(store, options, mail_faults)
    boxes = Boxes(store, options, post)
    return World(
        options=options,
        store=store,
        carrier=Carrier(store, options, twilio_faults),
        acme_faults=Faults(requests=REQUEST_KINDS),
        twilio_faults=twilio_faults,
        slack=Poster(store, options, slack_faults),
        slack_faults=slack_faults,
        mail=post,
        mail_faults=mail_faults,
        boxes=boxes,
        listener=Listener(Door(store, mail_faults, boxes.keep), options),
    )


async def _run(world: World, live: Live) -> AsyncIterator[None]:
    await world.store.open()
    try:
        async with (
            world.carrier.running(),
            world.slack.running(),
            world.mail.running(),
            world.listener.running(),
            live.running(),
        ):
            yield
    finally:
        await world.store.close()


def _own_routes(world: World, live: Live) -> list[web.RouteDef]:
    async def reset(_: web.Request) -> web.Response:
        """Restore the demo data and forget every message, fault and template."""
        for each in (world.acme_faults, world.twilio_faults, world.slack_faults, world.mail_faults):
            each.active.clear()
        parts = (world.carrier, world.slack, world.mail)
        for part in parts:
            await part.forget()
        await world.store.reset()
        for part in parts:
            part.ring()
        return http.answer({"reset": True})

    async def info(_: web.Request) -> web.Response:
        """Answer what the page must know to begin."""
        people = [
            {"id": c.customer_id, "name": c.name, "phone": c.phone, "email": c.email, "plan": c.plan}
            for c in records.CUSTOMERS.values()
        ]
        parts = {"slack": world.options.has_slack, "mail": world.options.has_mail}
        return http.answer({"customers": people, "widget": world.options.widget_url, "parts": parts})

    return [web.post("/reset", reset), web.get("/info", info), web.get("/live", live.show), web.get("/", page)]
