"""What doctor finds out about Slack, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bot import slack_doctor
from config.settings import Settings
from tests.channels.slack.slack import ROBIN, TEAM, Workspace, slack_settings

STAFF = """
roles: {customer: {}, agent: {scopes: ["tickets:work"]}}
staff:
  - {id: STAFF, name: Robin, roles: [agent]}
"""


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """Slack's API, served."""
    made = Workspace()
    async with TestServer(made.app()) as server:
        made.base = str(server.make_url("/api"))
        yield made


def settings(workspace: Workspace, folder: Path, staff: str = f"{TEAM}/{ROBIN}") -> Settings:
    """The settings of a deployment with one staff member."""
    (folder / "policies.yaml").write_text(STAFF.replace("STAFF", staff), encoding="utf-8")
    return slack_settings(workspace.base, CONFIG_DIR=str(folder))


async def test_slack_that_works_is_told_so(workspace: Workspace, tmp_path: Path) -> None:
    """With who we are there, and how many may work."""
    fine, why = await slack_doctor.look(settings(workspace, tmp_path))
    assert (True, True, True) == (fine, TEAM in why, "1 on the list" in why)


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"is_ext_shared": True}, "shared with another company"),
        ({"is_member": False}, "/invite @throughline"),
        ({"is_archived": True}, "archived"),
    ],
)
async def test_a_channel_that_cannot_be_used_is_named(
    workspace: Workspace, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    """With the remedy."""
    workspace.channel |= changes
    fine, why = await slack_doctor.look(settings(workspace, tmp_path))
    assert (False, True) == (fine, words in why)


@pytest.mark.parametrize("word", ["invalid_auth", "missing_scope", "something_new"])
async def test_a_token_that_is_not_accepted_is_named(workspace: Workspace, tmp_path: Path, word: str) -> None:
    """Whatever Slack calls it."""
    workspace.fail("auth.test", word)
    fine, why = await slack_doctor.look(settings(workspace, tmp_path))
    assert (False, True) == (fine, slack_doctor.REMEDIES.get(word, word) in why)


async def test_a_team_of_which_nobody_is_staff_is_named(workspace: Workspace, tmp_path: Path) -> None:
    """Nobody could do anything."""
    fine, why = await slack_doctor.look(settings(workspace, tmp_path, staff="T0ELSE/U1"))
    assert (False, True) == (fine, "nobody of it is on the list" in why)
