"""Work that goes on behind the requests, and the bell that wakes whoever waits for a change. It knows no meaning."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from playground import http

Json = dict[str, Any]


class Background:
    """Tasks that end with the playground, and a bell for those who wait for news."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.closing = asyncio.Event()

    def ring(self) -> None:
        """Wake everyone who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def next_change(self) -> asyncio.Event:
        """Return the event that the next change sets; take it before looking."""
        return self._changed

    def stop_waiting(self) -> None:
        """Let everyone go who waits for a change."""
        self.closing.set()
        self.ring()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin work that nobody waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:  # nobody waits for the task, so nobody else would say it
            context = {"message": f"{type(self).__name__} has an error", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    async def drop(self) -> None:
        """Stop all work under way and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Stop whatever still runs when the context ends."""
        try:
            yield
        finally:
            self.stop_waiting()
            await self.drop()

    async def news(self, look: Callable[[], Awaitable[Json]], *, after: int, wait: int) -> Json:
        """Answer what `look` finds once its version differs from `after`, at the latest after `wait` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait or None):
                while wait and not self.closing.is_set():
                    change = self.next_change()
                    if (await look())["version"] != after:
                        break
                    await change.wait()
        return await look()


def asked_news(query: Any) -> tuple[int, int]:  # noqa: ANN401  a multi-dict
    """Read `after` and `wait` of a long poll."""
    after = http.whole(query, "after", default=-1, least=-1, most=2**53)
    return after, http.whole(query, "wait", default=0, least=0, most=25)
