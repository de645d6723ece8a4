"""Somebody else's API becomes tools by a document and a few lines of YAML; what is unsafe or unclear is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import outside
from state import errors
from state.identity import Assurance
from tests.tools.stripe import KEY, Stripe, opened
from tests.tools.writes import perform
from tools import openapi, schema
from tools.base import Caller, Outcome
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Systems, _endpoint
from tools.openapi_run import Operation
from tools.openapi_types import Document, Types

DATA = Path(__file__).parent / "data"
KIM = Caller(
    actor="customer",
    session_id="s1",
    user_id="u1",
    channel="web",
    assurance=Assurance.VERIFIED,
    customer_id="C-1001",
    scopes=frozenset({"billing:read", "billing:refund"}),
)
LEE = replace(KIM, customer_id="C-1002", user_id="u2")


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Stripe, Gateway]]:
    """Stripe, and the gateway with its tools."""
    async with opened() as (stripe, url):
        given, missing = outside.load(DATA / "tools.yaml", {"STRIPE_API_KEY": KEY, "STRIPE_API_BASE": url})
        assert [] == missing
        systems = Systems({name: _endpoint(system) for name, system in given.systems.items()})
        yield stripe, Gateway(Catalog(openapi.tools(given)), systems)
        await systems.close()


async def look_up(gateway: Gateway, name: str, arguments: dict[str, Any], caller: Caller = KIM) -> Outcome:
    """One lookup."""
    return await gateway.look_up(name, arguments, caller=caller, timeout=5)


def test_what_a_model_is_told() -> None:
    """Who they are, constants and what nobody listed stay out; words come from tools.yaml or the document."""
    given, _ = outside.load(DATA / "tools.yaml", {})
    listed, one, refund = openapi.tools(given)
    assert ({}, "List the customer's card payments, newest first.") == (listed.schema["properties"], listed.description)
    assert (["charge"], "Retrieve a charge") == (list(one.schema["properties"]), one.description)
    assert ["charge", "amount"] == list(refund.schema["properties"])
    assert "How much, in cents." == refund.schema["properties"]["amount"]["description"]
    assert ("transact", "keyed", True) == (refund.kind, refund.effect, refund.needs_customer)


async def test_pages_are_read_to_their_end_and_only_listed_fields_are_seen(shop: tuple[Stripe, Gateway]) -> None:
    """The customer is filled in from the session."""
    stripe, gateway = shop
    outcome = await look_up(gateway, "list_charges", {})
    assert ("succeeded", True) == (outcome.state, outcome.result["complete"])
    assert ["ch_5", "ch_4", "ch_3", "ch_2", "ch_1"] == [row["id"] for row in outcome.result["data"]]
    assert {"id", "amount", "currency", "status"} == set(outcome.result["data"][0])
    assert [None, "ch_4", "ch_2"] == [asked.get("starting_after") for asked in stripe.asked]
    assert {"C-1001"} == {asked["customer"] for asked in stripe.asked}


async def test_what_was_had_is_kept_when_a_later_page_fails(shop: tuple[Stripe, Gateway]) -> None:
    """And it says that it is not all."""
    stripe, gateway = shop
    stripe.down_after = 1
    outcome = await look_up(gateway, "list_charges", {})
    assert (["ch_5", "ch_4"], False) == ([row["id"] for row in outcome.result["data"]], outcome.result["complete"])


async def test_somebody_elses_record_does_not_exist(shop: tuple[Stripe, Gateway]) -> None:
    """Neither to read nor to write."""
    stripe, gateway = shop
    mine = await look_up(gateway, "get_charge", {"charge": "ch_3"})
    assert {"email": "kim@example.com"} == mine.result["billing_details"]
    for charge in ("ch_3", "ch_99", "../refunds", "a/b"):
        theirs = await look_up(gateway, "get_charge", {"charge": charge}, LEE)
        assert ("failed", "not_found") == (theirs.state, theirs.reason)
    assert "invalid" == (await look_up(gateway, "get_charge", {"charge": ".."})).reason
    outcome = await perform(gateway, "refund_charge", {"charge": "ch_3", "amount": 300}, LEE)
    assert ("failed", "not_found", {}) == (outcome.state, outcome.reason, stripe.refunds)


async def test_a_write_whose_answer_is_lost_happens_once(shop: tuple[Stripe, Gateway]) -> None:
    """As a form, with the key that the API knows."""
    stripe, gateway = shop
    stripe.lose = 1
    outcome = await perform(gateway, "refund_charge", {"charge": "ch_3", "amount": 300}, KIM)
    expected = {"id": "re_1", "amount": 300, "currency": "usd", "status": "succeeded"}
    assert ("succeeded", expected) == (outcome.state, outcome.result)
    assert {"charge": "ch_3", "amount": "300", "reason": "requested_by_customer"} == stripe.refunds["A-1"]["asked"]


async def test_a_write_is_not_sent_while_nobody_can_say_whose_it_is(shop: tuple[Stripe, Gateway]) -> None:
    """That it was not is certain: no person has to look."""
    stripe, gateway = shop
    stripe.closed = True
    outcome = await perform(gateway, "refund_charge", {"charge": "ch_3", "amount": 300}, KIM)
    assert ("failed", "unavailable", {}) == (outcome.state, outcome.reason, stripe.refunds)


def test_what_the_document_does_not_know_yet_is_no_mistake() -> None:
    """A field that is new in an answer is left out, wherever it stands: a write is not in doubt because of it."""
    inner = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    whole = {"type": "object", "required": ["payer"], "properties": {"payer": inner}}
    answer = Types(document=Document({}), name="made", lenient=True).of(whole, "the answer", {"payer": {}})
    assert {"payer": {"id": "p"}} == answer.model_validate({"payer": {"id": "p", "new": 1}}).model_dump()
    assert schema.strict(answer, mode="serialization").schema["properties"]["payer"]["additionalProperties"] is False


@pytest.mark.parametrize("method, sent", [("DELETE", {"customer": "C-1001"}), ("POST", {"customer": "C-1001"})])
def test_a_body_is_sent_with_any_method(method: str, sent: dict[str, str]) -> None:
    """Whose records are meant may stand in it."""
    operation = Operation(method=method, path="/v1/cards", places={"customer": "body"})
    assert sent == operation.request({"customer": "C-1001"}, "K").body
    assert (None if method == "DELETE" else {}) == operation.request({}, "K").body


async def test_a_wrong_key_is_for_a_person(shop: tuple[Stripe, Gateway]) -> None:
    """It is not said to a customer, and it is not in any answer."""
    stripe, gateway = shop
    gateway._systems["stripe"].inner._headers["Authorization"] = "Bearer wrong"  # type: ignore[attr-defined]
    outcome = await look_up(gateway, "get_charge", {"charge": "ch_3"})
    assert ("failed", "denied") == (outcome.state, outcome.reason)
    assert "wrong" not in outcome.message
    assert not stripe.refunds


CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("list_charges", {"operation": "GetNothing"}, "there is no operation 'GetNothing'"),
    ("list_charges", {"arguments": {"customer": {"from": "customer_id"}, "limits": {}}}, "no argument 'limits'"),
    ("list_charges", {"result": ["data.id", "data.cost"]}, "has no field 'cost'"),
    ("list_charges", {"pages": {"items": "data", "next": "data[-1].id", "to": "after"}}, "no argument 'after'"),
    ("get_charge", {"owner": None}, "whose records can be got by it"),
    ("get_charge", {"effect": "keyed"}, "effect and probe belong to kind transact"),
    ("refund_charge", {"effect": None}, "effect: keyed"),
    ("refund_charge", {"effect": "probeable"}, "needs probe="),
    ("refund_charge", {"arguments": {"charge": {}, "metadata": {}}}, "metadata: a free-form object"),
    ("refund_charge", {"owner": {"field": "customer"}}, "before anything is written"),
    ("list_charges", {"owner": {"field": "data[-1].customer"}}, "owner.field"),
    ("refund_charge", {"effect": "probeable", "probe": {"operation": "GetCharges", "items": "data"}}, "another write"),
]


@pytest.mark.parametrize("tool, change, words", CHANGES, ids=[words for *_, words in CHANGES])
def test_what_is_unsafe_or_unclear_is_refused(tool: str, change: dict[str, Any], words: str, tmp_path: Path) -> None:
    """By name, with the reason."""
    data = yaml.safe_load((DATA / "tools.yaml").read_text())
    data["openapi"][0]["tools"][tool] |= change
    (tmp_path / "tools.yaml").write_text(yaml.safe_dump(data))
    (tmp_path / "stripe.yaml").write_text((DATA / "stripe.yaml").read_text())
    with pytest.raises((errors.BadInput, ValueError)) as found:
        openapi.tools(outside.load(tmp_path / "tools.yaml", {})[0])
    assert words in str(found.value)
    assert tool in str(found.value)


@pytest.mark.parametrize(
    "text, words",
    [
        ("{", "cannot be read"),
        ("swagger: '2.0'", "is no OpenAPI 3 document"),
        ("openapi: 3.0.0\npaths: {/v1/charges: {$ref: 'https://else.example/x'}}", "only references within"),
        ("openapi: 3.0.0\npaths: {/v1/charges: {$ref: '#/paths/~1v1~1charges'}}", "in a circle"),
    ],
)
def test_a_document_that_cannot_be_followed_is_refused(text: str, words: str, tmp_path: Path) -> None:
    """Nothing is fetched from elsewhere."""
    (tmp_path / "tools.yaml").write_text((DATA / "tools.yaml").read_text())
    (tmp_path / "stripe.yaml").write_text(text)
    with pytest.raises(errors.BadInput, match=words):
        openapi.tools(outside.load(tmp_path / "tools.yaml", {})[0])


def test_a_secret_that_is_missing_is_named() -> None:
    """By the setting's name; it may come from a file."""
    _, missing = outside.load(DATA / "tools.yaml", {"STRIPE_API_BASE": "http://127.0.0.1:1"})
    assert ["STRIPE_API_KEY: missing; tools.yaml names it"] == missing


def test_an_address_from_a_setting_is_checked() -> None:
    """As the one in the file is."""
    _, wrong = outside.load(DATA / "tools.yaml", {"STRIPE_API_BASE": "stripe.example", "STRIPE_API_KEY": KEY})
    assert ["STRIPE_API_BASE: must be a web address such as https://bot.example.com"] == wrong


@pytest.mark.parametrize(
    "change, words",
    [
        ({"systems": {"s": {"base_url": "https://s.example", "auth": {"value": "x"}}}}, "by the name of its setting"),
        ({"mcp": {"s": {"command": ["s"], "pin": "s", "auth": {"kind": "bearer", "secret": "S_KEY"}}}}, "no secret"),
        (
            {"systems": {"s": {"base_url": "https://s.example"}}, "mcp": {"s": {"command": ["s"], "pin": "s"}}},
            "already",
        ),
    ],
)
def test_a_file_that_would_not_do_what_it_says_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    """In one line."""
    (tmp_path / "tools.yaml").write_text(yaml.safe_dump(change))
    with pytest.raises(ValueError, match=words):
        outside.load(tmp_path / "tools.yaml", {})
