"""The app's manifest asks for what the code uses, and for nothing else; the SDK is loaded where Slack is on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from bot import slack_manifest
from channels.slack import slack_commands, slack_events
from tests.channels.slack.slack import slack_settings

SOURCES = Path(slack_events.__file__).parent
# What Slack asks for each method and event; those of Socket Mode and of tokens need no scope of the bot's.
METHODS = {
    "auth_test": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_replies": {"channels:history", "groups:history"},
    "files_completeUploadExternal": {"files:write"},
    "files_getUploadURLExternal": {"files:write"},
    "users_info": {"users:read"},
    "views_open": set[str](),
}
EVENTS = {
    "app_mention": {"app_mentions:read"},
    "app_uninstalled": set(),
    "channel_shared": {"channels:read", "groups:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "tokens_revoked": set[str](),
}


def read(**env: str) -> dict[str, Any]:
    """The manifest of a deployment."""
    found: dict[str, Any] = yaml.safe_load(slack_manifest.manifest(slack_settings(**env)))
    return found


def sources() -> str:
    """The channel's code."""
    return "".join(file.read_text(encoding="utf-8") for file in sorted(SOURCES.glob("*.py")))


def test_every_method_that_is_called_is_known_here() -> None:
    """By the names of the SDK, which the code calls them by."""
    called = set(re.findall(r'"((?:auth|chat|conversations|files|users|views)_[A-Za-z]+)"', sources()))
    assert set(METHODS) == called


def test_the_scopes_are_those_of_the_methods_the_events_and_the_commands() -> None:
    """No more, no less."""
    found = read()
    asked = found["oauth_config"]["scopes"]["bot"]
    assert sorted(set().union(*METHODS.values(), *EVENTS.values(), {"commands"})) == asked


def test_the_events_are_those_that_are_listened_for() -> None:
    """Each has its word in the code."""
    events = read()["settings"]["event_subscriptions"]["bot_events"]
    assert sorted(EVENTS) == events
    for name in events:
        assert f'"{name.partition(".")[0]}"' in sources()


def test_the_commands_are_those_that_are_understood() -> None:
    """By their names; mentions come as ids where somebody is named."""
    commands = {each["command"]: each["should_escape"] for each in read()["features"]["slash_commands"]}
    assert {"/reply": False, "/ticket": True} == commands
    for name in commands:
        assert name in slack_commands.HELP


def test_it_has_the_deployments_addresses() -> None:
    """One path for all."""
    found = read(PUBLIC_URL="https://help.acme.example")
    address = "https://help.acme.example/slack/events"
    settings = found["settings"]
    assert [address] * 4 == [
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        *(each["url"] for each in found["features"]["slash_commands"]),
    ]
    assert (False, True) == (settings["socket_mode_enabled"], settings["interactivity"]["is_enabled"])


def test_with_an_app_token_it_is_for_socket_mode() -> None:
    """Then there are no addresses; all else is the same."""
    found, usual = read(SLACK_APP_TOKEN="xapp-of-the-tests"), read()
    assert found["settings"]["socket_mode_enabled"]
    assert "http" not in str(found)
    assert (usual["oauth_config"], usual["settings"]["event_subscriptions"]["bot_events"]) == (
        found["oauth_config"],
        found["settings"]["event_subscriptions"]["bot_events"],
    )


def test_it_keeps_slacks_limits() -> None:
    """On names and descriptions."""
    found = read()
    assert len(found["display_information"]["name"]) <= 35
    assert len(found["display_information"]["description"]) <= 140
    for each in found["features"]["slash_commands"]:
        assert len(each["description"]) <= 2_000
        assert len(each["usage_hint"]) <= 1_000


def test_the_sdk_is_loaded_with_the_channel_alone() -> None:
    """And Bolt never."""
    for modules, expected in (("bot.app, bot.doctor, bot.__main__", "[]"), ("channels.slack.channel", "['slack_sdk']")):
        code = f"import sys, {modules}; print(sorted({{'slack_sdk', 'slack_bolt'}} & set(sys.modules)))"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SOURCES.parents[1]
        )
        assert expected == done.stdout.strip()
