"""The pages that connect a real workspace, mailbox and number: their settings, files and commands do what they say."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import re2
import yaml

from bot import codes, handoff, tickets
from channels import CHANNELS
from channels.mail import mail_files, mail_hooks, mail_in, mail_listen
from channels.mail.reading import mail_mime, mail_words
from channels.slack import slack_commands
from channels.mail.mail_send import Server
from config import policies, templates
from config.settings import Settings
from config.tuning import Tuning
from state.sql.staff import PRIORITIES
from tests.channels.mail.mails import mail
from tests.docs.examples import PAGES, ROOT, example, rows, settings_of
from tests.docs.running import running_here, shell
from tests.docs.test_names import HEAVIEST
from tests.docs.test_settings import ACME, secrets
from tests.harness.places import Place, port
from tests.harness.waiting import until

SLACK, MAIL, PHONE = "connect-slack.md", "connect-mail.md", "connect-whatsapp.md"
STAFF = "staff.md"

__all__ = ["secrets"]


def loaded(secrets: dict[str, str], *blocks: tuple[str, str]) -> Settings:
    """A server's settings, with these examples in its `.env`."""
    told: dict[str, str] = {}
    for page, name in blocks:
        told |= settings_of(example(page, name))
    return Settings.load({**secrets, **ACME, **told})


def on(settings: Settings) -> set[str]:
    """The channels that are on."""
    return {row.name for row in settings.channels() if row.on}


# --- WhatsApp


def test_twilio(secrets: dict[str, str]) -> None:
    """The four lines turn WhatsApp on, with the real Twilio; the README has the same, and the webhooks are ours."""
    settings = loaded(secrets, (PHONE, "twilio"))
    assert ("https://api.twilio.com", {"web", "whatsapp"}) == (settings.twilio_api_base, on(settings))
    fields = {row[0]: row[1].strip("`") for row in rows(PHONE, "field")}
    assert {
        "When a message comes in": f"{settings.public_url}/whatsapp/webhook#rc=3&rp=all",
        "Status callback URL": f"{settings.public_url}/whatsapp/status",
    } == fields


def test_the_template(tmp_path: Path) -> None:
    """The file is understood, and its body is the one to have approved."""
    path = tmp_path / "channels.yaml"
    path.write_text(example(PHONE, "channels.yaml"))
    found = templates.load(path).whatsapp.templates
    assert ["update"] == list(found)
    assert found["update"].body == example(PHONE, "template").strip()


# --- Slack


@pytest.mark.parametrize("name", ["slack", "slack-socket"])
def test_slack_by_each_way(secrets: dict[str, str], name: str) -> None:
    """Each block turns Slack on, with the real one."""
    settings = loaded(secrets, (SLACK, name))
    assert ("https://slack.com/api", {"web", "slack"}) == (settings.slack_api_base, on(settings))
    assert bool(settings.slack_app_token) == (name == "slack-socket") != bool(settings.slack_signing_secret)


@pytest.mark.parametrize("name", ["manifest", "manifest-socket"])
def test_the_manifest_is_printed(tmp_path: Path, name: str) -> None:
    """With the address, or for Socket Mode without any; the scopes are those that the page explains."""
    found: dict[str, Any] = yaml.safe_load(shell(example(SLACK, name), cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}))
    assert sorted(found["oauth_config"]["scopes"]["bot"]) == [row[0].strip("`") for row in rows(SLACK, "scope")]
    addresses = {"https://bot.example.com/slack/events"} if name == "manifest" else set()
    assert addresses == set(re2.findall(r"https://[^\s'\"]+", yaml.safe_dump(found)))
    assert (name == "manifest-socket") == found["settings"]["socket_mode_enabled"]


def test_who_is_staff(tmp_path: Path) -> None:
    """The file is understood; each of the two may do what the page on staff says of their role."""
    path = tmp_path / "policies.yaml"
    path.write_text(example(SLACK, "policies.yaml"))
    found, shipped = policies.load(path), policies.load(ROOT / "config/policies.yaml")
    assert found.roles == shipped.roles
    robin, sam = (found.find(one.id, demo=False) for one in found.staff)
    assert robin
    assert sam
    assert ("billing:approve" in found.scopes(*sam.roles)) > ("billing:approve" in found.scopes(*robin.roles))
    assert found.alerts.email


def test_the_commands_are_those_that_are_understood() -> None:
    """The page on staff shows each as it may be typed."""
    shown = [row[0].split("`")[1] for row in rows(STAFF, "command")]
    verbs = {text.split()[1] for text in shown if text.startswith("/ticket")}
    assert verbs == set(slack_commands.VERBS) - {"summarise", "summary"}
    for text in shown:
        command, _, words = text.partition(" ")
        asked = slack_commands.parse(command, words.replace("@robin", "<@U0456EFGH>"), team="T0123ABCD")
        assert isinstance(asked, tuple), text
        assert 18 == asked[1]


def test_the_reasons_are_the_fixed_list() -> None:
    """Of tickets; and the states, priorities and outcomes stand in the text."""
    told = {word for row in rows(STAFF, "reason") for word in re2.findall(r"`(\w+)`", row[0])}
    assert handoff.REASONS == told
    text = (ROOT / "docs" / STAFF).read_text()
    assert [] == [word for word in (*PRIORITIES, *tickets.OUTCOMES) if word not in text]


def test_figures_of_times_are_the_code_s() -> None:
    """What the pages say of minutes, hours and tries."""
    tuning = Tuning()
    assert (10, 5, 72, 300, 60, 24, 14) == (
        tuning.code_minutes,
        tuning.code_tries,
        tuning.approval_hours,
        tuning.handoff_wait_s,
        tuning.staff_alert_s,
        tuning.recheck_hours,
        tuning.abandoned_days,
    )
    told = dict(row[:2] for row in rows("identity.md", "rule"))
    assert told["tries"].startswith(f"{tuning.code_tries};")
    assert told["holds"].startswith(f"{tuning.code_minutes:.0f} minutes")
    assert told["asked for from one address"].startswith(f"{codes.SOURCE_LIMIT} in an hour")
    assert told["sent to one address"].startswith(f"{codes.TARGET_LIMIT} in an hour")
    assert 3_600 == codes.WINDOW_S


# --- mail


@pytest.mark.parametrize("name", ["smtp", "imap"])
def test_mail_by_each_way(secrets: dict[str, str], name: str) -> None:
    """Each block turns mail on; the mail server that it names is told on."""
    settings = loaded(secrets, (MAIL, name))
    assert {"web", "email"} == on(settings)
    assert "support@help.example.com" == settings.email_address
    assert "mx.example.com" == settings.email_authserv_id
    assert bool(settings.imap_url) == (name == "imap") != bool(settings.email_smtp_listen)


def test_postfix_hands_over_to_the_listener(secrets: dict[str, str]) -> None:
    """Its pattern takes the address and its plus addresses, and leads to where the listener is."""
    settings = loaded(secrets, (MAIL, "smtp"))
    line = example(MAIL, "postfix-throughline").splitlines()[-1]
    pattern, _, target = line.partition("/    ")
    known = re2.compile(pattern.removeprefix("/"))
    assert known.match("support@help.example.com")
    assert known.match("support+t18-abc@help.example.com")
    assert not known.match("sales@help.example.com")
    assert not known.match("support@helpXexample.com")
    host, _, port = (settings.email_smtp_listen or "").rpartition(":")
    assert f"smtp:[{host}]:{port}" == target
    told = dict(line.split(" = ", 1) for line in example(MAIL, "postfix-main").splitlines()[1:])
    assert (mail_listen.SIZE_LIMIT, "+") == (int(told["message_size_limit"]), told["recipient_delimiter"])


def test_the_ways_out() -> None:
    """Each URL does with TLS what the table says."""
    urls = [row[0].strip("`").replace("user:password@host", "u:p@mail.example.com") for row in rows(MAIL, "`SMTP_URL`")]
    found = [Server.of(url, "help.example.com") for url in urls]
    assert [(False, False), (True, False), (False, True)] == [(one.tls, one.start_tls) for one in found]


def test_the_limits_of_mail() -> None:
    """As the table has them."""
    told = " ".join(" ".join(row[:2]) for row in rows(MAIL, "what"))
    assert (25 * 1024**2, 35_000_000) == (mail_listen.SIZE_LIMIT, mail_mime.BYTES_LIMIT)
    assert mail_hooks.FORM_LIMIT == mail_mime.BYTES_LIMIT * 3 // 2
    limits = (mail_mime.PARTS_LIMIT, mail_mime.DEPTH_LIMIT, f"{mail_mime.HEADER_LIMIT // 1000} kB")
    assert ", ".join(map(str, limits)) in told
    assert f"{mail_files.MOST}, {mail_files.MOST_BYTES // 1_000_000} MB together" in told
    assert f"{mail_listen.CONNECTIONS}, {mail_listen.PER_PEER} from one address" in told
    assert (10, 30) == (mail_in.LOOP_MAILS, mail_in.UNPROVEN_MAILS)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here; on Debian: apt-get install curl")
async def test_a_raw_mail_by_curl(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """The command brings a mail in, and its ticket is there; without the token it would be refused."""
    (tmp_path / "mail.eml").write_bytes(mail("I want to talk to a person"))
    async with running_here(Place(home=tmp_path, database_url=migrated_sqlite_url)) as stage:
        env = {"BOT": stage.place.url, "EMAIL_INBOUND_TOKEN": stage.place.environment()["EMAIL_INBOUND_TOKEN"]}
        said = await asyncio.to_thread(shell, example(MAIL, "raw"), cwd=tmp_path, env=env)
        assert '{"new": true}' == said
        env["API_TOKEN"] = stage.place.environment()["API_TOKEN"]
        seen = json.loads(await asyncio.to_thread(shell, example(MAIL, "preview"), cwd=tmp_path, env=env))
        assert ("I want to talk to a person", "normal") == (seen["text"], seen["class"])

        async def tickets() -> object:
            return (await stage.operators.get("/tickets"))["tickets"] or None

        assert await until(tickets, "the ticket of the mail")


@pytest.mark.skipif(shutil.which("swaks") is None, reason="no swaks here; on Debian: apt-get install swaks")
async def test_a_mail_by_swaks(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """With the page's settings the listener takes the page's mail, answers it, and refuses another address."""
    told, where = settings_of(example(MAIL, "smtp")), f"127.0.0.1:{port()}"
    ours = {"EMAIL_ADDRESS": told["EMAIL_ADDRESS"], "EMAIL_SMTP_LISTEN": where}
    place = Place(home=tmp_path, database_url=migrated_sqlite_url, settings=ours)
    script = example(MAIL, "swaks").replace(told["EMAIL_SMTP_LISTEN"], where)
    async with running_here(place) as stage:
        assert "250 2.0.0 OK" in await asyncio.to_thread(shell, script, cwd=tmp_path)
        with pytest.raises(AssertionError):
            await asyncio.to_thread(shell, script.replace("support+try", "sales"), cwd=tmp_path)

        async def letters() -> object:
            return await stage.outside.get("/mail/smtp") or None

        assert await until(letters, "the answer")


def test_a_letter_is_shown_as_it_is() -> None:
    """The example has the words that ship, and the line by which answers are told from what they quote."""
    shown, words = example(MAIL, "letter"), templates.load(ROOT / "config/channels.yaml").email
    assert mail_words.DELIMITER in shown
    assert f'From: "{words.name}"' in shown
    assert words.hello.format(name="Kim") in shown
    assert words.signature.format(name=words.name) in shown


def test_the_extra_is_named() -> None:
    """The command installs the file that is there."""
    (name,) = re2.findall(r"requirements/[\w.-]+", example(MAIL, "mail-auth"))
    assert "dkimpy" in (ROOT / name).read_text()


def test_pictures_are_light() -> None:
    """Each is shown by a page, and does not hold it up."""
    pages = "".join(page.read_text() for page in PAGES)
    for picture in sorted((ROOT / "docs/images").iterdir()):
        assert f"images/{picture.name})" in pages
        assert picture.stat().st_size <= HEAVIEST, picture.name


def test_every_channel_has_a_page_or_is_on_the_readme() -> None:
    """Each can be connected by what is written."""
    pages = {"web": "README.md", "whatsapp": PHONE, "email": MAIL, "slack": SLACK}
    assert set(CHANNELS) == set(pages)
