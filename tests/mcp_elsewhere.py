"""`python -m tests.mcp_elsewhere`: tools of an MCP server that nobody here wrote, in a whole conversation.

It makes an environment for that server out of its lock file, pins its tools, and asks the time over the web chat.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import yaml

from state import migrations
from tests.harness.inprocess import performed
from tests.harness.places import ROOT, Place, write_tuning

LOCK = ROOT / "requirements" / "mcp-elsewhere.txt"
WORKFLOW = """
name: world_time
title: What time it is somewhere
goal: The customer asks what time it is in some place.
examples:
  - what time is it in Tokyo
  - tell me the time in London
  - which time is it in New York now
  - current time in Europe/Berlin
slots:
  place: {type: time_zone, ask: where}
steps:
  - name: look
    kind: retrieve
    needs: [place]
    calls: [{tool: time_in, arguments: {timezone: "{place}"}, fact: clock}]
    say: told
replies:
  where: "Where?"
  told: "The clock says: {clock.text}"
"""


def main() -> None:
    """Do it all, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.mcp_elsewhere", description=(__doc__ or "").split("\n\n")[0])
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _say(f"making an environment for the server ({LOCK.name})")
        python = _environment(home / "server")
        config = _configured(home / "own", python)
        _say(_pinned(config))
        asyncio.run(_talk(home, config))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _environment(home: Path) -> Path:
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(LOCK)]
    subprocess.run(command, check=True)
    return python


def _configured(folder: Path, python: Path) -> Path:
    """What tools.yaml and a workflow say; no Python of ours calls the tool."""
    write_tuning(folder)
    tool = {"tool": "get_current_time", "anyone": True, "description": "What time it is somewhere."}
    clock = {"command": [str(python), "-m", "mcp_server_time"], "pin": "clock.json", "tools": {"time_in": tool}}
    (folder / "tools.yaml").write_text(yaml.safe_dump({"mcp": {"clock": clock}}))
    (folder / "workflows").mkdir()
    (folder / "workflows" / "world_time.yaml").write_text(WORKFLOW)
    return folder


def _pinned(config: Path) -> str:
    known = {**os.environ, "CONFIG_DIR": str(config), "PLAYGROUND": "1"}
    command = [sys.executable, "-m", "bot", "mcp", "pin", "clock"]
    return subprocess.run(command, env=known, check=True, capture_output=True, text=True).stdout


async def _talk(home: Path, config: Path) -> None:
    url = f"sqlite:///{home / 'throughline.db'}"
    migrations.upgrade(url)
    place = Place(home=home, database_url=url, settings={"CONFIG_DIR": str(config)})
    async with performed(place) as (stage, _):
        web = await stage.web()
        for words, zone in (
            ("what time is it in Tokyo", "Asia/Tokyo"),
            ("tell me the time in London", "Europe/London"),
        ):
            answer = str((await web.ask(words))["text"])
            _say(f"> {words}\n{answer}")
            assert f'"timezone": "{zone}"' in answer, "the server's answer did not come through"
    _say("the tool of a server that nobody here wrote answers in a conversation")


if __name__ == "__main__":
    main()
