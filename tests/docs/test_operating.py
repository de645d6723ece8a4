"""Starting and operating the server by the README's own commands."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from bot import metrics
from bot.__main__ import COMMANDS
from tests.docs.examples import ROOT, example, rows, settings_of
from tests.docs.running import running, running_here, shell
from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.places import API_TOKEN, SECRETS, Place, port
from tests.harness.processes import answers
from tests.harness.stage import staged
from tests.harness.waiting import until

README = "README.md"
LOCAL = "http://localhost:8080"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here; on Debian: apt-get install curl")


@contextmanager
def _making(env: dict[str, str], log: Path) -> Iterator[None]:
    """Run `make serve` until Ctrl-C."""
    with log.open("wb") as out:
        make = subprocess.Popen(["make", "serve"], cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(make.pid, signal.SIGINT)
        make.wait(40)


async def test_make_serve(tmp_path: Path) -> None:
    """The first command brings the page and answers in the chat, with no key; Ctrl-C ends it."""
    assert "make serve\nmake test\n" == example(README, "commands")
    where = port()
    place = Place(
        home=tmp_path, database_url=f"sqlite:///{tmp_path / 'throughline.db'}", bot_port=where, playground_port=where
    )
    env = {name: SECRETS[name] for name in ("SECRET_KEY", "API_TOKEN")}
    env |= {"PATH": os.environ["PATH"], "PORT": str(where), "DATABASE_URL": place.database_url}
    with _making(env, tmp_path / "log"):
        async with staged(place) as stage:
            await until(lambda: answers(stage.http, place.url), "the page", patience=60)
            web = await stage.web(customer=KIM)
            assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]


def test_make_test_is_what_it_says() -> None:
    """The second command runs the checks and the tests, and continuous integration runs it."""
    plan = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".ci/system-packages" in plan
    assert ".ci/gate.py" in plan
    assert "make test" in (ROOT / ".ci/run").read_text()


def test_the_procfile_is_the_one_shown() -> None:
    """The README shows the Procfile as it is; its commands exist."""
    shown = example(README, "Procfile")
    assert (ROOT / "Procfile").read_text() == shown
    assert {shlex.split(line)[-1] for line in shown.splitlines()} < COMMANDS.keys()


@pytest.mark.postgres
@pytest.mark.redis
async def test_the_procfile_s_processes_together(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    """An empty PostgreSQL is made ready by `release`; web, worker and clock then answer on both channels."""
    named = dict(line.split(": ", 1) for line in example(README, "Procfile").splitlines())
    place = Place(home=tmp_path, database_url=postgres_url, redis_url=redis_url)
    shell(named.pop("release"), env=place.environment())
    async with running(place, commands=[shlex.split(command)[-1] for command in named.values()]) as stage:
        web = await stage.web(customer=KIM)
        assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]
        assert "Invoice 18492 is paid" in await stage.phone().ask("any update?")


def test_every_figure_to_watch_exists() -> None:
    """The table names figures as Prometheus sees them."""
    body = metrics.exposed()[0].decode()
    known = {line.split()[2] for line in body.splitlines() if line.startswith("# TYPE")}
    assert [] == [row[0] for row in rows(README, "figure") if row[0].strip("`") not in known]


def _documents(text: str) -> Iterator[object]:
    """The JSON documents that stand one after the other."""
    decoder, text = json.JSONDecoder(), text.strip()
    while text:
        found, end = decoder.raw_decode(text)
        yield found
        text = text[end:].lstrip()


@needs_curl
async def test_the_operators_api(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """Every curl line answers what its path says, with the token from the playground's file."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var/dev.env").write_text(f"SECRET_KEY=x\nAPI_TOKEN={API_TOKEN}\n")
    async with running_here(Place(home=tmp_path, database_url=migrated_sqlite_url)) as stage:
        await stage.phone().ask("talk to a person")
        script = example(README, "api").replace(LOCAL, stage.place.url)
        sessions, users, tickets, route = _documents(await asyncio.to_thread(shell, script, cwd=tmp_path))
        (session,) = sessions["sessions"]  # type: ignore[index]
        assert session["id"] == users["users"][0]["session"]  # type: ignore[index]
        assert 1 == len(tickets["tickets"])  # type: ignore[index]
        assert "refund" == route["intent"]  # type: ignore[index]

        start = "\n".join(line for line in script.splitlines() if not line.startswith("curl"))
        script = f"{start}\nSESSION={session['id']}\n{example(README, 'api-session')}"
        one, events = _documents(await asyncio.to_thread(shell, script, cwd=tmp_path))
        assert ["whatsapp"] == one["channels"]  # type: ignore[index]
        assert "MessageReceived" in {event["kind"] for event in events["events"]}  # type: ignore[index]


async def test_health_and_figures(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """The three addresses answer; through a proxy the figures need the token."""
    async with (
        running(Place(home=tmp_path, database_url=migrated_sqlite_url)) as stage,
        aiohttp.ClientSession() as http,
    ):
        for path in ("/healthz", "/readyz", "/metrics"):
            assert await answers(http, f"{stage.place.url}{path}")
        from_elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        async with http.get(f"{stage.place.url}/metrics", headers=from_elsewhere) as refused:
            assert 401 == refused.status


async def test_keys_are_changed(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """After the commands everything is under the new key; without the old one the conversation goes on."""
    place = Place(home=tmp_path, database_url=migrated_sqlite_url)
    async with running(place) as stage:
        assert "Invoice 18492 is paid" in await stage.phone().ask("check invoice 18492")

    environment = place.environment()
    settings = "\n".join(f"{name}={text}" for name, text in environment.items())
    (tmp_path / ".env").write_text(settings + "\n")
    said = shell(example(README, "rotation"), cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    keys = settings_of((tmp_path / ".env").read_text())["ENCRYPTION_KEYS"].split(",")
    assert keys[1] == environment["ENCRYPTION_KEYS"]
    assert said.endswith("In use now: k2: 3.\n"), said

    (tmp_path / ".env").unlink()
    async with running(replace(place, settings={"ENCRYPTION_KEYS": keys[0]})) as stage:
        assert "Invoice 18492 is paid" in await stage.phone().ask("any update?")
        session = await stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")
        assert "check invoice 18492" == (await stage.operators.events(session, "MessageReceived"))[0]["data"]["text"]
