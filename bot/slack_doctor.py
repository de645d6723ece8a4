"""What `doctor` finds out about Slack: who we are there, the support channel, the list of staff. Changes nothing."""

from __future__ import annotations

from config import policies
from config.settings import Settings

REMEDIES = {
    "shared_channel": "SLACK_SUPPORT_CHANNEL is shared with another company, which would read the tickets; use another",
    "not_in_channel": "the bot is not in SLACK_SUPPORT_CHANNEL; write /invite @throughline there",
    "channel_not_found": "SLACK_SUPPORT_CHANNEL is no id of a channel that the bot sees; invite it, copy the id",
    "is_archived": "SLACK_SUPPORT_CHANNEL is archived",
    "invalid_auth": "SLACK_BOT_TOKEN is not accepted",
    "token_revoked": "SLACK_BOT_TOKEN was revoked; install the app again and copy the new one",
    "account_inactive": "SLACK_BOT_TOKEN was revoked; install the app again and copy the new one",
    "missing_scope": "the app lacks a scope; install it again from `python -m bot slack-manifest`",
}


async def look(settings: Settings) -> tuple[bool, str]:
    """Ask Slack who we are there, whether the support channel may be used, and whether anybody is on the list."""
    token, channel = settings.slack_bot_token, settings.slack_support_channel
    if token is None or not channel:
        return True, "off"
    if settings.slack_emulated:
        return True, "the playground stands in for it"
    from channels.slack.slack_api import Api, Refused  # the SDK behind it is only loaded where Slack is on
    from channels.slack.slack_team import Team

    api = Api(settings.slack_api_base, token.get_secret_value())
    api.open()
    try:
        team = Team(api, channel)
        await team.fit()
        me = await team.who()
    except Refused as error:
        return False, REMEDIES.get(error.reason, f"Slack says {error.reason}; see docs/connect-slack.md")
    finally:
        await api.close()
    staff = policies.load(settings.config_file("policies.yaml")).staff
    here = sum(one.id.startswith(f"{me.team}/") for one in staff)
    if not here:
        return False, f"signed in to team {me.team}, but nobody of it is on the list of staff in policies.yaml"
    return True, f"signed in to team {me.team}, channel {channel}, {here} on the list of staff"
