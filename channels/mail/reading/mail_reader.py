"""Reads mails in a process of their own that is killed when one takes too long. Parses nothing itself, loses no mail.

Whatever goes wrong over there (an exception, no memory, no time) means "kept, not understood": the caller has the raw
mail, and gets what the headers say.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from channels.mail.reading import mail_parse, mail_worker
from channels.mail.reading.mail_decode import Mailbox
from channels.mail.reading.mail_mime import BYTES_LIMIT
from channels.mail.reading.mail_parse import Attachment, Preview
from channels.mail.reading.mail_report import Report
from channels.mail.reading.mail_verdicts import AuthResults, Verdict

ROOT = Path(__file__).resolve().parents[3]  # where `channels` is imported from
START_SECONDS = 20.0
ANSWER_LIMIT = 16_000_000
SLOWEST = 10_000_000  # bytes a second that a large mail is given more
TRIES = 2
LIVES = 1_000  # mails after which a process is replaced
_BROKEN = (OSError, asyncio.IncompleteReadError, ValueError, TypeError, LookupError)  # it died, or answers nonsense


@dataclass(slots=True)
class MailReader:
    """One process for reading mails, started when it is needed. `async with` ends it.

    `patience`: seconds that a small mail may take before its process is killed. `ours`: our own addresses.
    """

    patience: float = 2.0
    ours: Collection[str] = ()
    _process: asyncio.subprocess.Process | None = None
    _lives: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def preview(self, raw: bytes) -> Preview:
        """Read a mail. Never raises for what is in it.

        What fails is tried once more, in another process: what the mail did it does again, a busy machine does not.
        """
        if len(raw) > BYTES_LIMIT:
            return mail_parse.not_understood(raw, "too much: bytes")
        async with self._turn:
            why = ""
            for _ in range(TRIES):
                try:
                    return await self._ask(raw)
                except TimeoutError:
                    why = "took too long"
                except _BROKEN:
                    why = "could not be read"
            return mail_parse.not_understood(raw, why)

    async def _ask(self, raw: bytes) -> Preview:
        try:
            process = await self._ready()
            async with asyncio.timeout(self.patience + len(raw) / SLOWEST):
                return restored(await _exchange(process, raw))
        except BaseException:
            await self.close()  # it may be in the middle of something
            raise

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None and self._lives > 0:
            self._lives -= 1
            return self._process
        await self.close()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            mail_worker.__name__,
            *self.ours,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
            env={},  # none of our secrets
        )
        async with asyncio.timeout(START_SECONDS):
            await _output(self._process).readexactly(len(mail_worker.READY))
        self._lives = LIVES
        return self._process

    async def close(self) -> None:
        """End the process; the next mail starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise OSError("the reader has no output")
    return process.stdout


async def _exchange(process: asyncio.subprocess.Process, raw: bytes) -> bytes:
    """Send a mail and wait for the answer."""
    if process.stdin is None:
        raise OSError("the reader has no input")
    process.stdin.write(len(raw).to_bytes(8, "big"))
    process.stdin.write(raw)
    await process.stdin.drain()
    length = int.from_bytes(await _output(process).readexactly(8), "big")
    if length > ANSWER_LIMIT:
        raise OSError("the answer is too long")
    return await _output(process).readexactly(length)


def restored(answer: bytes) -> Preview:
    """Make a preview again of what came as JSON."""
    found: dict[str, Any] = json.loads(answer)
    for name in ("from_", "reply_to", "to", "cc"):
        found[name] = tuple(Mailbox(**item) for item in found[name])
    found["reports"] = tuple(Report(**item) for item in found["reports"])
    found["attachments"] = tuple(Attachment(**item) for item in found["attachments"])
    found["auth_results"] = tuple(
        AuthResults(server=item["server"], verdicts=tuple(_verdict(verdict) for verdict in item["verdicts"]))
        for item in found["auth_results"]
    )
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return Preview(**values)


def _verdict(item: dict[str, Any]) -> Verdict:
    pairs = tuple((name, value) for name, value in item["properties"])
    return Verdict(method=item["method"], result=item["result"], properties=pairs)
