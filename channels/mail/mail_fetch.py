"""Mail in from a mailbox by IMAP: new mails are pushed (IDLE) or looked for. Changes nothing in the mailbox.

How far it has read is kept as the mailbox's UIDVALIDITY and the last UID, and moves on only after a mail's commit; what
a person reads, flags or moves does not matter. When the UIDVALIDITY changes, everything is read again, and what was
taken before is known by its id. Mails from before the day before the very first look are left alone.

A mail that is refused again and again while others would be taken is skipped, with a line in the log; it is still in
the mailbox.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import structlog

from channels.base import Ports
from channels.mail.mail_box import GONE, Mailbox, Place, Refusal
from channels.mail.mail_in import MailIn
from state import errors

IDLE_S = 240.0  # servers and routers forget a silent connection; then it is looked at anyway
POLL_S = 30.0
WAIT_S = 1.0  # until messages may be taken
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
TRIES = 6
CLOSE_S = 3.0

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a mailbox was read. `since`: mails that came before that day are none of ours."""

    validity: int
    uid: int
    since: date

    @classmethod
    def read(cls, text: str) -> Reached:
        """Read what was kept."""
        validity, uid, since = text.split(":")
        return cls(validity=int(validity), uid=int(uid), since=date.fromisoformat(since))

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}:{self.since.isoformat()}"


class Fetcher:
    """The mailbox's reader. `take` is where mails go."""

    def __init__(self, ports: Ports, take: MailIn) -> None:
        """Keep where the mailbox is; nothing is opened yet."""
        self._ports = ports
        self._in = take
        url = ports.settings.imap_url
        self._place = Place.of(url.get_secret_value()) if url else None
        self._thread: ThreadPoolExecutor | None = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._box: Mailbox | None = None
        self._failures = 0
        self._refused = 0  # times in a row that the next mail was refused
        self._name = f"mail/imap/{hashlib.sha256(str(self._place).encode()).hexdigest()[:24]}"

    def start(self) -> None:
        """Begin to read, in a task of its own: a mailbox that is away must not keep the rest from starting."""
        if self._place is None:
            return
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="imap")
        self._task = asyncio.create_task(self._run(self._place))

    async def close(self) -> None:
        """Read no more; a mail that is being committed is finished."""
        self._stop.set()
        if self._box is not None:
            self._box.interrupt()
        if self._task is not None:
            done, _ = await asyncio.wait({self._task}, timeout=CLOSE_S)
            if not done:
                self._task.cancel()
                await asyncio.wait({self._task}, timeout=1)
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, place: Place) -> None:
        while not self._stop.is_set():
            try:
                await self._session(place)
            except Refusal as error:
                log.warning("mail_imap_refused", reason=str(error))
            except Exception as error:
                if not self._stop.is_set():  # else it was we who hung up
                    log.warning("mail_imap_interrupted", error=type(error).__name__)
            if not self._stop.is_set():
                self._failures += 1
                await self._pause(min(FIRST_BACKOFF_S * 2 ** min(self._failures - 1, 10), LONGEST_BACKOFF_S))

    async def _session(self, place: Place) -> None:
        """Read over one connection until it ends."""
        await self._until_ready()
        box = self._box = Mailbox(place)
        try:
            validity = await self._call(box.open)
            reached = await self._reached(validity)
            while not self._stop.is_set():
                await self._until_ready()
                reached = await self._take_news(box, reached)
                if not self._stop.is_set():
                    self._failures = 0
                    await self._call(box.wait, IDLE_S, POLL_S)
        finally:
            self._box = None
            await self._call(box.close)

    async def _reached(self, validity: int) -> Reached:
        """Say where to go on; a first look and a mailbox that was numbered anew begin at its beginning."""
        kept = await self._ports.cursor(self._name, None)
        known = Reached.read(kept) if kept else None
        if known and known.validity == validity:
            return known
        since = known.since if known else (datetime.now(UTC) - timedelta(days=1)).date()
        if known:
            log.warning("mail_imap_renumbered", reason="the mailbox is read again")
        return await self._keep(Reached(validity=validity, uid=0, since=since))

    async def _keep(self, reached: Reached) -> Reached:
        await self._ports.cursor(self._name, str(reached))
        return reached

    async def _take_news(self, box: Mailbox, reached: Reached) -> Reached:
        since = reached.since
        for uid in await self._call(box.news, reached.uid, since):
            if self._stop.is_set() or not self._ports.ready():
                break
            await self._take(box, uid)
            reached = await self._keep(Reached(validity=reached.validity, uid=uid, since=since))
            self._refused = 0
        return reached

    async def _take(self, box: Mailbox, uid: int) -> None:
        """Commit one mail. Raises, so that it is tried again later, until it is clear that only this one is refused."""
        try:
            raw = await self._call(box.get, uid)
            if raw is not None:
                await self._in.take(raw)
        except GONE:
            raise
        except Exception as error:
            if isinstance(error, errors.RetryLater) and not await self._would_take_others():
                raise
            self._refused += 1
            if self._refused < TRIES:
                raise
            log.warning("mail_skipped", error=type(error).__name__, reason="refused again and again")

    async def _would_take_others(self) -> bool:
        """Say whether the database answers, so that it is the mail that is wrong."""
        try:
            await self._ports.cursor(self._name, None)
        except errors.BotError:
            return False
        return True

    async def _until_ready(self) -> None:
        while not (self._ports.ready() or self._stop.is_set()):
            await self._pause(WAIT_S)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _call(self, work: Callable[..., T], *given: object) -> T:
        """Do something that blocks, in the mailbox's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)
