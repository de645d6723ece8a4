"""What all have in common that bring things to the bot: the first attempt, what waits its turn, what is forgotten."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import aiohttp

from playground import options
from playground.background import Background
from playground.faults import Faults
from playground.store import Store

Key = TypeVar("Key", int, str)
Tried = asyncio.Future[None]


class Post(Background, Generic[Key]):
    """Moves things in the background; what it was given is stored before, so a restart goes on. `Key` names one."""

    def __init__(self, store: Store, settings: options.Options, faults: Faults) -> None:
        super().__init__()
        self._store = store
        self._settings = settings
        self._faults = faults
        self._http: aiohttp.ClientSession | None = None
        self._held: list[Key] = []

    async def forget(self) -> None:
        """Stop all work under way, before a reset."""
        await self.drop()
        self._held.clear()
        self.ring()

    @property
    def client(self) -> aiohttp.ClientSession:
        """The HTTP client, while it runs."""
        if self._http is None:
            raise RuntimeError(f"the {type(self).__name__} is not running")
        return self._http

    def attempt(self, work: Callable[[Tried], Coroutine[Any, Any, None]]) -> Tried:
        """Begin work; the future that it is given, and that is returned, ends with its first attempt or with it."""
        tried: Tried = asyncio.get_running_loop().create_future()
        self.spawn(work(tried)).add_done_callback(lambda _: settle(tried))
        return tried

    def let_go(self, bring: Callable[[Key], Coroutine[Any, Any, None]]) -> None:
        """Bring whatever was held back until now."""
        held, self._held = self._held, []
        for each in held:
            self.spawn(bring(each))


def settle(tried: Tried | None) -> None:
    """The first attempt is over, whatever came of it."""
    if tried is not None and not tried.done():
        tried.set_result(None)
