"""The whole server within the test's own process, on real ports: the same code and wires, started in no time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from bot import app
from bot.app import Services
from config.settings import Settings
from playground.app import standalone
from playground.options import from_environment
from tests.harness.places import Place, port
from tests.harness.stage import Stage, staged


@asynccontextmanager
async def serving(place: Place, role: str, *, at: int) -> AsyncIterator[Services]:
    """Run one process's worth of the bot for as long as the context lasts."""
    settings = Settings.load({**place.environment(), "PORT": str(at)}, root=place.home)
    services = await app.build(settings, frozenset(app.ROLES[role]))
    runner = web.AppRunner(app.application(services), access_log=None, shutdown_timeout=app.SHUTDOWN_S)
    await runner.setup()
    try:
        await app.start(services)
        await web.TCPSite(runner, "127.0.0.1", at).start()
        yield services
    finally:
        await app.close(services, runner)


@asynccontextmanager
async def outside_world(place: Place) -> AsyncIterator[None]:
    """Run the playground for as long as the context lasts."""
    options = from_environment(
        place.outside(), db=str(place.home / "playground.db"), bot_url=place.url, public_url=place.url
    )
    runner = web.AppRunner(standalone(options), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", place.playground_port).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def performed(place: Place, roles: Iterable[str] = ("serve",)) -> AsyncIterator[tuple[Stage, list[Services]]]:
    """A stage with the bot in this process; the first role takes the messages."""
    async with AsyncExitStack() as closing:
        await closing.enter_async_context(outside_world(place))
        services = [
            await closing.enter_async_context(serving(place, role, at=port() if number else place.bot_port))
            for number, role in enumerate(roles)
        ]
        yield await closing.enter_async_context(staged(place)), services
