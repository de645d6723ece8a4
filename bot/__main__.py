"""The command line: `python -m bot serve`, or another of COMMANDS."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from bot import app, doctor, mcp_pins, mcp_tokens, observe, policy_table, schemas, slack_manifest
from config.settings import Settings, SettingsError
from state import errors, migrations
from state.sql import sqlite

COMMANDS = {
    "serve": "run everything in one process (the default way)",
    "web": "run the HTTP side only (PostgreSQL)",
    "worker": "run turns and deliveries only (PostgreSQL)",
    "clock": "run the clock's jobs only (PostgreSQL)",
    "migrate": "bring the database up to date",
    "doctor": "say which channels and backends are on, and why the others are off",
    "rewrap": "wrap all data keys under the newest of ENCRYPTION_KEYS",
    "slack-manifest": "print the manifest to create the Slack app from, with PUBLIC_URL in it",
    "mcp": "list the tools of an MCP server of tools.yaml, or pin them as reviewed",
    "token": "make a token for a program that calls our tools by MCP",
    "policy": "explain who may do what: a table of all tools, or one decision with its reasons",
    "schemas": "compare the tools' schemas with the committed picture of them",
}
ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "mcp": mcp_pins.arguments,
    "token": mcp_tokens.arguments,
    "policy": policy_table.arguments,
    "schemas": schemas.arguments,
}


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and the settings, and run. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Throughline, a conversational bot server.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        ARGUMENTS.get(name, _none)(commands.add_parser(name, help=text, description=text))
    asked = parser.parse_args(arguments)
    try:
        settings = Settings.load()
        _check_role(asked.command, settings)
        observe.set_up(settings.log_level, secrets=settings.secret_texts())
        return _run(asked, settings)
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
    except errors.BotError as error:
        print(error, file=sys.stderr)
    return 2


def _none(parser: argparse.ArgumentParser) -> None:
    """Most commands take nothing."""


def _check_role(command: str, settings: Settings) -> None:
    if command in {"web", "worker", "clock"} and settings.database_url.startswith("sqlite:"):
        raise errors.BadInput(
            f"{command}: one process holds a SQLite file; run `serve`, or set DATABASE_URL to postgresql://…"
        )


def _run(asked: argparse.Namespace, settings: Settings) -> int:
    match asked.command:
        case "migrate":
            return migrate(settings)
        case "doctor":
            lines, fine = asyncio.run(doctor.report(settings))
            print("\n".join(lines))
            return 0 if fine else 1
        case "rewrap":
            return asyncio.run(rewrap(settings))
        case "slack-manifest" | "token" | "mcp" | "policy" | "schemas":
            print(_said(asked, settings))
            return 0
    asyncio.run(bring_up_to_date(settings))
    _loop()(app.run(settings, asked.command))
    return 0


def _loop() -> Callable[[Coroutine[Any, Any, None]], None]:
    """The faster loop where it is installed, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    run: Callable[[Coroutine[Any, Any, None]], None] = uvloop.run
    return run


async def bring_up_to_date(settings: Settings) -> None:
    """Migrate when it is due, in a process of its own: what migrations import is not needed afterwards."""
    if await migrations.current(settings.database_url) == migrations.HEAD:
        return
    if settings.database_url.startswith("sqlite:"):
        with sqlite.held(settings.database_url.removeprefix("sqlite:///")):
            pass  # that it cannot be had is better said once, here
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-m", "bot", "migrate"], check=False)
    if done.returncode:
        raise errors.BadInput("the database could not be brought up to date; the line above says why")


def _said(asked: argparse.Namespace, settings: Settings) -> str:
    """What a command has to say that only says something."""
    match asked.command:
        case "token":
            return mcp_tokens.made(asked, settings)
        case "mcp":
            return "\n".join(asyncio.run(mcp_pins.run(asked, settings)))
        case "policy":
            return "\n".join(policy_table.run(asked, settings))
        case "schemas":
            return "\n".join(schemas.run(asked, settings))
    return slack_manifest.manifest(settings).rstrip("\n")


def migrate(settings: Settings) -> int:
    """Bring the database up to date; on SQLite under the file's lock."""
    if settings.database_url.startswith("sqlite:"):
        with sqlite.held(settings.database_url.removeprefix("sqlite:///")):
            migrations.upgrade(settings.database_url)
    else:
        migrations.upgrade(settings.database_url)
    print(f"The database is up to date (schema {migrations.HEAD}).", file=sys.stderr)
    return 0


async def rewrap(settings: Settings) -> int:
    """Re-wrap every data key under the newest key encryption key."""
    store = await app.open_store(settings)
    try:
        total = 0
        while done := await store.rewrap():
            total += done
        uses = ", ".join(f"{row['kek']}: {row['n']}" for row in await store.key_uses())
        print(f"{total} data keys were wrapped again. In use now: {uses or 'none'}.")
    finally:
        await store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
