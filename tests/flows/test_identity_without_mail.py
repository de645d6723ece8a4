"""A deployment without e-mail: nobody is promised a code that could never come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.outside import KIM
from tests.harness.places import Place
from tests.harness.stage import Stage


@pytest.fixture
def place(tmp_path: Path, tuning: dict[str, Any], migrated_sqlite_url: str) -> Place:
    """An empty database; no mailbox is ours."""
    settings = {"EMAIL_ADDRESS": "", "EMAIL_INBOUND_TOKEN": "", "EMAIL_AUTHSERV_ID": "", "SMTP_URL": ""}
    return Place(home=tmp_path, database_url=migrated_sqlite_url, tuning=tuning, settings=settings)


async def test_only_a_sign_in_is_offered(stage: Stage) -> None:
    """And an address that is given all the same is no answer to that."""
    phone, web = stage.phone("+15559998877"), await stage.web()
    for ask in (phone.ask, web.ask):
        said = await ask("check invoice 18492")
        text = said if isinstance(said, str) else said["text"]
        assert "sign in" in text
        assert "code" not in text
    assert "on file with us" not in await phone.ask("kim@example.com")
    session = await stage.operators.session_of("whatsapp:+15559998877")
    assert [] == await stage.operators.events(session, "CodeSent")
    await web.sign_in(await stage.outside.identity(KIM))
    await web.seen(lambda m: "Invoice 18492 is paid" in m["text"], "the task to go on")
