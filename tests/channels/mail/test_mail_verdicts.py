"""What mail servers say of a sender: only ours counts, and nothing that the sender chose can pass for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail import mail_auth
from channels.mail.reading import mail_mime, mail_parse, mail_verdicts
from channels.mail.reading.mail_verdicts import AuthResults

SERVER = "mx.acme.example"


def results(*values: str) -> tuple[AuthResults, ...]:
    """Read headers, the topmost first."""
    raw = "".join(f"Authentication-Results: {value}\r\n" for value in values)
    return mail_verdicts.auth_results(mail_mime.headers(f"{raw}From: kim@example.com\r\n\r\n".encode()))


def proven(*values: str, sender: str = "kim@example.com") -> bool:
    """Ask whether the sender is proven by these headers."""
    return mail_auth.stated(results(*values), server=SERVER, domain=sender.rpartition("@")[2])


@pytest.mark.parametrize(
    "value",
    [
        "mx.acme.example; dmarc=pass (p=reject dis=none) header.from=example.com",
        "MX.acme.example 1;\r\n\tspf=pass smtp.mailfrom=x.example;\r\n dmarc=pass action=none header.from=example.com",
        "mx.acme.example; dkim=pass (2048-bit key) header.d=example.com header.s=k1",
        "mx.acme.example; dkim=pass header.i=@example.com header.s=k1; dmarc=none header.from=example.com",
        "mx.acme.example; dkim=fail header.d=example.com; dkim=pass header.d=example.com",
    ],
)
def test_our_servers_word_counts(value: str) -> None:
    """DMARC that passed, or a valid signature of the sender's domain."""
    assert proven(value)


def test_a_subdomain_is_vouched_for_by_its_domain() -> None:
    """A company signs for its departments, and they for it; whoever wants that otherwise says so by DMARC."""
    assert proven(f"{SERVER}; dkim=pass header.d=example.com", sender="kim@sales.example.com")
    assert proven(f"{SERVER}; dkim=pass header.d=sales.example.com")
    assert not proven(f"{SERVER}; dkim=pass header.d=sales.example.com; dmarc=fail header.from=example.com")
    assert not proven(f"{SERVER}; dkim=pass header.d=com")


@pytest.mark.parametrize(
    "value",
    [
        "mx.evil.example; dmarc=pass header.from=example.com",
        "mx.acme.example; dmarc=pass header.from=evil.example",
        "mx.acme.example; dmarc=pass",
        "mx.acme.example; dmarc=fail header.from=example.com; dkim=pass header.d=example.com",
        "mx.acme.example; spf=pass smtp.mailfrom=kim@evil.example",
        "mx.acme.example; dkim=pass header.d=notexample.com",
        "mx.acme.example; none",
        "",
        ";",
    ],
)
def test_nothing_less_counts(value: str) -> None:
    """Another server, another domain, another's envelope, or nothing at all."""
    assert not proven(value)


@pytest.mark.parametrize(
    "value",
    [
        'mx.acme.example; spf=pass smtp.mailfrom="x; dmarc=pass header.from=example.com"@evil.example',
        'mx.acme.example; spf=pass smtp.mailfrom="x\\"; dmarc=pass header.from=example.com; \\""@evil.example',
        "mx.acme.example; spf=fail (domain of x; dmarc=pass header.from=example.com) smtp.mailfrom=evil.example",
        "mx.acme.example; spf=fail (a (b) ; dmarc=pass header.from=example.com) smtp.mailfrom=evil.example",
        "mx.acme.example; spf=fail (x\\) ; dmarc=pass header.from=example.com ) smtp.mailfrom=evil.example",
        'mx.acme.example; spf=fail smtp.mailfrom="x; dmarc=pass header.from=example.com',
        "mx.acme.example; spf=fail (x; dmarc=pass header.from=example.com",
        'mx.acme.example; dkim=pass header.i="@example.com header.d=example.com"@evil.example',
        "mx.acme.example; dkim=pass header.d=evil.example header.d=example.com",
    ],
)
def test_what_a_sender_chose_is_no_verdict(value: str) -> None:
    """Quoted mailboxes and comments may hold anything, and one that does not end makes the header say nothing."""
    assert not proven(value)


def test_only_the_topmost_header_counts() -> None:
    """Headers further down came with the mail."""
    forged = f"{SERVER}; dmarc=pass header.from=example.com"
    ours = f"{SERVER}; dmarc=fail header.from=example.com"
    assert not proven(ours, forged)
    assert not proven("relay.example; spf=pass", forged)
    assert proven(forged, ours)


def test_headers_are_given_in_their_order() -> None:
    """The preview hands all of them on, the topmost first, with the properties of each verdict."""
    raw = (
        b"Authentication-Results: one.example; dkim=pass (ok) header.d=a.example header.s=k\r\n"
        b"Received: x\r\nAuthentication-Results: two.example; spf=fail\r\nFrom: a@a.example\r\n\r\nhi\r\n"
    )
    first, second = mail_parse.preview(raw).auth_results
    assert (first.server, second.server) == ("one.example", "two.example")
    assert [(v.method, v.result, v.properties) for v in first.verdicts] == [
        ("dkim", "pass", (("header.d", "a.example"), ("header.s", "k")))
    ]
    assert [(v.method, v.result) for v in second.verdicts] == [("spf", "fail")]


@given(st.text(alphabet='ab.;=()"\\ \t', max_size=200))
def test_any_header_is_read(value: str) -> None:
    """No header makes it fail, and none without our server's name proves anything."""
    found = results(value.replace("\r", "").replace("\n", ""))
    assert not mail_auth.stated(found, server=SERVER, domain="example.com")


@given(st.text(alphabet='x.@;=()"\\ ', max_size=60).filter(lambda text: text.count('"') == text.count("\\") == 0))
def test_a_quoted_mailbox_never_leaves_its_quotes(inside: str) -> None:
    """Whatever stands between the quotes of an envelope sender, it makes no verdict."""
    assert not proven(f'{SERVER}; spf=pass smtp.mailfrom="{inside}; dmarc=pass header.from=example.com"@evil.example')
