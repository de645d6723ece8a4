"""The start matrix: what is unsafe or broken refuses to start, with one line each that names it and shows no secret."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot import app
from tests.harness.inprocess import serving
from tests.harness.places import SECRETS, Place, port
from tests.harness.processes import Launcher
from tests.security.target import Target

pytestmark = pytest.mark.asyncio(loop_scope="session")
REFUSED = 2
WEAK = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
SHORT = "short-4711"
OTHER_KEY = base64.b64encode(bytes(range(100, 132))).decode()


async def refusal(launcher: Launcher, environment: Mapping[str, str], log: Path, command: str = "serve") -> list[str]:
    """Start the server as an operator would and give the lines with which it refuses."""
    process = await launcher.start(command, environment, log)
    try:
        async with asyncio.timeout(20):
            assert REFUSED == await asyncio.shield(process.ended), log.read_text()
    finally:
        process.send(signal.SIGKILL)
    text = log.read_text()
    assert "Traceback" not in text
    return text.splitlines()


@pytest.fixture
def place(tmp_path: Path, migrated_sqlite_url: str) -> Place:
    """A server that would start."""
    return Place(home=tmp_path, database_url=migrated_sqlite_url)


SETTINGS: dict[str, tuple[dict[str, str | None], tuple[str, ...]]] = {
    "no SECRET_KEY": ({"SECRET_KEY": None}, ("SECRET_KEY",)),
    "no API_TOKEN": ({"API_TOKEN": None}, ("API_TOKEN",)),
    "no INDEX_KEY": ({"INDEX_KEY": None}, ("INDEX_KEY",)),
    "no ENCRYPTION_KEYS": ({"ENCRYPTION_KEYS": None}, ("ENCRYPTION_KEYS",)),
    "nothing at all": (
        dict.fromkeys([*SECRETS, "SMTP_URL"]),
        ("SECRET_KEY", "API_TOKEN", "ENCRYPTION_KEYS", "INDEX_KEY", "ACME_API_TOKEN"),
    ),
    "blank SECRET_KEY": ({"SECRET_KEY": "   "}, ("SECRET_KEY",)),
    "short SECRET_KEY": ({"SECRET_KEY": SHORT}, ("SECRET_KEY",)),
    "short API_TOKEN": ({"API_TOKEN": SHORT}, ("API_TOKEN",)),
    "short INDEX_KEY": ({"INDEX_KEY": SHORT}, ("INDEX_KEY",)),
    "short AUDIT_KEY": ({"AUDIT_KEY": SHORT}, ("AUDIT_KEY",)),
    "short WEB_IDENTITY_SECRET": ({"WEB_IDENTITY_SECRET": SHORT}, ("WEB_IDENTITY_SECRET",)),
    "one short WEB_IDENTITY_SECRET": (
        {"WEB_IDENTITY_SECRET": f"{SECRETS['WEB_IDENTITY_SECRET']},{SHORT}"},
        ("WEB_IDENTITY_SECRET",),
    ),
    "guessable SECRET_KEY": ({"SECRET_KEY": WEAK}, ("SECRET_KEY",)),
    "guessable API_TOKEN": ({"API_TOKEN": "ab" * 20}, ("API_TOKEN",)),
    "default API_TOKEN": ({"API_TOKEN": "change-me-change-me-change-me-change-me"}, ("API_TOKEN",)),
    "default SECRET_KEY": ({"SECRET_KEY": "please-replace-this-secret-key-in-production"}, ("SECRET_KEY",)),
    "one secret for two": ({"INDEX_KEY": SECRETS["SECRET_KEY"]}, ("INDEX_KEY",)),
    "key of zeros": ({"ENCRYPTION_KEYS": "k1:" + base64.b64encode(bytes(32)).decode()}, ("ENCRYPTION_KEYS",)),
    "key of one letter": ({"ENCRYPTION_KEYS": "k1:" + base64.b64encode(b"k" * 32).decode()}, ("ENCRYPTION_KEYS",)),
    "one bad key of two": (
        {"ENCRYPTION_KEYS": f"{SECRETS['ENCRYPTION_KEYS']},k2:{base64.b64encode(bytes(32)).decode()}"},
        ("ENCRYPTION_KEYS",),
    ),
    "short key": ({"ENCRYPTION_KEYS": "k1:AAAA"}, ("ENCRYPTION_KEYS",)),
    "key without an id": ({"ENCRYPTION_KEYS": OTHER_KEY}, ("ENCRYPTION_KEYS",)),
    "two keys of one id": ({"ENCRYPTION_KEYS": f"{SECRETS['ENCRYPTION_KEYS']},k1:{OTHER_KEY}"}, ("ENCRYPTION_KEYS",)),
    "port of letters": ({"PORT": "http"}, ("PORT",)),
    "port too high": ({"PORT": "65536"}, ("PORT",)),
    "playground maybe": ({"PLAYGROUND": "maybe"}, ("PLAYGROUND",)),
    "public address without a scheme": ({"PUBLIC_URL": "bot.example.com"}, ("PUBLIC_URL",)),
    "public address with a query": ({"PUBLIC_URL": "https://bot.example.com/?a=1"}, ("PUBLIC_URL",)),
    "origin of everybody": ({"WEB_ALLOWED_ORIGINS": "*"}, ("WEB_ALLOWED_ORIGINS",)),
    "origin null": ({"WEB_ALLOWED_ORIGINS": "null"}, ("WEB_ALLOWED_ORIGINS",)),
    "database of another kind": ({"DATABASE_URL": "mysql://user:password4711@host/x"}, ("DATABASE_URL",)),
    "database with a driver": ({"DATABASE_URL": "postgresql+asyncpg://u:password4711@host/x"}, ("DATABASE_URL",)),
    "half a Twilio": ({"TWILIO_AUTH_TOKEN": None}, ("TWILIO_AUTH_TOKEN",)),
    "half an Acme": ({"ACME_API_TOKEN": None}, ("ACME_API_TOKEN",)),
    "a model without a key": ({"MODEL_BACKEND": "openai_chat"}, ("OPENAI_API_KEY",)),
    "a model that is none": ({"MODEL_BACKEND": "oracle"}, ("MODEL_BACKEND",)),
    "a folder that is none": ({"CONFIG_DIR": "/nowhere/at/all"}, ("CONFIG_DIR",)),
    "a pack that is no module": ({"TOOL_PACKS": "../evil"}, ("TOOL_PACKS",)),
    "a secret's file that is none": (
        {"SECRET_KEY": None, "SECRET_KEY_FILE": "/nowhere"},
        ("SECRET_KEY_FILE", "SECRET_KEY"),
    ),
    "a secret twice": ({"SECRET_KEY_FILE": "/etc/hostname"}, ("SECRET_KEY",)),
    "a loud log": ({"LOG_LEVEL": "everything"}, ("LOG_LEVEL",)),
}


@pytest.mark.parametrize("name", SETTINGS)
async def test_unsafe_settings_refuse_to_start(launcher: Launcher, place: Place, tmp_path: Path, name: str) -> None:
    """Exit code 2; one line for each setting, beginning with its name; no value of any secret."""
    changes, named = SETTINGS[name]
    environment = {key: value for key, value in {**place.environment(), **changes}.items() if value is not None}
    lines = await refusal(launcher, environment, tmp_path / "log")
    first = [line.partition(":")[0] for line in lines]
    assert sorted(named) == sorted({word.strip() for one in first for word in one.split(",")}), lines
    assert len(lines) == len(named), lines
    given = {value for key, value in changes.items() if value and key in SECRETS}
    for secret in {*SECRETS.values(), *given, "password4711"} - {"   "}:
        assert secret not in "\n".join(lines)


async def test_a_file_that_another_process_holds(mark: Target, launcher: Launcher, tmp_path: Path) -> None:
    """The second server on one SQLite file refuses, and the first goes on."""
    for command in ("serve", "migrate", "rewrap"):
        lines = await refusal(launcher, mark.place.environment(), tmp_path / command, command)
        assert ["DATABASE_URL"] == [line.partition(":")[0] for line in lines], lines
        assert "another process" in lines[0]
    assert 200 == (await mark.request("GET", "/healthz")).status


async def test_a_port_that_is_taken(mark: Target, launcher: Launcher, place: Place, tmp_path: Path) -> None:
    """One line, and whoever listens there goes on."""
    lines = await refusal(launcher, {**place.environment(), "PORT": str(mark.place.bot_port)}, tmp_path / "log")
    assert ["PORT"] == [line.partition(":")[0] for line in lines], lines
    assert 200 == (await mark.request("GET", "/healthz")).status


@pytest.mark.parametrize("command", ["web", "worker", "clock"])
async def test_a_file_has_one_process(launcher: Launcher, place: Place, tmp_path: Path, command: str) -> None:
    """The roles apart need PostgreSQL."""
    lines = await refusal(launcher, place.environment(), tmp_path / "log", command)
    assert 1 == len(lines)
    assert "SQLite" in lines[0]


async def test_a_file_that_is_no_database(launcher: Launcher, place: Place, tmp_path: Path) -> None:
    """Junk, a cut file, an empty folder: one line, and the file is left as it was."""
    path = Path(place.database_url.removeprefix("sqlite:///"))
    whole = path.read_bytes()
    for name, content in {"junk": b"junk" * 5_000, "cut": whole[:5_000], "head": whole[:100] + b"\xff" * 8_000}.items():
        path.write_bytes(content)
        lines = await refusal(launcher, place.environment(), tmp_path / name)
        assert "DATABASE_URL" == lines[0].partition(":")[0], (name, lines)
        assert content == path.read_bytes()
    path.unlink()
    path.mkdir()
    lines = await refusal(launcher, place.environment(), tmp_path / "folder")
    assert "DATABASE_URL" == lines[0].partition(":")[0], lines


async def test_a_page_that_is_damaged(launcher: Launcher, place: Place, tmp_path: Path) -> None:
    """A database whose inner pages are broken is not served from."""
    path = Path(place.database_url.removeprefix("sqlite:///"))
    whole = bytearray(path.read_bytes())
    for at in range(8 * 4_096, len(whole), 2 * 4_096):
        whole[at : at + 64] = b"\xff" * 64
    path.write_bytes(whole)
    lines = await refusal(launcher, place.environment(), tmp_path / "log")
    assert "DATABASE_URL" == lines[0].partition(":")[0], lines


@pytest.mark.parametrize("broken", ["the parent is a file", "nobody may write", "the device has no files"])
async def test_a_folder_that_cannot_be_written(launcher: Launcher, place: Place, tmp_path: Path, broken: str) -> None:
    """One line that says so, not a trace."""
    (tmp_path / "file").write_text("x")
    path = {
        "the parent is a file": tmp_path / "file" / "throughline.db",
        "nobody may write": Path("/proc/sys/throughline.db"),
        "the device has no files": Path("/dev/full/throughline.db"),
    }[broken]
    lines = await refusal(launcher, {**place.environment(), "DATABASE_URL": f"sqlite:///{path}"}, tmp_path / "log")
    assert "DATABASE_URL" == lines[0].partition(":")[0], lines
    assert 1 == len(lines)


async def test_a_read_only_folder(launcher: Launcher, place: Place, tmp_path: Path) -> None:
    """The same for an ordinary user in front of somebody else's folder."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder = tmp_path / "sealed"
    folder.mkdir()
    shutil.copy(place.database_url.removeprefix("sqlite:///"), folder / "throughline.db")
    folder.chmod(0o500)
    url = f"sqlite:///{folder}/throughline.db"
    lines = await refusal(launcher, {**place.environment(), "DATABASE_URL": url}, tmp_path / "log")
    assert "DATABASE_URL" == lines[0].partition(":")[0], lines


KEYS = {
    "a missing key": ({"ENCRYPTION_KEYS": f"k2:{OTHER_KEY}"}, "ENCRYPTION_KEYS", "k1"),
    "another key under its id": ({"ENCRYPTION_KEYS": f"k1:{OTHER_KEY}"}, "ENCRYPTION_KEYS", "k1"),
    "another index key": ({"INDEX_KEY": "another-index-key-of-the-tests-9876543210"}, "INDEX_KEY", "index"),
}


@pytest.mark.parametrize("name", KEYS)
async def test_stored_data_whose_key_is_gone(launcher: Launcher, mark: Target, tmp_path: Path, name: str) -> None:
    """It never becomes an empty profile: without the keys of what is stored the server does not start."""
    phone = mark.stage.phone()
    if not await phone.transcript():
        await phone.ask("hello")
    copy = tmp_path / "copy.db"
    with mark.reading() as database:
        database.execute("VACUUM INTO ?", (str(copy),))
    changes, setting, word = KEYS[name]
    environment = {**mark.place.environment(), **changes, "DATABASE_URL": f"sqlite:///{copy}", "PORT": str(port())}
    lines = await refusal(launcher, environment, tmp_path / "log")
    assert setting == lines[0].partition(":")[0].partition(" ")[0], lines
    assert 1 == len(lines)
    assert word in lines[0]


ROUTES = {
    *("GET /", "GET /healthz", "GET /readyz", "GET /metrics"),
    *("GET /chat", "GET /chat/widget.js", "GET /chat/ws", "GET /chat/events", "OPTIONS /chat/events"),
    *("GET /chat/messages", "POST /chat/messages", "OPTIONS /chat/messages"),
    *("POST /whatsapp/webhook", "POST /whatsapp/status"),
    *("GET /api/v1/sessions", "GET /api/v1/sessions/{id}", "GET /api/v1/sessions/{id}/events", "GET /api/v1/users"),
    *("GET /api/v1/tickets", "GET /api/v1/actions/{id}", "POST /api/v1/route", "GET /api/openapi.json"),
    *("POST /api/v1/users/{id}/unlink", "POST /api/v1/email/preview"),
    *("GET /api/v1/tools", "POST /api/v1/tools/{name}/call", "POST /mcp"),
    *("POST /email/inbound", "POST /slack/events"),
}


async def test_no_route_is_there_that_nobody_declared(place: Place) -> None:
    """In production the server answers on these paths, and a new one must be added here, with its attacks."""
    workflow = "name: hello\nexamples: [good morning, good evening, hello there]\n"
    folder = Path(place.environment()["CONFIG_DIR"], "workflows")
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread(Path(folder, "hello.yaml").write_text, workflow)
    async with serving(place, "serve", at=port()) as services:
        routes = app.application(services).router.routes()
        found = {f"{route.method} {route.resource.canonical}" for route in routes if route.resource}
    assert {route for route in found if not route.startswith("HEAD ")} == ROUTES
