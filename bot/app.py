"""The composition root: every part of the program, made and joined on one page."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from aiohttp import web

from bot import functions, metrics, observe, replies, transcript, workflows
from bot import web as pages
from bot.alerts import Alerts
from bot.api import Api
from bot.api_mail import MailPreviews
from bot.api_route import RouteApi
from bot.api_spec import ApiSpec
from bot.api_tools import ToolsApi
from bot.inbox import Inbox
from bot.jobs import Clock
from bot.mcp_server import McpServer
from bot.models import MODELS, prompts
from bot.models.base import Model
from bot.models.guarded import Guarded
from bot.models.offline import Offline
from bot.models.patience import RetryPolicy
from bot.outbox import Sender, composer
from bot.parts import Parts
from bot.threads import Threads
from bot.toolbox import Toolbox
from bot.turn import Done
from bot.worker import Worker
from channels import CHANNELS
from channels.base import Channel, Ports
from channels.staff import StaffChannel
from config import policies, templates
from config.policies import Policies
from config.settings import Settings
from config.templates import Words
from state import errors
from state.hints import Hints, make_hints
from state.store import Store
from tools import limits
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Systems
from tools.rates import Rates

ROLES = {"serve": {"web", "worker", "clock"}, "web": {"web"}, "worker": {"worker"}, "clock": {"clock"}}
DRAIN_S = 20.0
SHUTDOWN_S = 2.0
log = observe.get_logger()


@dataclass(slots=True, kw_only=True)
class Services:
    """The running program."""

    settings: Settings
    parts: Parts
    hints: Hints
    systems: Systems
    channels: dict[str, Channel]
    inbox: Inbox
    worker: Worker
    sender: Sender
    threads: Threads | None
    clock: Clock
    previews: MailPreviews
    roles: frozenset[str]
    accepting: bool = False


async def build(settings: Settings, roles: frozenset[str]) -> Services:
    """Make every part. Opens the database; calls no provider."""
    name = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
    rules = read_policies(settings)
    store = await open_store(settings)
    hints = make_hints(settings.redis_url, settings.derive("hints"))
    systems = Systems.of(settings)
    adapters = _adapters(settings)
    gateway = _gateway(settings, store, systems, hints, rules)
    parts = _parts(settings, store, gateway, adapters, rules, worker=name)
    made: list[Services] = []  # filled below; what is made before needs a way to reach it
    worker = Worker(parts, hints, lambda done: _done(made[0], done))
    inbox = _inbox(store, hints, settings, rules, worker if "worker" in roles else None)
    ports = _ports(settings, store, hints, inbox, ready=lambda: made[0].accepting, listens="web" in roles)
    channels = {key: adapter(ports) for key, adapter in adapters.items()}
    senders = {k: c for k, c in channels.items() if not (c.capabilities.pull or c.capabilities.staff)}
    sender = Sender(store, senders, settings.tuning, worker=name)
    services = Services(
        settings=settings,
        parts=parts,
        hints=hints,
        systems=systems,
        channels=channels,
        inbox=inbox,
        worker=worker,
        sender=sender,
        threads=_threads(parts, channels, rules),
        clock=Clock(store, hints, settings.tuning),
        previews=MailPreviews(settings),
        roles=roles,
    )
    made.append(services)
    return services


def _done(services: Services, done: Done) -> None:
    """A turn has ended: its replies leave, and staff see what it did."""
    if done.outgoing:
        services.sender.offer(done)
    if services.threads:
        services.threads.wake()


def _threads(parts: Parts, channels: Mapping[str, Channel], rules: Policies) -> Threads | None:
    """What keeps the staff's channel up to date, when there is one."""
    staff = next((c for c in channels.values() if c.capabilities.staff), None)
    if staff is None:
        return None
    alerts = Alerts(channels, rules, parts.settings.public_url)
    return Threads(parts, cast("StaffChannel", staff), alerts.tell)


def _inbox(store: Store, hints: Hints, settings: Settings, rules: Policies, worker: Worker | None) -> Inbox:
    """The way in; without a worker in this process, other processes are woken."""
    if worker is None:
        return Inbox(store, hints, settings, rules, worker=None, run=lambda _: None, wake=lambda _: None)
    return Inbox(store, hints, settings, rules, worker=worker.parts.worker, run=worker.offer, wake=worker.wake)


def _ports(
    settings: Settings, store: Store, hints: Hints, inbox: Inbox, *, ready: Callable[[], bool], listens: bool
) -> Ports:
    """What channels may ask of the rest."""
    return Ports(
        settings=settings,
        hints=hints,
        accept=inbox.accept,
        identify=inbox.identify,
        find=inbox.find,
        messages=lambda session, after: transcript.frames(store, session, after),
        act=inbox.act,
        status=store.delivery_status,
        delivered=store.delivered,
        replied=store.replied,
        ticket=store.ticket_of,
        allow=store.allow,
        cursor=store.cursor,
        ready=ready,
        listens=listens,
    )


async def open_store(settings: Settings) -> Store:
    """The database with its keys."""
    keks = {key.id: key.material for key in settings.encryption_keys}
    return await Store.open(settings.database_url, keks=keks, index_key=settings.index_key.get_secret_value().encode())


def _adapters(settings: Settings) -> dict[str, Any]:
    """The classes of the channels that are on; an SDK of one that is off is never loaded."""
    on = {row.name for row in settings.channels() if row.on}
    return {name: _load(place) for name, place in CHANNELS.items() if name in on}


def _load(place: str) -> Any:  # noqa: ANN401 - whatever the table names; a test checks every row
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def _gateway(settings: Settings, store: Store, systems: Systems, hints: Hints, rules: Policies) -> Gateway:
    """The one door to all tools of this deployment."""
    catalog = Catalog.of(settings)
    limits.check(rules.tools, catalog)
    allowed = limits.Limits(tools=rules.tools, version=rules.version)
    rates = Rates(rules=rules.tools, allow=hints.allow)
    return Gateway(catalog, systems, _count, rates=rates, limits=allowed, ledger=store)


def _parts(
    settings: Settings,
    store: Store,
    gateway: Gateway,
    adapters: Mapping[str, Any],
    rules: Policies,
    *,
    worker: str,
) -> Parts:
    flows = workflows.load(settings.workflows_dir)
    functions.check(flows, gateway.catalog)
    functions.check_reviews(flows, rules)
    offline = Offline(flows)
    capabilities = {name: adapter.capabilities for name, adapter in adapters.items()}
    return Parts(
        settings=settings,
        store=store,
        gateway=gateway,
        model=Guarded(inner=_model(settings, offline), policy=RetryPolicy(retries=settings.tuning.model_retries)),
        offline=offline,
        workflows=flows,
        replies=replies.load(settings.config_file("replies.yaml")),
        functions=functions.offered(gateway, flows),
        instructions=prompts.marked(
            prompts.read(settings.config_file("prompts"), "plan"), settings.derive("mark of the instructions")
        ),
        capabilities=capabilities,
        scopes=rules.scopes("customer"),
        worker=worker,
        compose=composer(capabilities),
        templates=read_words(settings).whatsapp.templates,
        policies=rules,
    )


def _model(settings: Settings, offline: Offline) -> Model:
    if settings.model_backend == "offline":
        return offline
    model: Model = _load(MODELS[settings.model_backend])(settings)
    return model


def read_policies(settings: Settings) -> Policies:
    """Who may do what, and who is staff."""
    try:
        return policies.load(settings.config_file("policies.yaml"))
    except ValueError as error:
        raise errors.BadInput(str(error)) from error


def read_words(settings: Settings) -> Words:
    """What channels say on their own account."""
    try:
        return templates.load(settings.config_file("channels.yaml"))
    except ValueError as error:
        raise errors.BadInput(str(error)) from error


def _count(event: str, *, tool: str, reason: str, ms: int) -> None:
    """Count what the gateway reports."""
    del ms
    if event == "call":
        metrics.tool_called(tool, reason)
        if reason != "ok":
            metrics.tool_failed(tool, reason)
    elif event == "cache":
        metrics.tool_cached(tool, reason)
    elif event == "schema":
        metrics.schema_failed(tool, reason)
    else:
        metrics.policy_blocked(tool, reason)


def routes(services: Services) -> list[web.AbstractRouteDef]:
    """Every route of this process."""
    health = pages.Health(services.parts, services.hints, services.systems, lambda: services.accepting)
    found: list[web.AbstractRouteDef] = [*health.routes()]
    if "web" in services.roles:
        toolbox = Toolbox(services.parts, services.hints, services.inbox.call)
        found += [*Api(services.parts, services.hints).routes(), *services.previews.routes()]
        found += [*RouteApi(services.parts).routes(), *ToolsApi(toolbox).routes(), *McpServer(toolbox).routes()]
        found += ApiSpec(services.settings, services.parts.gateway.catalog, found).routes()
        for channel in services.channels.values():
            found += channel.routes()
    return found


def application(services: Services) -> web.Application:
    """The HTTP application; with the playground on, it is mounted beside."""
    app = web.Application(middlewares=[pages.net], client_max_size=pages.BODY)
    app.add_routes(routes(services))
    if "web" in services.roles:
        if services.settings.playground:
            from bot import pretended  # the playground is only loaded where it is on

            pretended.mount(app, services.settings)
        else:
            app.router.add_get("/", pages.landing)
    return app


async def run(settings: Settings, role: str) -> None:
    """Run a process until SIGTERM or SIGINT, then drain."""
    services = await build(settings, frozenset(ROLES[role]))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        application(services), access_log=None, shutdown_timeout=SHUTDOWN_S, handler_cancellation=False
    )
    await runner.setup()
    try:
        await start(services)
        await _listen(runner, settings)
        log.info(
            "ready",
            url=settings.public_url,
            role=role,
            channels=sorted(services.channels),
            model=settings.model_backend,
        )
        await stop.wait()
        log.info("draining")
    finally:
        await close(services, runner)


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    """Take connections."""
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise errors.BadInput(
            f"PORT: {where} cannot be listened on ({error.strerror}); stop what uses it, or set HOST and PORT to others"
        ) from error


async def start(services: Services) -> None:
    """Start everything; messages are taken from here on. Raises KeyMissing when stored data would not open."""
    await services.parts.store.check_keys()
    if services.parts.store.database.dialect == "sqlite":
        await services.parts.store.end_all_leases(reconcile_ms=int(services.settings.tuning.reconcile_wait_s * 1000))
    await services.hints.start()
    for channel in services.channels.values():
        await channel.start()
    if "worker" in services.roles:
        services.worker.start()
        services.sender.start()
        if services.threads:
            services.threads.start()
        services.worker.listen(services.hints)
    if "clock" in services.roles:
        services.clock.start()
    services.accepting = True


async def close(services: Services, runner: web.AppRunner) -> None:
    """Drain: no new messages, turns end, replies leave, sockets are told to come back."""
    services.accepting = False
    services.clock.stop()
    await services.worker.drain(DRAIN_S)
    await services.sender.drain(SHUTDOWN_S)
    if services.threads:
        await services.threads.drain(SHUTDOWN_S)
    await _close_all([channel.close() for channel in services.channels.values()])
    await _close_all([services.hints.close(), services.previews.close()])  # ends the long polls that wait for hints
    await runner.cleanup()
    await _close_all([services.parts.model.close(), services.systems.close(), services.parts.store.close()])


async def _close_all(work: Sequence[Any]) -> None:
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, Exception):
            log.warning("close_failed", error=str(result))
