"""Reply addresses, Message-IDs and bounce addresses: ours are known again, all others are nobody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail import mail_address
from channels.mail.mail_tokens import MailTokens, Token, mail_tokens
from tests.channels.world import settings

TOKENS = MailTokens(key=b"k" * 32, ours="support@acme.example")
KIM = "kim@example.com"
OUTBOX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("ticket", [None, 1, 1042, 999_999_999])
def test_a_reply_address_is_known_again(ticket: int | None) -> None:
    """With its ticket, whatever the spelling on the way; its local part fits the standard."""
    address = TOKENS.reply_address(ticket, "Kim@EXAMPLE.com")
    for spelt in (address, address.upper(), f" {address}"):
        assert Token(ticket=ticket, address=KIM) == TOKENS.check(TOKENS.token_of(spelt) or "", KIM)
    assert len(mail_address.split(address)[0]) <= 64


def test_a_token_fits_its_recipient_only() -> None:
    """Somebody else with the same address in hand gains nothing, nor does another ticket or another key."""
    token = TOKENS.make(1042, KIM)
    assert TOKENS.check(token, "lee@example.com") is None
    assert TOKENS.check(token.replace("1042", "1043"), KIM) is None
    assert TOKENS.check(token.replace("1042", "01042"), KIM) is None
    assert TOKENS.check(token[:-1], KIM) is None
    assert MailTokens(key=b"j" * 32, ours=TOKENS.ours).check(token, KIM) is None


def test_an_unproven_correspondent_has_tokens_of_their_own() -> None:
    """Who only said that they are Kim got a mail at Kim's address; its token leads to that claim, never to Kim."""
    unproven = mail_address.claimed(KIM)
    token = TOKENS.make(7, unproven)
    assert Token(ticket=7, address=unproven) == TOKENS.check(token, KIM)
    assert token != TOKENS.make(7, KIM)


@given(token=st.text(max_size=80), sender=st.text(max_size=80))
def test_no_other_text_is_a_token(token: str, sender: str) -> None:
    """Junk is no token and no error."""
    assert TOKENS.check(token, sender) is None
    assert TOKENS.check(token, KIM) is None
    assert TOKENS.outbox_id(token) is None
    assert TOKENS.bounced(token) is None


def test_message_ids_are_known_again() -> None:
    """Also when a provider or a client changed the domain or the case; never with another id under the same proof."""
    made = TOKENS.message_id(OUTBOX)
    assert OUTBOX == TOKENS.outbox_id(made)
    assert OUTBOX == TOKENS.outbox_id(f"<{made}>")
    assert OUTBOX == TOKENS.outbox_id(made.replace("acme.example", "mail.provider.example"))
    assert OUTBOX == TOKENS.outbox_id(made.upper())
    assert TOKENS.outbox_id(made.replace("01", "02", 1)) is None


def test_bounce_addresses_are_known_again() -> None:
    """A long address of ours leaves no room, and then the plain one is the sender."""
    made = TOKENS.bounce_address(OUTBOX)
    assert OUTBOX == TOKENS.bounced(made.upper())
    assert TOKENS.bounced(made.replace("01", "02", 1)) is None
    assert TOKENS.bounced(TOKENS.reply_address(1, KIM)) is None
    long = MailTokens(key=TOKENS.key, ours=f"{'s' * 30}@acme.example")
    assert long.ours == long.bounce_address(OUTBOX)


def test_they_come_from_the_settings() -> None:
    """The key is the deployment's own, the address ours."""
    made = mail_tokens(
        settings(
            SMTP_URL="smtp://h", EMAIL_ADDRESS="Support@Acme.Example", EMAIL_INBOUND_TOKEN="an-inbound-token-of-ours"
        )
    )
    assert "support@acme.example" == made.ours
    assert Token(ticket=7, address=KIM) == made.check(made.make(7, KIM), KIM)
    assert TOKENS.check(made.make(7, KIM), KIM) is None


@pytest.mark.parametrize(
    "address,wanted",
    [
        ("Kim@Example.COM", KIM),
        (" kim@example.com. ", KIM),
        ("kim@bücher.example", "kim@xn--bcher-kva.example"),
        ("KİM@example.com", "KİM@example.com"),
        ("\u212aim@example.com", "\u212aim@example.com"),
        ("", None),
        ("kim", None),
        ("@example.com", None),
        ("kim@", None),
        ("kim@example.com@evil.example", None),
        ("@relay.example:kim@example.com", None),
        ("?kim@example.com", None),
        ("kim <kim@example.com", None),
        ("kim\n@example.com", None),
        (f"{'k' * 250}@example.com", None),
        ("kim@\u2065.example", None),
    ],
)
def test_an_address_has_one_spelling(address: str, wanted: str | None) -> None:
    """Lower case, IDNA; a letter that only looks like an ASCII one stays another letter."""
    assert wanted == mail_address.normal(address)


@pytest.mark.parametrize(
    "address,wanted",
    [
        ("support@acme.example", ""),
        ("Support+X-y@ACME.example", "x-y"),
        ("support+@acme.example", ""),
        ("supporter@acme.example", None),
        ("support@acme.example.org", None),
    ],
)
def test_a_sub_address_is_told_from_others(address: str, wanted: str | None) -> None:
    """Only our own domain and local part count."""
    assert wanted == mail_address.tag(address, "support@acme.example")


def test_an_unproven_name_leads_back_to_its_address() -> None:
    """It is another identity with the same place to write to."""
    assert KIM != mail_address.claimed(KIM)
    assert KIM == mail_address.real(mail_address.claimed(KIM)) == mail_address.real(KIM)
