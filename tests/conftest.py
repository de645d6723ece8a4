"""What every test stands on: a clean environment, no way out of this machine, real servers on demand."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from config.settings import NAMES
from state import migrations
from tests import servers

HOME = "TL_TEST_HOME"  # the run's folder, made by the controlling process and inherited by its workers
MARKS = {"postgres_server": "postgres", "own_postgres": "postgres", "redis_server": "redis", "own_redis": "redis"}
SHARED_SERVERS = (
    "tests/security/",
    "tests/attacks/",
    "tests/channels/mail/test_mail_fetch.py",
    "tests/flows/test_mail_ways.py",
)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", "0.0.0.0", "::", ""})  # compared, not bound

for _name in [name for name in os.environ if name.removesuffix("_FILE") in NAMES or name == "FAULT"]:
    del os.environ[_name]  # before the first import of ours that might look

hypothesis.settings.register_profile("shared-machine", deadline=None, print_blob=True)
hypothesis.settings.load_profile("shared-machine")


def _stay_here(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse every connection that would leave this machine."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"  # a path is a socket on this machine
    elif event == "socket.getaddrinfo":
        host = arguments[0] or ""
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name not in LOOPBACK and not name.endswith(".localhost"):
        raise RuntimeError(f"a test tried to reach {name}")


sys.addaudithook(_stay_here)


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder, once, in the controlling process."""
    if not hasattr(config, "workerinput"):
        os.environ[HOME] = str(servers.short_folder())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster that some worker may have started, and remove the run's folder."""
    if hasattr(config, "workerinput"):
        return
    home = Path(os.environ.pop(HOME))
    if (cluster := _recorded(home)) is not None:
        servers.remove(cluster)
    shutil.rmtree(home, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded as their property `table`, whichever worker ran them."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    for text in [value for report in reports for name, value in report.user_properties if name == "table"]:
        terminalreporter.write_line(f"\n{text}")


class _Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types
    """Gives each test to whoever is free; but a module that shares one server goes to one worker as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(SHARED_SERVERS) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Deal out the tests; xdist's own groups are lost in this version of pytest."""
    return _Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the servers they ask for, so that `-m 'not postgres'` works without anybody's care."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKS:
                item.add_marker(MARKS[fixture])


@contextmanager
def _or_skip() -> Iterator[None]:
    """Skip the test when its server is not installed; the reason names the package."""
    try:
        yield
    except servers.Missing as missing:
        pytest.skip(str(missing))


def _recorded(home: Path) -> servers.Postgres | None:
    """Give the run's cluster, if one was started."""
    try:
        found = json.loads((home / "postgres.json").read_text())
    except FileNotFoundError:
        return None
    paths = {name: Path(found.pop(name)) for name in ("binaries", "home")}
    return servers.Postgres(**paths, port=found["port"], settings=tuple(found["settings"]))


def _started(home: Path) -> servers.Postgres:
    """Start the run's cluster and record it for the other workers and for the end."""
    cluster = servers.new_postgres()
    (home / "postgres.json").write_text(json.dumps(asdict(cluster), default=str))
    return cluster


@pytest.fixture(autouse=True)
def no_paid_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test, and no process it starts, find a key or a provider by accident."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("MODEL_BACKEND", "offline")


@pytest.fixture
def free_port() -> int:
    """A TCP port that nobody listens on."""
    return servers.free_port()


@pytest.fixture(scope="session")
def postgres_server() -> servers.Postgres:
    """The run's one cluster, started by whichever worker asks first."""
    home = Path(os.environ[HOME])
    with _or_skip(), (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _recorded(home) or _started(home)


@pytest.fixture
def postgres_url(postgres_server: servers.Postgres) -> Iterator[str]:
    """An empty database of the test's own."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: servers.Postgres) -> str:
    """The name of the run's one migrated database, which is only ever copied."""
    home = Path(os.environ[HOME])
    record = home / "template"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            url = postgres_server.create()
            migrations.upgrade(url)
            record.write_text(url.rpartition("/")[2])
        return record.read_text()


@pytest.fixture
def migrated_postgres_url(postgres_server: servers.Postgres, migrated_template: str) -> Iterator[str]:
    """A migrated, empty database of the test's own, copied in a fraction of the time."""
    url = postgres_server.create(template=migrated_template)
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, which is only ever copied."""
    path = tmp_path_factory.mktemp("template") / "throughline.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def migrated_sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite file of the test's own."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'throughline.db')}"


@pytest.fixture
def own_postgres() -> Iterator[servers.Postgres]:
    """A durable cluster of the test's own, to be stopped, killed and started."""
    with _or_skip(), servers.postgres(durable=True) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Redis]:
    """This worker's Redis; its channels are not shared with other workers."""
    with _or_skip(), servers.redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: servers.Redis) -> str:
    """An empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def own_redis() -> Iterator[servers.Redis]:
    """A Redis of the test's own, to be killed and started."""
    with _or_skip(), servers.redis() as server:
        yield server
