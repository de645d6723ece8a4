"""What stands behind the ports in these tests: sessions in memory, real hints, settings of a small deployment."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from channels.base import Identified, Place, Ports
from config.settings import Settings
from state import errors
from state.hints import LocalHints
from state.identity import Address, Claims
from state.messages import Accepted, Acted, Inbound, StaffAct, StatusUpdate, Thread

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
TOKEN = "12345"
FROM = "whatsapp:+14155238886"
PUBLIC = "https://bot.example.com"
IDENTITY_SECRET = "a shared secret of the host site; long enough"

ENV = {
    "PLAYGROUND": "0",
    "PUBLIC_URL": PUBLIC,
    "SECRET_KEY": "one-long-secret-for-tests-0123456789",
    "API_TOKEN": "two-long-secret-for-tests-0123456789",
    "INDEX_KEY": "three-long-secret-for-tests-01234567",
    "ENCRYPTION_KEYS": "k1:" + base64.b64encode(bytes(range(32))).decode(),
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": f"{TOKEN},older-token",
    "TWILIO_SIGNING_KEYS": "SK1:shared-key",
    "TWILIO_WHATSAPP_FROM": FROM,
    "ACME_API_BASE": "https://acme.example.com",
    "ACME_API_TOKEN": "a token of Acme; long enough to be one",
    "WEB_IDENTITY_SECRET": IDENTITY_SECRET,
    "WEB_ALLOWED_ORIGINS": "https://shop.example.com",
}


def settings(**env: str) -> Settings:
    """The settings of these tests, with changes."""
    return Settings.load({**ENV, **env})


@dataclass
class World:
    """The engine as channels see it. `failing` makes every port raise, as when the database is away."""

    settings: Settings = field(default_factory=settings)
    hints: LocalHints = field(default_factory=LocalHints)
    inbound: list[Inbound] = field(default_factory=list)
    updates: list[StatusUpdate] = field(default_factory=list)
    sessions: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    places: dict[Address, str] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    sids: set[str] = field(default_factory=set)
    instant_reply: str | None = None
    failing: bool = False
    ready: bool = True
    acts: list[StaffAct] = field(default_factory=list)
    refusal: Acted | None = None
    threads: dict[str, Thread] = field(default_factory=dict)
    tickets: dict[tuple[int, str], Thread] = field(default_factory=dict)
    uses: Counter[str] = field(default_factory=Counter)
    cursors: dict[str, str] = field(default_factory=dict)

    def ports(self) -> Ports:
        """The ports over this world."""
        return Ports(
            settings=self.settings,
            hints=self.hints,
            accept=self.accept,
            identify=self.identify,
            find=self.find,
            messages=self.messages,
            act=self.act,
            status=self.status,
            delivered=self.delivered,
            replied=self.replied,
            ticket=self.ticket,
            allow=self.allow,
            cursor=self.cursor,
            ready=lambda: self.ready,
        )

    async def accept(self, message: Inbound) -> Accepted:
        """Take a message once; with `instant_reply`, the turn is over before this returns."""
        self._up()
        session = self.places.setdefault(message.sender, f"s{len(self.places) + 1}")
        user_id = f"u-{session}"
        for seq, known in enumerate(self.inbound, 1):
            if known.provider_id == message.provider_id:
                mine = [e["seq"] for e in self.sessions[session] if e["id"] == message.extra.get("client_id")]
                return Accepted(new=False, session_id=session, user_id=user_id, seq=mine[0] if mine else seq)
        self.inbound.append(message)
        seq = self.say(session, message.text, author="user", id=str(message.extra.get("client_id", "")))
        if self.instant_reply is not None:
            self.hints.publish(f"session:{session}", {"typing": True})
            self.say(session, self.instant_reply)
        return Accepted(new=True, session_id=session, user_id=user_id, seq=seq)

    def say(self, session: str, text: str, *, author: str = "bot", hint: bool = True, id: str = "") -> int:  # noqa: A002
        """Commit one message to a session; numbers have gaps."""
        log = self.sessions[session]
        seq = (log[-1]["seq"] if log else 0) + 2
        log.append(
            {
                "type": "message",
                "seq": seq,
                "id": id or f"m-{session}-{seq}",
                "author": author,
                "name": None,
                "text": text,
                "citations": [],
                "choices": [],
                "ticket": None,
                "channel": "web",
            }
        )
        if hint:
            self.hints.publish(f"session:{session}", {"seq": seq})
        return seq

    def link(self, address: Address, session: str) -> None:
        """Make an address stand in another session, and tell the old one."""
        old = self.places.get(address)
        self.places[address] = session
        if old:
            self.hints.publish(f"session:{old}", {"linked": session})

    async def identify(self, address: Address, claims: Claims) -> Identified:
        """One session per customer; a visitor who was in another one starts over."""
        self._up()
        session = f"c-{claims.customer_id}"
        before = self.places.get(address)
        self.places[address] = session
        if before is not None and before != session and before.startswith("c-"):  # the browser was another customer
            self.places[address] = before
            address = Address(channel="web", address=f"{len(self.places):032x}")
            self.places[address] = session
        reset = before is not None and before != session
        return Identified(user_id=f"u-{session}", session_id=session, visitor=address, reset=reset)

    async def find(self, address: Address) -> Place | None:
        """Where an address stands."""
        self._up()
        if (session := self.places.get(address)) is None:
            return None
        log = self.sessions[session]
        seq = log[-1]["seq"] if log else 0
        mode = self.modes.get(session, "bot")
        return Place(session_id=session, user_id=f"u-{session}", seq=seq, mode=mode)

    async def messages(self, session: str, after: int) -> list[dict[str, Any]]:
        """The messages after a number."""
        self._up()
        return [dict(entry) for entry in self.sessions[session] if entry["seq"] > after]

    async def act(self, act: StaffAct) -> Acted:
        """Take an act of staff once; `refusal` is what they all get instead."""
        self._up()
        if self.refusal:
            return self.refusal
        if act.provider_id in {known.provider_id for known in self.acts}:
            return Acted(done=False, reason="again", message="That was done already.")
        self.acts.append(act)
        return Acted(done=True, reason="done", message="Done.", ticket=act.ticket, seq=len(self.acts))

    async def replied(self, reply_id: str) -> Thread | None:
        """Where an answer to a reply belongs, by the reply's id."""
        self._up()
        return self.threads.get(reply_id)

    async def ticket(self, number: int, address: Address) -> Thread | None:
        """Where a ticket number belongs, for an address of its customer."""
        self._up()
        return self.tickets.get((number, str(address)))

    async def allow(self, name: str, limit: int, window_s: float) -> bool:
        """Count a use; windows never end here."""
        self._up()
        assert window_s > 0
        self.uses[name] += 1
        return self.uses[name] <= limit

    async def cursor(self, name: str, value: str | None) -> str | None:
        """Read or keep a cursor."""
        self._up()
        if value is not None:
            self.cursors[name] = value
        return self.cursors.get(name)

    async def status(self, update: StatusUpdate) -> None:
        """Keep a delivery status."""
        self._up()
        self.updates.append(update)

    async def delivered(self, channel: str, sids: Sequence[str], outbox_id: str) -> frozenset[str]:
        """The ids that are some reply's receipt."""
        self._up()
        return frozenset(self.sids.intersection(sids))

    def _up(self) -> None:
        if self.failing:
            raise errors.RetryLater("the database is away")
