"""`python -m bot doctor`: which channels and backends are on, why others are off, whether what they need is there."""

from __future__ import annotations

from bot import functions, slack_doctor, workflows
from channels.mail import mail_auth
from config import policies
from config.settings import Settings
from state import errors, migrations
from tools import limits
from tools.catalog import Catalog


async def report(settings: Settings) -> tuple[list[str], bool]:
    """The report, line by line, and whether everything that is on can work."""
    lines, fine = [f"Throughline at {settings.public_url}", ""], True
    for title, rows in (("Channels", settings.channels()), ("Model backends", settings.backends())):
        lines.append(title)
        lines += [f"  {'on ' if row.on else 'off'}  {row.name:<18} {row.why}" for row in rows]
        if title == "Channels" and any(row.on and row.name == "email" for row in rows):
            lines += [f"       {'':<18} {note}" for note in mail_notes(settings)]
        lines.append("")
    checks = (
        ("database", _database),
        ("redis", _redis),
        ("workflows", _workflows),
        ("tools", _tools),
        ("policies", _policies),
        ("slack", slack_doctor.look),
    )
    for name, check in checks:
        ok, why = await check(settings)
        fine &= ok
        lines.append(f"  {'ok ' if ok else 'BAD'}  {name:<18} {why}")
    playground = "on: Acme, the phones and the page are pretended" if settings.playground else "off"
    return [*lines, f"  {'   '}  {'playground':<18} {playground}"], fine


def mail_notes(settings: Settings) -> list[str]:
    """How mail comes in, and by what a sender can be authenticated."""
    ways = [
        f"webhook {settings.public_url}/email/inbound" if settings.email_inbound_token else "",
        "the formats of Mailgun, Postmark and SendGrid" if settings.email_signing_key else "",
        f"SMTP on {settings.email_smtp_listen}" if settings.email_smtp_listen else "",
        "a mailbox by IMAP" if settings.imap_url else "",
    ]
    if settings.email_authserv_id:
        proof = f"stated by {settings.email_authserv_id} in Authentication-Results"
    elif mail_auth.can_check():
        proof = "their DKIM signatures are checked here"
    else:
        proof = (
            "none can be: set EMAIL_AUTHSERV_ID, or install requirements/mail-auth.txt; "
            "until then mails get public answers only"
        )
    return [f"in: {', '.join(way for way in ways if way)}", f"senders authenticated: {proof}"]


async def _database(settings: Settings) -> tuple[bool, str]:
    try:
        found = await migrations.current(settings.database_url)
    except errors.BotError as error:
        return False, str(error)
    kind = settings.database_url.partition(":")[0]
    if found == migrations.HEAD:
        return True, f"{kind}, schema {found}"
    return True, f"{kind}, schema {found or 'not made yet'}; `serve` brings it to {migrations.HEAD}"


async def _redis(settings: Settings) -> tuple[bool, str]:
    if settings.redis_url is None:
        return True, "not used; hints stay in this process (set REDIS_URL to run more than one)"
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    client = Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        return False, f"REDIS_URL does not answer ({error}); the server runs without it, up to 1 s slower"
    finally:
        await client.aclose()
    return True, "answers"


async def _workflows(settings: Settings) -> tuple[bool, str]:
    try:
        found = workflows.load(settings.workflows_dir)
    except errors.BadInput as error:
        return False, str(error)
    return True, f"{len(found)}: {', '.join(sorted(found))}"


async def _policies(settings: Settings) -> tuple[bool, str]:
    try:
        rules = policies.load(settings.config_file("policies.yaml"))
        limits.check(rules.tools, Catalog.of(settings))
        functions.check_reviews(workflows.load(settings.workflows_dir), rules)
    except (errors.BadInput, ValueError) as error:
        return False, str(error)
    return True, f"version {rules.version}; limits of their own: {', '.join(sorted(rules.tools.named)) or 'none'}"


async def _tools(settings: Settings) -> tuple[bool, str]:
    try:
        catalog = Catalog.of(settings)
    except errors.BadInput as error:
        return False, str(error)
    notes = "".join(f"\n         {note}" for note in catalog.notes())
    return True, ", ".join(tool.id for tool in catalog) + notes
