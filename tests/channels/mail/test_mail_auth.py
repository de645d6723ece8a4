"""Our own check of signatures: real DKIM signatures, with name servers that are functions. Asks no network."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import dkim
import dns.exception
import dns.name
import dns.rdataset
import dns.resolver
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from channels.mail import mail_auth
from channels.mail.mail_auth import Lookup
from channels.mail.mail_in import MailIn
from channels.mail.reading.mail_verdicts import AuthResults, Verdict
from tests.channels.mail import mails
from tests.channels.mail.mails import KIM, mail

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def record() -> bytes:
    """What a domain publishes of its key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(KEY.public_key().public_bytes(serialization.Encoding.DER, form))


def zone(**changes: bytes | None) -> Lookup:
    """A name server that knows a few names, and some more."""
    known: dict[str, bytes | None] = {
        "s1._domainkey.example.com": record(),
        "s1._domainkey.mail.example.com": record(),
        "s1._domainkey.evil.example": record(),
        "s1._domainkey.com": record(),
        **changes,
    }
    return known.get


def signed(raw: bytes | None = None, *, domain: str = "example.com", **more: object) -> bytes:
    """A mail with a DKIM signature on top."""
    pem = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    raw = mail() if raw is None else raw
    given = {"include_headers": [b"From", b"To", b"Subject"], **more}
    return dkim.sign(raw, b"s1", domain.encode(), pem, **given) + raw  # type: ignore[no-any-return]


async def is_valid(raw: bytes, lookup: Lookup | None = None, *, domain: str = "example.com") -> bool:
    """Whether a mail bears a signature that counts for a domain."""
    return await mail_auth.checked(raw, domain=domain, lookup=lookup or zone())


async def test_a_signature_of_the_sender_s_domain_counts() -> None:
    """In every canonical form, under headers that were added on the way, and beside one that is broken."""
    assert await is_valid(signed())
    assert await is_valid(signed(canonicalize=(b"relaxed", b"relaxed")))
    assert await is_valid(b"Received: by relay.example\r\nDelivered-To: x\r\n" + signed())
    assert await is_valid(b"DKIM-Signature: v=1; d=example.com; junk\r\n" + signed())
    assert await is_valid(signed().replace(b"\r\n", b"\n"))


async def test_a_signature_of_the_same_organisation_counts_unless_its_domain_says_no() -> None:
    """Strict alignment is in the sender's DMARC record, or in its organisation's."""
    assert await is_valid(signed(domain="mail.example.com"))
    assert await is_valid(signed(domain="mail.example.com"), zone(**{"_dmarc.example.com": b"v=DMARC1; p=reject"}))
    strict = zone(**{"_dmarc.example.com": b"v=DMARC1; p=reject; adkim=s"})
    assert not await is_valid(signed(domain="mail.example.com"), strict)
    assert not await is_valid(signed(), strict, domain="sales.example.com")
    assert await is_valid(signed(), strict)


@pytest.mark.parametrize(
    "raw",
    [
        mail(),
        signed(domain="evil.example"),
        signed(domain="com"),
        signed().replace(b"refund", b"reFund"),
        signed().replace(b"Subject: My", b"Subject: Your"),
        signed() + b"more\r\n",
        signed(length=True),
        signed(length=True) + b"more\r\n",
        b"From: Lee <lee@example.com>\r\n" + signed(),
        signed().replace(b"\r\nTo:", b"\r\nFrom: Lee <lee@example.com>\r\nTo:", 1),
        signed().replace(b"s=s1", b"s=s9"),
        signed().replace(b"v=1", b"v=2", 1),
        b" x\r\n" + signed(),
        b"DKIM-Signature:\r\n\r\n",
        b"DKIM-Signature: ;;;\r\n" + mail(),
        signed(mail("x" + " " * 2_000 + "y")),
        b"",
    ],
    ids=range(17),
)
async def test_any_other_does_not(raw: bytes) -> None:
    """None, another's, a changed mail, a second sender, a part of the body only, what would take long."""
    assert not await is_valid(raw)


def signed_by_hand(*names: str) -> bytes:
    """A signature over just these headers: the library refuses to leave `From` out."""
    raw = mail()
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = {line.partition(b":")[0].decode(): line + b"\r\n" for line in head.split(b"\r\n")}
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    own = f"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h={':'.join(names)}; bh={digest}; b=".encode()
    data = b"".join(lines[name] for name in names) + own
    proof = base64.b64encode(KEY.sign(data, padding.PKCS1v15(), hashes.SHA256()))
    return own + proof + b"\r\n" + raw


async def test_a_signature_that_leaves_the_sender_out_does_not_count() -> None:
    """It is valid, and anybody could have written `From`."""
    assert await is_valid(signed_by_hand("From", "To"))
    assert dkim.verify(signed_by_hand("To"), dnsfunc=lambda name, **_: zone()(name.decode().rstrip(".")))
    assert not await is_valid(signed_by_hand("To"))


async def test_nobody_is_asked_about_a_domain_that_does_not_matter() -> None:
    """So a mail cannot make us ask name servers of its choice."""
    asked: list[str] = []

    def lookup(name: str) -> bytes | None:
        asked.append(name)
        return None

    assert not await is_valid(signed(domain="evil.example"), lookup)
    assert [] == asked
    assert not await is_valid(b"".join([b"DKIM-Signature: v=1\r\n"] * 50) + signed(), lookup)


async def test_a_name_server_that_is_away_proves_nothing() -> None:
    """The mail is taken in as a claim."""

    def lookup(_: str) -> bytes | None:
        raise OSError("no answer")

    assert not await is_valid(signed(), lookup)
    assert not await is_valid(signed(domain="mail.example.com"), lookup)


async def test_slow_name_servers_hold_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender's own may be slow on purpose: when its time is over no more is asked; others do not wait for ever."""
    monkeypatch.setattr(mail_auth, "CHECK_S", -1.0)
    assert not await is_valid(signed())
    monkeypatch.undo()
    monkeypatch.setattr(mail_auth, "WAIT_S", 0.05)
    held = threading.Event()

    def slow(name: str) -> bytes | None:
        held.wait(10)
        return zone()(name)

    waiting = [asyncio.create_task(is_valid(signed(), slow)) for _ in range(mail_auth.CHECKS_AT_ONCE)]
    await asyncio.sleep(0)
    assert not await is_valid(signed())
    held.set()
    assert all(await asyncio.gather(*waiting))
    assert await is_valid(signed())


async def test_a_mail_is_checked_when_no_server_of_ours_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without EMAIL_AUTHSERV_ID, and on ways where our server's word would not count."""
    mails.read_here(monkeypatch)
    monkeypatch.setattr(mail_auth, "dns_txt", zone())
    world = mails.mail_world(EMAIL_AUTHSERV_ID="")
    box = MailIn(world.ports())
    await box.take(signed(mail("Signed.")))
    await box.take(mails.stated(mail("Only stated.")))
    assert [KIM, f"?{KIM}"] == [got.sender.address for got in world.inbound]
    world = mails.mail_world()
    box = MailIn(world.ports())
    await box.take(signed(mail("Signed.")), trusted=False)
    await box.take(signed(mail("Signed, but our server says nothing.")))
    assert [KIM, f"?{KIM}"] == [got.sender.address for got in world.inbound]


async def test_without_the_extra_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only the same domain, or one above it, belongs with a sender's."""
    monkeypatch.setattr(mail_auth, "can_check", lambda: False)
    assert not await is_valid(signed())
    assert mail_auth.aligned("mail.example.com", "example.com")
    assert not mail_auth.aligned("example.com", "mail.example.com")
    assert not mail_auth.aligned("example.com", "com")


@pytest.mark.parametrize(
    "domain,other,wanted",
    [
        ("example.com", "example.com", True),
        ("a.example.com", "b.example.com", True),
        ("a.co.uk", "b.co.uk", False),
        ("kim.github.io", "evil.github.io", False),
        ("example.com", "example.com.evil.example", False),
        ("notexample.com", "example.com", False),
        ("", "", False),
        ("com", "com", True),
    ],
)
def test_which_domains_belong_together(domain: str, other: str, wanted: bool) -> None:
    """By the list of public suffixes: neighbours under one are strangers."""
    assert wanted is mail_auth.aligned(domain, other)


def test_of_two_properties_with_one_name_the_first_counts() -> None:
    """The second may be a sender's addition."""
    pairs = (("header.d", "evil.example"), ("header.d", "example.com"))
    results = (AuthResults(server="mx", verdicts=(Verdict(method="dkim", result="pass", properties=pairs),)),)
    assert not mail_auth.stated(results, server="mx", domain="example.com")


@pytest.mark.parametrize(
    "outcome,wanted",
    [
        (list(dns.rdataset.from_text("IN", "TXT", 60, '"v=DKIM1; " "p=x"')), b"v=DKIM1; p=x"),
        ([], None),
        (dns.resolver.NXDOMAIN, None),
        (dns.resolver.NoAnswer, None),
    ],
)
def test_a_name_server_s_answer_is_read(monkeypatch: pytest.MonkeyPatch, outcome: object, wanted: bytes | None) -> None:
    """A record may come in pieces, and that there is none is an answer too."""
    monkeypatch.setattr(dns.resolver, "resolve", answering(outcome))
    assert wanted == mail_auth.dns_txt("s1._domainkey.example.com")


@pytest.mark.parametrize("error", [dns.resolver.NoNameservers, dns.exception.Timeout, dns.name.LabelTooLong])
def test_a_name_server_that_does_not_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Which is no statement about the domain."""
    monkeypatch.setattr(dns.resolver, "resolve", answering(error))
    with pytest.raises(OSError, match="does not answer"):
        mail_auth.dns_txt("s1._domainkey.example.com")


def answering(outcome: object) -> Callable[..., object]:
    """A resolver with one answer, or one error."""

    def resolve(name: str, kind: str, *, lifetime: float) -> object:
        assert (name, kind, lifetime) == ("s1._domainkey.example.com", "TXT", mail_auth.DNS_S)
        if isinstance(outcome, type) and issubclass(outcome, Exception):
            raise outcome.__new__(outcome)
        return outcome

    return resolve


def test_the_extra_is_not_loaded_before_it_is_needed() -> None:
    """A server without it starts, and one with it starts as quickly."""
    code = "import sys, channels.mail.mail_auth; print(sorted({'dkim', 'dns', 'publicsuffixlist'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert "[]" == done.stdout.strip()
