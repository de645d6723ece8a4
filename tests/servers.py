"""Real servers for the tests: throw-away PostgreSQL and Redis from Debian's binaries, as root or not. Loopback only."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT_USER = "postgres"  # initdb and pg_ctl refuse root; Debian's package makes this user
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=1GB")
SAFE = ("fsync=on", "synchronous_commit=on")
PATIENCE_S = 30.0


class Missing(Exception):  # read as: the server is missing
    """A server's binaries are not installed; the text names the Debian package."""


def free_port() -> int:
    """Find a TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def short_folder() -> Path:
    """Make a folder whose path leaves room for a socket's name, which may have 107 bytes in all."""
    return Path(tempfile.mkdtemp(prefix="tl-", dir="/tmp"))  # mkdtemp makes it private


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """One cluster of its own, with databases by the dozen."""

    binaries: Path
    home: Path
    port: int
    settings: tuple[str, ...]

    @property
    def url(self) -> str:
        """The address of the maintenance database."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        """The address of one database."""
        return f"postgresql://tl@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start the cluster and wait until it takes connections."""
        options = [f"-p {self.port}", f"-k {self.home}", "-c listen_addresses=127.0.0.1", "-c max_connections=200"]
        options += [f"-c {setting}" for setting in self.settings]
        self._control("-l", str(self.home / "log"), "-o", " ".join(options), "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the cluster; `immediate` is what a crash looks like to its clients."""
        self._control("-m", mode, "stop")

    def create(self, *, template: str | None = None) -> str:
        """Create a database, a copy of `template` if one is named, and answer its address."""
        name = f"t_{secrets.token_hex(6)}"
        self.run_sql(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""))
        return self.database_url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.run_sql(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def run_sql(self, statement: str, *, database: str = "postgres") -> str:
        """Run one statement and answer what psql prints."""
        command = [str(self.binaries / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        done = subprocess.run(
            [*command, self.database_url(database)],
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout.strip()

    def initialise(self) -> None:
        """Lay out the cluster's files."""
        flags = ["-U", "tl", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        _run([str(self.binaries / "initdb"), "-D", str(self.home / "data"), *flags], cwd=self.home)

    def _control(self, *words: str) -> None:
        _run([str(self.binaries / "pg_ctl"), "-D", str(self.home / "data"), "-w", "-s", *words], cwd=self.home)


def new_postgres(*, durable: bool = False) -> Postgres:
    """Lay out and start a cluster in a folder of its own; `durable` for tests that kill it."""
    binaries, home = _postgres_binaries(), short_folder()
    if os.geteuid() == 0:
        shutil.chown(home, ROOT_USER, ROOT_USER)
    cluster = Postgres(binaries=binaries, home=home, port=free_port(), settings=SAFE if durable else QUICK)
    try:
        cluster.initialise()
        cluster.start()
    except BaseException:
        remove(cluster)
        raise
    return cluster


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Run a cluster of its own for as long as the block lasts."""
    cluster = new_postgres(durable=durable)
    try:
        yield cluster
    finally:
        remove(cluster)


def remove(cluster: Postgres) -> None:
    """Stop a cluster at once and delete its files."""
    _stop_quietly(cluster)
    shutil.rmtree(cluster.home, ignore_errors=True)


@dataclass(slots=True, kw_only=True)
class Redis:
    """One Redis without persistence, which a test may kill and start again on the same port."""

    binary: str
    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.home)]
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        self.process = subprocess.Popen([self.binary, *words], **quiet)
        wait_for_port(self.port)

    def kill(self) -> None:
        """End it without a goodbye; harmless when it is down already."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def flush(self) -> None:
        """Forget everything."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            connection.recv(64)


@contextmanager
def redis() -> Iterator[Redis]:
    """Run a Redis of its own for as long as the block lasts."""
    if not (binary := shutil.which("redis-server")):
        raise Missing("Redis is missing: apt-get install redis-server")
    home = short_folder()
    server = Redis(binary=binary, home=home, port=free_port())
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)


def chromium() -> str:
    """Find the browser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise Missing("Chromium is missing: apt-get install chromium")


def wait_for_port(port: int, *, patience: float = PATIENCE_S) -> None:
    """Wait until something listens on the port; TimeoutError if nothing does."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise TimeoutError(f"nothing listens on port {port}")


def _postgres_binaries() -> Path:
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    if elsewhere := shutil.which("initdb"):
        return Path(elsewhere).resolve().parent
    raise Missing("PostgreSQL is missing: apt-get install postgresql")


def _run(command: list[str], *, cwd: Path) -> None:
    """Run one of PostgreSQL's programs; its server would keep an inherited pipe open, hence no pipes."""
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": ROOT_USER, "group": ROOT_USER, "extra_groups": []}
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run(command, cwd=cwd, check=True, **quiet, **who)


def _stop_quietly(cluster: Postgres) -> None:
    """Stop it if it still runs; a test may have stopped it, and then there is nothing to say."""
    if (cluster.home / "data" / "postmaster.pid").exists():
        try:
            cluster.stop("immediate")
        except subprocess.CalledProcessError:
            return
