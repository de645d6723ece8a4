"""What the doctor says of mail: how it comes in, and by what a sender can be authenticated."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import doctor
from channels.mail import mail_auth
from config.settings import SHIPPED, Settings
from tests.channels.mail import mails


def test_every_way_in_is_named() -> None:
    """Without a secret."""
    env = {
        "EMAIL_SIGNING_KEY": "a key of a provider",
        "EMAIL_SMTP_LISTEN": "127.0.0.1:2525",
        "IMAP_URL": "imaps://u:a-password@mail.example.com",
    }
    ways, proof = doctor.mail_notes(mails.mail_settings(**env))
    assert "in: webhook https://bot.example.com/email/inbound, " in ways
    assert ways.endswith("SMTP on 127.0.0.1:2525, a mailbox by IMAP")
    assert "a-password" not in ways
    assert "senders authenticated: stated by mx.acme.example in Authentication-Results" == proof


@pytest.mark.parametrize("installed,part", [(True, "checked here"), (False, "public answers only")])
def test_without_a_server_of_ours_it_says_what_remains(
    monkeypatch: pytest.MonkeyPatch, installed: bool, part: str
) -> None:
    """The extra checks signatures; without it no sender is ever authenticated."""
    monkeypatch.setattr(mail_auth, "can_check", lambda: installed)
    assert part in doctor.mail_notes(mails.mail_settings(EMAIL_AUTHSERV_ID=""))[1]


async def test_it_is_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the channel's line."""

    async def fine(_: object) -> tuple[bool, str]:
        return True, "ok"

    for name in ("_database", "_redis", "_workflows", "_tools"):
        monkeypatch.setattr(doctor, name, fine)
    lines, ok = await doctor.report(mails.mail_settings())
    at = next(n for n, line in enumerate(lines) if line.startswith("  on   email"))
    assert (True, "in: webhook") == (ok, lines[at + 1].strip()[:11])


async def test_doctor_looks_at_the_limits(tmp_path: Path) -> None:
    """What policies.yaml says of a tool that is not there is named, as the start would; what fits has its version."""
    folder = tmp_path / "config"
    folder.mkdir()
    shipped = (SHIPPED / "policies.yaml").read_text(encoding="utf-8")
    for text, words in (
        (shipped, "limits of their own: "),
        (shipped.replace("create_refund_request:", "create_refund:"), "there is no tool named 'create_refund'"),
        (shipped.replace("argument: amount", "argument: sum", 1), "has no argument 'sum'"),
    ):
        (folder / "policies.yaml").write_text(text, encoding="utf-8")
        lines, _ = await doctor.report(Settings.load({"CONFIG_DIR": str(folder)}, root=tmp_path))
        (line,) = [one for one in lines if one.split()[1:2] == ["policies"]]
        assert words in line
