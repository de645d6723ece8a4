"""Who an address belongs to, by the system of record: asked once per address and a while, before the turn thinks."""

from __future__ import annotations

import time
from collections import OrderedDict

from bot import observe
from bot.parts import Parts
from state.identity import Address, Assurance, Claims
from state.lease import Lease
from state.sql.turns import Opened
from tools.base import SYSTEM, Caller

TOOL = "find_customer"
ASK_AGAIN_S = 600.0
ANSWERS = frozenset({"", "not_found", "rejected", "invalid", "policy"})  # any other reason is no word on the address
REMEMBERED = 10_000
log = observe.get_logger()

_asked: OrderedDict[str, float] = OrderedDict()


class Moved(Exception):
    """Sessions were linked, or parted: the turn begins anew, wherever its messages are now."""

    def __init__(self, frozen: tuple[str, ...], to: str, *, parted: bool = False) -> None:
        """Which sessions are not what they were, and where it goes on; `parted`: their clients must start over."""
        super().__init__(to)
        self.frozen = frozen
        self.to = to
        self.parted = parted


class Silent(Exception):
    """The directory did not answer: nobody can tell now whose address it is."""


async def resolve(opened: Opened, lease: Lease, parts: Parts) -> Opened:
    """Give the session its customer number when the directory knows the address. Raises Moved, Silent."""
    identity = opened.session.last_identity
    reach = opened.session.reach.get(identity or "")
    if (
        identity is None
        or reach is None
        or opened.session.customer_id
        or not _worth_asking(parts, identity, reach.assurance)
    ):
        return opened
    address = await parts.store.address(identity)
    if address is None or query(address) is None:
        return opened
    claims = await ask(parts, lease, address)
    if claims is None:
        _remember(identity)
        return opened
    proven = await parts.store.prove(address, claims, method="directory", create=False)
    if proven.frozen or proven.session_id != lease.session_id:
        raise Moved(proven.frozen, proven.session_id)
    return await parts.store.open_session(lease)


def _worth_asking(parts: Parts, identity: str, assurance: str) -> bool:
    """Only for an address its channel authenticated, and not again and again."""
    if parts.gateway.catalog.get(TOOL) is None or not Assurance(assurance).covers(Assurance.CHANNEL):
        return False
    last = _asked.get(identity)
    return last is None or time.monotonic() - last >= ASK_AGAIN_S


def _remember(identity: str) -> None:
    """Note that the directory does not know an address."""
    _asked[identity] = time.monotonic()
    if len(_asked) > REMEMBERED:
        _asked.popitem(last=False)


def query(address: Address) -> dict[str, str] | None:
    """What the directory is asked about an address; None for one it cannot know, or that nobody vouches for."""
    if address.channel == "whatsapp" and address.address.startswith("+"):
        return {"phone": address.address}
    if address.channel == "email" and not address.address.startswith("?"):
        return {"email": address.address}
    return None


async def ask(parts: Parts, lease: Lease, address: Address) -> Claims | None:
    """Ask the directory whose address this is; None when it does not know it, or knows several. Raises Silent."""
    arguments = query(address)
    if arguments is None or parts.gateway.catalog.get(TOOL) is None:
        return None
    caller = Caller(
        actor=SYSTEM,
        session_id=lease.session_id,
        user_id=lease.user_id,
        channel=address.channel,
        assurance=Assurance.CHANNEL,
        scopes=parts.scopes,
    )
    outcome = await parts.gateway.look_up(TOOL, arguments, caller=caller, timeout=parts.time_left(5.0))
    if outcome.state != "succeeded" or not outcome.result or not outcome.result.get("customer_id"):
        log.info("directory_asked", found=False, reason=outcome.reason)
        if outcome.reason not in ANSWERS:
            raise Silent
        return None
    found = outcome.result
    return Claims(
        customer_id=found["customer_id"], name=found.get("name"), email=found.get("email"), phone=found.get("phone")
    )
