"""The server under attack: real processes, a raw wire, a look into its tables and its log. Attacks nothing itself."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from tests.harness.deployment import Deployment, deployed
from tests.harness.places import SECRETS, Place
from tests.harness.processes import Launcher, playground
from tests.harness.stage import Stage, staged

CANARY = "canary5f1dc3"  # in everything hostile that is sent; nothing may keep, log or give it back
TRACES = ("Traceback", 'File "', ".py", "aiohttp.", "Exception")
ROUTINE = {"alembic_version", "counters", "cursors"}  # the last: how far a channel has read, on its own account


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


@dataclass(slots=True, kw_only=True)
class Target:
    """One server with its outside world."""

    place: Place
    stage: Stage
    deployment: Deployment
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Where it is reached."""
        return self.place.url

    @property
    def log(self) -> str:
        """Everything its processes wrote so far."""
        return "".join(member.log.read_text(errors="replace") for member in self.deployment.members)

    async def send(
        self, method: str, path: str, *, data: Any = None, **headers: str
    ) -> Answer:  # any body that aiohttp takes
        """Make one request; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(method, path, data=data, headers=named)

    async def request(
        self, method: str, path: str, *, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one request with a plain client that follows nothing and unpacks nothing."""
        options: dict[str, Any] = {"allow_redirects": False, "headers": headers or {}, "skip_auto_headers": {"Accept"}}
        async with self.http.request(method, URL(self.url + path, encoded=True), data=data, **options) as response:
            return Answer(status=response.status, headers=dict(response.headers), body=await response.read())

    async def raw(self, text: bytes, *, patience: float = 10.0) -> bytes:
        """Send bytes as they are and read until the server closes, or has answered once."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.place.bot_port)
        try:
            writer.write(text)
            await writer.drain()
            async with asyncio.timeout(patience):
                head = await reader.readuntil(b"\r\n\r\n")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        return head + await reader.read(65_536)
                return head
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            return getattr(error, "partial", b"")
        finally:
            writer.close()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """The tables, to be looked at."""
        return contextlib.closing(sqlite3.connect(f"file:{_file(self.place)}?mode=ro", uri=True, timeout=5))

    def rows(self) -> dict[str, int]:
        """How many rows every table has."""
        with self.reading() as database:
            names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            wanted = [name for name in names if name not in ROUTINE and not name.startswith("sqlite_")]
            return {name: database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in wanted}

    def run_sql(self, statement: str) -> None:
        """Change the tables behind the server's back, as time or a restored backup would."""
        with contextlib.closing(sqlite3.connect(_file(self.place), timeout=5)) as database, database:
            database.execute(statement)

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """Fail if anything was stored meanwhile."""
        before = self.rows()
        yield
        assert before == self.rows()

    def check_log(self) -> None:
        """Fail if the log holds a person's words, a secret, an address, or the trace of a mishap."""
        log = self.log
        ours = {value.partition(":")[2] if name == "ENCRYPTION_KEYS" else value for name, value in SECRETS.items()}
        for word in {CANARY, *ours, "+15550101001", "+15550101002", "kim@example.com", "request_failed"}:
            assert word not in log.replace(SECRETS["TWILIO_WHATSAPP_FROM"], ""), f"{word!r} in the log"
        for line in log.splitlines():
            assert "Traceback" not in line, line
            assert line.isprintable(), line


@asynccontextmanager
async def target(
    home: Path, launcher: Launcher, migrated: Path, tuning: Mapping[str, Any], **settings: str
) -> AsyncIterator[Target]:
    """Run a server with its outside world for as long as the context lasts; its log is looked through at the end."""
    own = tempfile.mkdtemp(dir=home)
    database = shutil.copy(migrated, f"{own}/throughline.db")
    place = Place(home=Path(own), database_url=f"sqlite:///{database}", settings=settings, tuning=tuning)
    async with playground(place), deployed(place, launcher) as deployment, staged(place) as stage:
        # A connection of its own for every request: a refusal may end the connection it came on.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
            one = Target(place=place, stage=stage, deployment=deployment, http=http)
            yield one
        await one.stage.operators.at_rest()
        one.check_log()


def check_refusal(answer: Answer, *expected: int) -> None:
    """Fail unless the answer is a refusal that tells nothing about us and gives nothing back."""
    wanted = expected or tuple(range(400, 500))
    assert answer.status in wanted, (answer.status, answer.text[:300])
    assert CANARY not in answer.text
    assert not [trace for trace in TRACES if trace in answer.text]
    assert len(answer.body) < 500


def _file(place: Place) -> str:
    return place.database_url.removeprefix("sqlite:///")
