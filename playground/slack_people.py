"""The workspace of Acme's support team: who is in it, its channels, and how Slack shows them. Pure."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
TEAM, TEAM_NAME, DOMAIN = "T0ACME0001", "Acme", "acme"
OTHER_TEAM = "T0OTHER001"
APP, BOT_ID, BOT_USER = "A0ACMEBOT1", "B0BOT00001", "U0BOT00001"
ROBIN, SAM, GUEST, OTHER = "U0ROBIN001", "U0SAM00001", "U0GUEST001", "U0OTHER001"
SUPPORT, GENERAL = "C0SUPPORT1", "C0GENERAL1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One member of the workspace, or someone of another team whom Slack Connect brought in."""

    id: str
    name: str
    real_name: str
    team: str = TEAM
    title: str = ""
    guest: bool = False
    bot: bool = False

    @property
    def stranger(self) -> bool:
        """Tell whether the person belongs to another workspace."""
        return self.team != TEAM


PEOPLE = {
    person.id: person
    for person in (
        Person(id=ROBIN, name="robin", real_name="Robin Reyes", title="Support agent"),
        Person(id=SAM, name="sam", real_name="Sam Okafor", title="Support lead, approves refunds"),
        Person(id=GUEST, name="gale", real_name="Gale Guest", title="Contractor", guest=True),
        Person(id=OTHER, name="olli", real_name="Olli Other", title="Works elsewhere", team=OTHER_TEAM),
        Person(id=BOT_USER, name="throughline", real_name="Throughline", bot=True),
    )
}


def person(user: str, team: str = "") -> Person:
    """Return who has this id; an unknown one is somebody nobody heard of, of the given team."""
    known = PEOPLE.get(user)
    if known is not None and team in {"", known.team}:
        return known
    return Person(id=user, name=user.lower(), real_name=user, team=team or TEAM)


def show_user(who: Person) -> Json:
    """Render a person as `users.info` does; strangers come without an e-mail address."""
    profile = {
        "real_name": who.real_name,
        "display_name": who.name,
        "title": who.title,
        "team": who.team,
        **({} if who.stranger or who.bot else {"email": f"{who.name}@acme.example"}),
        **({"bot_id": BOT_ID, "api_app_id": APP} if who.bot else {}),
    }
    shown: Json = {
        "id": who.id,
        "team_id": who.team,
        "name": who.name,
        "real_name": who.real_name,
        "deleted": False,
        "tz": "America/New_York",
        "tz_offset": -18000,
        "profile": profile,
        "is_bot": who.bot,
        "is_app_user": False,
        "updated": 1700000000,
    }
    if who.stranger:
        return {**shown, "is_stranger": True}
    flags = {"is_admin": False, "is_owner": False, "is_primary_owner": False}
    return {**shown, **flags, "is_restricted": who.guest, "is_ultra_restricted": False, "is_stranger": False}


def channels(support: str) -> dict[str, Json]:
    """Return the channels as Slack shows them; the bot is in the first alone."""
    return {
        support: _channel(support, "support", member=True),
        GENERAL: _channel(GENERAL, "general", member=False),
    }


def direct_channel(user: str) -> str:
    """Return the id of the bot's direct messages with a person."""
    return f"D{user[1:]}"


def show_direct(channel: str) -> Json:
    """Render a channel of direct messages."""
    return {"id": channel, "created": 1700000000, "is_im": True, "user": f"U{channel[1:]}", "is_org_shared": False}


def _channel(channel: str, name: str, *, member: bool) -> Json:
    return {
        "id": channel,
        "name": name,
        "name_normalized": name,
        "created": 1700000000,
        "creator": SAM,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_archived": False,
        "is_general": name == "general",
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "is_member": member,
        "context_team_id": TEAM,
        "shared_team_ids": [TEAM],
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": 4,
    }
