"""What every web client asks for: to be known, to see what it missed, to have a message taken. Holds no socket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from channels import tokens
from channels.base import Place, Ports
from channels.tokens import Visitor
from channels.web import web_frames
from channels.web.web_frames import Frame, Hello, Refusal, Said
from state import errors
from state.identity import Address, Assurance
from state.messages import Accepted, Inbound

CHANNEL = "web"
MESSAGES = (120, 60.0)  # of one visitor: at most so many within so many seconds
MESSAGES_PER_HOST = (1_200, 60.0)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Where a client starts: the frame for it, and from where live messages go on.

    `early`: ids of messages in the frame whose number is beyond the cursor, so that they are not sent twice.
    """

    visitor: Visitor
    session_id: str | None
    cursor: int
    early: frozenset[str]
    frame: Frame


def address_of(visitor_id: str) -> Address:
    """Give a visitor's address."""
    return Address(channel=CHANNEL, address=visitor_id)


class Desk:
    """Serves clients of the web chat, whatever wire they use."""

    def __init__(self, ports: Ports) -> None:
        """Keep the ports; derive the keys of the tokens."""
        self._ports = ports
        self._visitors = tokens.visitor_tokens(ports.settings)
        self._identities = tokens.identity_tokens(ports.settings)
        self._listeners: defaultdict[str, set[Callable[[], None]]] = defaultdict(set)

    def visitor_of(self, token: str | None) -> str | None:
        """Give the visitor id of a valid token."""
        return self._visitors.read(token)

    async def greet(self, hello: Hello) -> Welcome:
        """Know a client again, or as new; raises Refusal for an identity that does not hold."""
        visitor = self._visitors.open(hello.visitor)
        if hello.identity is None:
            return await self.welcome(visitor, after=hello.after)
        try:
            claims = self._identities.verify(hello.identity)
        except errors.BadInput as error:
            log.info("web_identity_refused", why=str(error))
            raise Refusal("identity_invalid", f"The sign-in was not accepted: {error}.", status=401) from None
        known = await self._ports.identify(address_of(visitor.id), claims)
        if known.visitor.address != visitor.id:
            visitor = self._visitors.mint(known.visitor.address)
        return await self.welcome(visitor, after=0 if known.reset else hello.after, reset=known.reset)

    async def moved(self, visitor_id: str) -> Welcome:
        """Greet a connected client again whose session became another one."""
        return await self.welcome(self._visitors.mint(visitor_id), after=0, reset=True)

    async def resume(self, visitor_id: str, *, after: int) -> Welcome:
        """Gather what a client missed that was greeted before."""
        return await self.welcome(self._visitors.mint(visitor_id), after=after)

    async def welcome(self, visitor: Visitor, *, after: int, reset: bool = False) -> Welcome:
        """Gather what a client missed. A cursor that cannot be ours makes it start over."""
        place = await self.place(visitor.id)
        newest = place.seq if place else 0
        reset = reset or after > newest
        after = 0 if reset else after
        messages = await self.messages(place.session_id, after) if place else []
        frame: Frame = {"type": "welcome", "visitor": visitor.token, "seq": newest, "messages": messages}
        if place:
            frame["mode"] = place.mode
        if reset:
            frame["reset"] = True
        return Welcome(
            visitor=visitor,
            session_id=place.session_id if place else None,
            cursor=newest,
            early=frozenset(str(message.get("id")) for message in messages if message.get("seq", 0) > newest),
            frame=frame,
        )

    async def place(self, visitor_id: str) -> Place | None:
        """Find the visitor's live session."""
        return await self._ports.find(address_of(visitor_id))

    async def messages(self, session_id: str, after: int) -> list[Frame]:
        """Read committed messages as a browser gets them."""
        return [web_frames.shown(message) for message in await self._ports.messages(session_id, after)]

    async def take(self, visitor_id: str, said: Said, *, host: str | None) -> Accepted:
        """Commit what a client said; raises Refusal when it says too much at once."""
        await self._throttle(f"web:{visitor_id}", MESSAGES, said)
        if host:
            await self._throttle(f"web-host:{host}", MESSAGES_PER_HOST, said)
        accepted = await self._ports.accept(
            Inbound(
                channel=CHANNEL,
                account=CHANNEL,
                provider_id=f"{visitor_id}:{said.id.lower()}",
                sender=address_of(visitor_id),
                assurance=Assurance.CHANNEL,
                text=said.text,
                choice=said.choice,
                extra={"client_id": said.id},
            )
        )
        for listener in self._listeners.get(visitor_id, ()):
            listener()
        return accepted

    def listen(self, visitor_id: str, listener: Callable[[], None]) -> Callable[[], None]:
        """Have it told whenever this visitor writes, from any tab; the callable that comes back ends it."""
        self._listeners[visitor_id].add(listener)

        def leave() -> None:
            self._listeners[visitor_id].discard(listener)
            if not self._listeners[visitor_id]:
                del self._listeners[visitor_id]

        return leave

    async def _throttle(self, key: str, limits: tuple[int, float], said: Said) -> None:
        limit, window_s = limits
        if not await self._ports.hints.allow(key, limit, window_s):
            raise Refusal("too_fast", "That was a lot at once. Please wait a moment.", status=429, id=said.id)


def ack(said: Said, accepted: Accepted) -> Frame:
    """Build the frame that says a message is committed."""
    return {"type": "ack", "id": said.id, "seq": accepted.seq}
