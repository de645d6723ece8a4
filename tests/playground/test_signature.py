"""Twilio's signature, held to the published vectors."""

from __future__ import annotations

import pytest

from playground.signature import sign

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
REPEATED = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
WHATSAPP = {
    "MessageSid": "SM0123456789abcdef0123456789abcdef",
    "From": "whatsapp:+15005550006",
    "To": "whatsapp:+14155238886",
    "Body": "Hi é 👋 ",
    "NumMedia": "0",
    "ButtonText": "",
    "WaId": "15005550006",
}


@pytest.mark.parametrize(
    "url,params,signature",
    [
        (URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace(".com/", ".com:443/"), FORM, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", FORM, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("http://mycompany.com:80/myapp.php?foo=1&bar=2", FORM, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (f"{URL}&bodySHA256={HASH}", {}, "a9nBmqA0ju/hNViExpshrM61xv4="),
        (URL, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        ("https://bot.example.com/twilio/whatsapp", WHATSAPP, "aoUMvpQcrh2fuJRTaoIlMHgXYLM="),
    ],
)
def test_published_vectors(url: str, params: dict[str, str], signature: str) -> None:
    """Every vector for token 12345 comes out as published."""
    assert signature == sign(url, params, token="12345")


def test_second_scheme() -> None:
    """HMAC_SHA256 is the same text under another digest."""
    assert "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=" == sign(URL, FORM, token="12345", algorithm="HMAC_SHA256")
