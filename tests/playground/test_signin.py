"""The demo sign-in gives a token as a host site would."""

from __future__ import annotations

import time

import aiohttp
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.playground.conftest import post


async def test_the_identity_is_signed_and_short_lived(client: aiohttp.ClientSession) -> None:
    """It says who, until when, and which addresses are verified; the first secret signs."""
    status, answer = await post(client, "/playground/signin", json={"customer": "C-1001"})
    found = jwt.decode(answer["identity"], OctKey.import_key("identity-secret-of-32-characters"), algorithms=["HS256"])
    claims = found.claims
    assert (200, "C-1001", "+15550101001", True) == (
        status, claims["sub"], claims["phone_number"], claims["phone_number_verified"],
    )  # fmt: skip
    assert ("kim@example.com", True, 600) == (claims["email"], claims["email_verified"], claims["exp"] - claims["iat"])
    assert abs(time.time() - claims["iat"]) < 60


async def test_only_demo_customers_sign_in(client: aiohttp.ClientSession) -> None:
    """A name that is not in the demo gets no token."""
    assert 404 == (await post(client, "/playground/signin", json={"customer": "C-9"}))[0]
