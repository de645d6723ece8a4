"""Letters to another machine's submission port: over TLS with a certificate that can be checked, or not at all."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.mail.mail_send import MailSender
from tests.channels.mail.letters import reply
from tests.channels.mail.servers import MailServer, only, serving
from tests.channels.mail.test_mail_send import MAIL
from tests.channels.world import World, settings

ELSEWHERE = "0.0.0.0"  # this machine, by an address that does not say so


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Everything that is closed at the end."""
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for that address with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example.com")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ELSEWHERE))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    """The server's side of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def sender(url: str, stack: AsyncExitStack) -> MailSender:
    """A sender that speaks to a server."""
    made = settings(**MAIL, SMTP_URL=url)
    found = MailSender(made, World(settings=made).ports())
    stack.push_async_callback(found.close)
    return found


async def test_a_password_goes_over_tls(
    certificate: Path, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a certificate of an authority that is trusted here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    options = {"tls_context": tls(certificate), "require_starttls": True, "authenticator": only("bot", "secret")}
    server = await stack.enter_async_context(serving(MailServer(), auth_required=True, **options))
    out = await sender(f"smtp://bot:secret@{ELSEWHERE}:{server.port}", stack)
    assert "sent" == (await out.send(reply())).state
    assert 1 == len(server.taken)


async def test_a_server_that_nobody_vouches_for_gets_nothing(certificate: Path, stack: AsyncExitStack) -> None:
    """Neither the password nor the letter."""
    server = await stack.enter_async_context(serving(MailServer(), tls_context=tls(certificate)))
    out = await sender(f"smtp://bot:secret@{ELSEWHERE}:{server.port}", stack)
    receipt = await out.send(reply())
    assert ("retry", []) == (receipt.state, server.taken)
    assert (receipt.reason or "").startswith("unreachable")


async def test_a_server_without_tls_gets_no_password(stack: AsyncExitStack) -> None:
    """Somebody in between may have taken the offer of TLS out."""
    server = await stack.enter_async_context(serving(MailServer()))
    out = await sender(f"smtp://bot:secret@{ELSEWHERE}:{server.port}", stack)
    receipt = await out.send(reply())
    assert ("retry", []) == (receipt.state, server.taken)


async def test_without_a_password_tls_is_used_where_it_is_offered(
    certificate: Path, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where it is not, mail between servers goes as it always did."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secure = await stack.enter_async_context(serving(MailServer(), tls_context=tls(certificate), require_starttls=True))
    plain = await stack.enter_async_context(serving(MailServer()))
    for server in (secure, plain):
        out = await sender(f"smtp://{ELSEWHERE}:{server.port}", stack)
        assert "sent" == (await out.send(reply())).state
