"""Who an address belongs to, by the system of record: asked once per address and a while, before the turn thinks."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace

from bot import observe
from bot.parts import Parts
from state.identity import Address, Assurance, Claims
from state.lease import Lease
from state.sql.database import Row
from state.sql.turns import Opened
from tools.base import SYSTEM, Caller

TOOL = "find_customer"
RECORD = "get_customer"
NOBODY = Lease(session_id="", user_id="", owner="", fence=0, attempts=0)
SEVERAL = "several"  # what such a tool says of an address that more than one customer has
ASK_AGAIN_S = 600.0
MEET_S = 5.0
ANSWERS = frozenset({"", "not_found", "rejected", "invalid", "policy"})  # any other reason is no word on the address
REMEMBERED = 10_000
ASKED_ABOUT = frozenset({"channel", "directory"})
"""How an address came to be known when the directory has a word on it: not by a token or a code, and not parted."""
log = observe.get_logger()

_asked: OrderedDict[str, float] = OrderedDict()  # identity → when it may be asked about again


class Moved(Exception):
    """Sessions were linked, or parted: the turn begins anew, wherever its messages are now."""

    def __init__(self, frozen: tuple[str, ...], to: str, *, parted: bool = False) -> None:
        """Which sessions are not what they were, and where it goes on; `parted`: their clients must start over."""
        super().__init__(to)
        self.frozen = frozen
        self.to = to
        self.parted = parted


class Shared(Exception):
    """More than one customer has the address: it says nothing about who writes."""


class Silent(Exception):
    """The directory did not answer: nobody can tell now whose address it is."""


async def resolve(opened: Opened, lease: Lease, parts: Parts) -> Opened:
    """Give the session its customer number when the directory knows the address. Raises Moved, Silent.

    An address that has one by the directory's word is asked about again after a while: numbers change hands.
    """
    identity = opened.session.last_identity
    reach = opened.session.reach.get(identity or "")
    if identity is None or reach is None or not _worth_asking(parts, identity, reach.assurance):
        return opened
    standing = await parts.store.standing(identity)
    address = await parts.store.address(identity)
    if standing is None or address is None or query(address) is None or standing["method"] not in ASKED_ABOUT:
        _remember(identity, ASK_AGAIN_S)
        return opened
    if opened.session.customer_id:
        await _check(opened, parts, lease, address, standing)
        return opened
    claims = await _first(parts, lease, address, identity)
    if claims is None:
        return opened
    proven = await parts.store.prove(address, claims, method="directory", create=False)
    if proven.frozen or proven.session_id != lease.session_id:
        raise Moved(proven.frozen, proven.session_id)
    return await parts.store.open_session(lease)


async def _first(parts: Parts, lease: Lease, address: Address, identity: str) -> Claims | None:
    """Whose address it is that nobody is known by; one that several have is never joined to any by itself."""
    try:
        claims = await _ask(parts, lease, address)
    except Shared:
        await parts.store.shared(identity)
        claims = None
    if claims is None:
        _remember(identity, ASK_AGAIN_S)
    return claims


async def _check(opened: Opened, parts: Parts, lease: Lease, address: Address, standing: Row) -> None:
    """See that the address is still its customer's; else whoever wrote is somebody else. Raises Moved, Silent.

    One that joined by what a token said of it is looked at once, at first: the directory may know that several have it.
    """
    identity, recheck_s = str(standing["id"]), 3_600 * parts.settings.tuning.recheck_hours
    age_s = standing["age"] / 1_000
    at_first = standing["checked_at"] is None and standing["method"] == "channel"
    if age_s < recheck_s and not at_first:
        return _remember(identity, recheck_s - age_s)
    try:
        claims = await _ask(parts, lease, address)
    except Shared:
        return await _part(parts, identity, address)
    except Silent:
        if age_s < 2 * recheck_s:
            return None  # a short outage is no reason to know nobody
        raise
    unknown = claims is None and at_first
    if unknown or (claims and claims.customer_id == opened.session.customer_id):
        await parts.store.checked(identity)
        return _remember(identity, recheck_s)
    return await _part(parts, identity, address)


async def _part(parts: Parts, identity: str, address: Address) -> None:
    """Let whoever writes from an address be somebody new. Raises Moved."""
    match = next(iter((query(address) or {}).items()), None)
    parted = await parts.store.reassign(identity, match)
    if parted:
        log.info("address_reassigned", channel=address.channel, session=parted.left, to=parted.session_id)
        raise Moved((parted.left,), parted.session_id, parted=True)


def _worth_asking(parts: Parts, identity: str, assurance: str) -> bool:
    """Only for an address its channel authenticated, and not again and again."""
    if parts.gateway.catalog.get(TOOL) is None or not Assurance(assurance).covers(Assurance.CHANNEL):
        return False
    until = _asked.get(identity)
    return until is None or time.monotonic() >= until


def _remember(identity: str, seconds: float) -> None:
    """Do not ask about an address again for a while."""
    _asked[identity] = time.monotonic() + min(seconds, ASK_AGAIN_S)
    if len(_asked) > REMEMBERED:
        _asked.popitem(last=False)


def query(address: Address) -> dict[str, str] | None:
    """What the directory is asked about an address; None for one it cannot know, or that nobody vouches for."""
    if address.channel == "whatsapp" and address.address.startswith("+"):
        return {"phone": address.address}
    if address.channel == "email" and not address.address.startswith("?"):
        return {"email": address.address}
    return None


async def meet(parts: Parts, user: str | None) -> bool:
    """Know somebody who never wrote, by an address or a customer number on file: `email:kim@…`, `customer:C-1001`.

    Whoever acts for a customer need not wait for a message of theirs. What comes from that address later must be
    authenticated by its channel as ever. False when nobody is on file by that name. Raises Silent.
    """
    try:
        address = Address.parse(user or "")
    except ValueError:
        return False
    parts = replace(parts, deadline=time.monotonic() + MEET_S)
    if address.channel == "customer":
        claims = await _on_file(parts, address.address)
        address = Address(channel="email", address=claims.email) if claims and claims.email else address
    else:
        claims = await ask(parts, NOBODY, address)
    if not claims or not query(address):
        return False
    await parts.store.prove(address, claims, method="directory", create=True)
    return True


async def _on_file(parts: Parts, customer_id: str) -> Claims | None:
    """The customer of a number, if there is one. Raises Silent."""
    if parts.gateway.catalog.get(RECORD) is None:
        return None
    caller = replace(_caller(parts, NOBODY, "email"), customer_id=customer_id)
    outcome = await parts.gateway.look_up(RECORD, {}, caller=caller, timeout=parts.time_left(5.0))
    if outcome.state != "succeeded":
        if outcome.reason not in ANSWERS:
            raise Silent
        return None
    found = outcome.result
    return Claims(customer_id=customer_id, name=found.get("name"), email=found.get("email"), phone=found.get("phone"))


async def ask(parts: Parts, lease: Lease, address: Address) -> Claims | None:
    """Ask the directory whose address this is; None when it knows none, or several. Raises Silent."""
    try:
        return await _ask(parts, lease, address)
    except Shared:
        return None


async def _ask(parts: Parts, lease: Lease, address: Address) -> Claims | None:
    """The same, but raises Shared when several have it."""
    arguments = query(address)
    if arguments is None or parts.gateway.catalog.get(TOOL) is None:
        return None
    caller = _caller(parts, lease, address.channel)
    outcome = await parts.gateway.look_up(TOOL, arguments, caller=caller, timeout=parts.time_left(5.0))
    if outcome.state != "succeeded" or not outcome.result or not outcome.result.get("customer_id"):
        log.info("directory_asked", found=False, reason=outcome.reason)
        if outcome.reason not in ANSWERS:
            raise Silent
        if outcome.code == SEVERAL:
            raise Shared
        return None
    found = outcome.result
    return Claims(
        customer_id=found["customer_id"], name=found.get("name"), email=found.get("email"), phone=found.get("phone")
    )


def _caller(parts: Parts, lease: Lease, channel: str) -> Caller:
    """The engine itself, asking for somebody."""
    return Caller(
        actor=SYSTEM,
        session_id=lease.session_id,
        user_id=lease.user_id,
        channel=channel,
        assurance=Assurance.CHANNEL,
        scopes=parts.scopes,
    )
