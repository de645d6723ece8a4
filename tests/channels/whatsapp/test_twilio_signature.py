"""Our check of Twilio's signatures: against its published vectors, its own validator, and alterations."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from channels.whatsapp import twilio_signature
from channels.whatsapp.twilio_signature import FORM, Secrets

SECRETS = Secrets(tokens=("12345",), keys={"SK1": "12345"})
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
REPEATED = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
WHATSAPP = {
    "MessageSid": "SM0123456789abcdef0123456789abcdef",
    "From": "whatsapp:+15005550006",
    "To": "whatsapp:+14155238886",
    "Body": "Hi é 👋 ",
    "NumMedia": "0",
    "ButtonText": "",
    "WaId": "15005550006",
}
SECOND_SCHEME = {"X-Twilio-Webhooks-Signature-Settings": "key=SK1,algorithm=HMAC_SHA256"}
BODY = b'{"property": "value", "boolean": true}'
BODY_URL = URL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


def genuine(url: str, pairs: Any, signature: str, **headers: str) -> bool:  # noqa: ANN401
    """Whether a form is taken."""
    fields = list(pairs.items()) if isinstance(pairs, dict) else pairs
    given = {"X-Twilio-Signature": signature, **headers}
    return twilio_signature.is_genuine(SECRETS, url=url, content_type=FORM, body=b"", fields=fields, headers=given)


VECTORS = [
    (URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (URL, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", CALL, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ("http://mycompany.com/myapp.php?foo=1&bar=2", CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    (URL, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    ("https://bot.example.com/twilio/whatsapp", WHATSAPP, "aoUMvpQcrh2fuJRTaoIlMHgXYLM="),
]


@pytest.mark.parametrize("url, pairs, signature", VECTORS)
def test_published_vectors_hold(url: str, pairs: Any, signature: str) -> None:  # noqa: ANN401
    """With and without the port of the scheme, repeated and blank fields, text beyond ASCII."""
    assert genuine(url, pairs, signature)
    assert not genuine(url, pairs, signature[:-2] + "x=")
    assert not genuine(url + "x", pairs, signature)


def test_the_second_scheme_holds_by_its_key() -> None:
    """HMAC_SHA256 under a shared key, named by its id; never under the account's token or without a key."""
    signature = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="
    assert genuine(URL, CALL, signature, **SECOND_SCHEME)
    for settings in ("key=SK2,algorithm=HMAC_SHA256", "algorithm=HMAC_SHA256", "key=SK1", "key=SK1,algorithm=HMAC_MD5"):
        assert not genuine(URL, CALL, signature, **{"X-Twilio-Webhooks-Signature-Settings": settings})
    assert not genuine(URL, CALL, signature)


def test_settings_without_an_algorithm_mean_the_first_scheme() -> None:
    """As Twilio documents it."""
    for settings in ("", "key=SK1", "algorithm=HMAC_SHA1", "key=SK1, algorithm=HMAC_SHA1"):
        assert genuine(URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", **{"X-Twilio-Webhooks-Signature-Settings": settings})


def json_genuine(url: str, body: bytes, *, content_type: str = "application/json") -> bool:
    """Whether a JSON body is taken under the URL's true signature."""
    headers = {"X-Twilio-Signature": "a9nBmqA0ju/hNViExpshrM61xv4="}
    return twilio_signature.is_genuine(
        SECRETS, url=url, content_type=content_type, body=body, fields=[], headers=headers
    )


def test_a_json_body_counts_only_with_its_hash() -> None:
    """The hash in the signed URL must be the body's; the real content type decides, not what could be parsed."""
    assert json_genuine(BODY_URL, BODY)
    assert not json_genuine(BODY_URL, BODY + b" ")
    assert not json_genuine(BODY_URL, b"")
    assert not json_genuine(URL, BODY)
    assert not json_genuine(BODY_URL, BODY + b" ", content_type="text/plain")
    assert not json_genuine(BODY_URL + "&bodySHA256=0", BODY)


def test_a_form_is_never_excused_by_a_hash() -> None:
    """A URL with a hash, and a form beside it whose fields the signature does not cover."""
    assert not genuine(BODY_URL, CALL, "a9nBmqA0ju/hNViExpshrM61xv4=")


def test_a_missing_or_strange_signature_is_no_error() -> None:
    """Nothing that a caller may send raises."""
    for signature in ("", "é", "\udcff", "x" * 10_000):
        assert not genuine(URL, CALL, signature)
    assert not twilio_signature.is_genuine(SECRETS, url=URL, content_type=FORM, body=b"", fields=[], headers={})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.lists(st.tuples(TEXT, TEXT), max_size=8),
    st.sampled_from(["", ":443", ":8443"]),
    st.text("abc019=&", min_size=1, max_size=9),
)
def test_twilios_own_validator_agrees(pairs: list[tuple[str, str]], port: str, path: str) -> None:
    """What its library signs we take, for any fields; what it would refuse we refuse."""
    url = f"https://bot.example.com{port}/whatsapp/webhook?{path}"
    theirs, params = RequestValidator("12345"), MultiDict(pairs)
    signature = theirs.compute_signature(url, params)
    assert genuine(url, pairs, signature)
    assert not genuine(url, [*pairs, ("Extra", "1")], signature)
    assert theirs.validate(url, params, twilio_signature.sign(url, pairs, secret="12345", digest=hashlib.sha1))


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read_as_a_form(body: bytes) -> None:
    """Bytes that are not UTF-8 come back as they were; nothing raises."""
    fields = twilio_signature.fields_of(body)
    assert isinstance(twilio_signature.sign(URL, fields, secret="x", digest=hashlib.sha1), str)


def test_a_form_without_end_is_refused() -> None:
    """More fields than Twilio would ever send are not sorted and hashed."""
    with pytest.raises(ValueError, match="fields"):
        twilio_signature.fields_of(b"a&" * 5_000)
