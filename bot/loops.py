"""Loops that live as long as the process: an error in one round is logged, the next round comes. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot import observe
from state import errors

log = observe.get_logger()


async def forever(step: Callable[[], Awaitable[None]], *, pause_s: float, failed: str) -> None:
    """Do the step again and again, after an error not before `pause_s`; `failed` is the word for the log.

    A loop that ended by an error nobody foresaw would leave a process that looks healthy and does nothing.
    """
    while True:
        try:
            await step()
        except errors.BotError as error:
            log.warning(failed, error=str(error))
            await asyncio.sleep(pause_s)
        except Exception:
            log.exception(failed)
            await asyncio.sleep(pause_s)
