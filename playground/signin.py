"""Acme's website signing a customer in: a short token that says who he is. It checks no password."""

import time
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey

from playground import http, options, records
from playground.records import Customer
from playground.world import World

LIFETIME_S = 600


def routes(world: World) -> list[web.RouteDef]:
    """Build the route that signs a demo customer in."""

    async def sign_in(request: web.Request) -> web.Response:
        wanted = str((await http.json_object(request)).get("customer", ""))
        customer = records.CUSTOMERS.get(wanted)
        if customer is None:
            raise http.failure(404, "customer_not_found", "There is no such customer.")
        secret = options.first(world.options.web_identity_secret)
        return http.answer({"identity": identity(customer, secret=secret, now=int(time.time()))})

    return [web.post("/signin", sign_in)]


def identity(customer: Customer, *, secret: str, now: int) -> str:
    """Sign who the customer is, with addresses that Acme has verified, for ten minutes."""
    claims: dict[str, Any] = {
        "sub": customer.customer_id,
        "iat": now,
        "exp": now + LIFETIME_S,
        "name": customer.name,
        "email": customer.email,
        "email_verified": True,
        "phone_number": customer.phone,
        "phone_number_verified": True,
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
