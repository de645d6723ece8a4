"""The mailboxes: what arrives in them, what their owners send, and what their servers send back by themselves."""

import base64
import binascii
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from playground import deliveries, http, mail_clients, mail_rows, mail_travel, records
from playground.deliveries import Delivery
from playground.mail_clients import Draft
from playground.mail_post import MailPoster
from playground.mail_rows import BOUNCED, RECEIVED, SENT, Mail
from playground.mail_styles import CLIENTS
from playground.options import Options
from playground.store import Store

Json = dict[str, Any]
HABITS = ("bounce", "reject", "holiday", "holiday_to")


class Boxes:
    """All mailboxes; a mail and the journey that it begins are stored together."""

    def __init__(self, store: Store, settings: Options, post: MailPoster) -> None:
        self._store = store
        self._settings = settings
        self._post = post

    async def keep(self, content: bytes, sender: str, recipients: Sequence[str]) -> None:
        """Put a mail of the bot into each recipient's box, and let the boxes answer as they do."""

        def work(db: sqlite3.Connection) -> list[int]:
            caused: list[int] = []
            for recipient in dict.fromkeys(recipients):
                caused += self._arrive(db, content, sender, recipient)
            return caused

        for number in await self._store.write(work):
            self._post.begin(number)
        self._post.ring()

    def _arrive(self, db: sqlite3.Connection, content: bytes, sender: str, recipient: str) -> list[int]:
        box = recipient.lower()
        habits = mail_rows.habits(db, box)
        raw = mail_travel.received(content, sender=sender, recipient=recipient)
        kind = habits.get("bounce")
        way = BOUNCED if kind == mail_travel.HARD else RECEIVED
        mail_rows.add(db, self._row(box, way, raw, sender=sender, recipient=recipient))
        caused: list[int] = []
        if kind and sender:  # a mail without a sender is never answered with a bounce
            report = mail_travel.bounce(content, sender=sender, recipient=recipient, kind=str(kind))
            caused.append(self._leave(db, "", report, sender="", recipient=sender, auth="pass"))
        if habits.get("holiday") and way == RECEIVED:
            whom = sender if habits.get("holiday_to") == "envelope" else ""
            note = mail_travel.holiday(content, box=_named(box), text=str(habits["holiday"]), to=whom)
            whom = mail_clients.first_address(str(mail_rows.parse(note)["To"] or ""))
            caused.append(self._leave(db, box, note, sender="", recipient=whom, auth="pass"))
        return caused

    async def compose(self, wanted: Json) -> Json:
        """Write a new mail from a box."""
        box = _box(wanted)
        draft = self._draft(wanted, box, to=str(wanted.get("to") or self._settings.email_address))
        return await self._send(_written(draft), wanted, box)

    async def reply(self, wanted: Json) -> Json:
        """Answer a mail of a box as the owner's program does: `mail` is its number."""
        mail = await self._known(wanted)
        original = mail_rows.parse(mail.raw)
        to = str(wanted.get("to") or mail_clients.answer_to(original))
        subject = str(wanted.get("subject") or mail_clients.subject_of(original, _client(wanted)))
        draft = self._draft({**wanted, "subject": subject}, mail.box, to=to)
        draft = replace(draft, original=original, quote=wanted.get("quote", True) is not False)
        return await self._send(_written(draft), wanted, mail.box)

    async def raw(self, wanted: Json) -> Json:
        """Send any bytes at all as a mail: `raw` as text or `base64`."""
        try:
            content = base64.b64decode(str(wanted.get("base64") or ""), validate=True)
        except binascii.Error:
            raise http.bad_request("base64 is not base64") from None
        content = content or str(wanted.get("raw") or "").replace("\r\n", "\n").replace("\n", "\r\n").encode()
        if not content:
            raise http.bad_request("send raw or base64")
        return await self._send(content, wanted, str(wanted.get("box") or "").lower())

    async def again(self, wanted: Json) -> Json:
        """Bring a mail once more, exactly as it was: `delivery` is the number of its journey."""
        number = http.whole(wanted, "delivery", default=0, least=0)
        copies = http.whole(wanted, "copies", default=1, least=1, most=50)
        found = await self._store.read(lambda db: deliveries.get(db, number))
        if found is None or found.part != "mail":
            raise http.failure(404, "delivery_not_found", "There is no such delivery.")
        receipts = [await self._post.send(found) for _ in range(copies)]
        return {"status": receipts[-1].status, "reason": receipts[-1].reason, "text": receipts[-1].text}

    async def habits(self, wanted: Json) -> Json:
        """Set what happens to mail for a box: it bounces, is rejected, a holiday note goes back; null ends a habit."""
        box = _box(wanted)
        changes = {name: wanted[name] for name in HABITS if name in wanted}
        if changes.get("bounce") not in {None, mail_travel.HARD, mail_travel.SOFT}:
            raise http.bad_request("bounce is hard, soft or null")
        kept = await self._store.write(lambda db: mail_rows.set_habits(db, box, changes))
        return {"box": box, "habits": kept}

    async def seen(self, wanted: Json) -> Json:
        """Mark a mail as read by its owner."""
        mail = await self._known(wanted)
        await self._store.write(lambda db: mail_rows.mark_seen(db, mail.n))
        self._post.ring()
        return {"mail": mail.n}

    async def _send(self, raw: bytes, wanted: Json, box: str) -> Json:
        author = mail_clients.first_address(mail_rows.header(mail_rows.parse(raw), "From")).lower()
        envelope = wanted.get("envelope_from")
        sender = str(envelope if envelope is not None else box or author)
        recipient = str(wanted.get("envelope_to") or self._recipient(raw))
        auth = str(wanted.get("auth") or ("pass" if author == box else "fail"))
        keep, own = bool(wanted.get("keep_results")), wanted.get("results")

        def work(db: sqlite3.Connection) -> int:
            return self._leave(db, box, raw, sender=sender, recipient=recipient, auth=auth, keep=keep, results=own)

        number = await self._store.write(work)
        tried = self._post.begin(number, copies=http.whole(wanted, "copies", default=1, least=1, most=50))
        if wanted.get("wait", True) is not False:
            await tried
        return await self._store.read(lambda db: _journey(db, number))

    def _leave(
        self,
        db: sqlite3.Connection,
        box: str,
        raw: bytes,
        *,
        sender: str,
        recipient: str,
        auth: str,
        keep: bool = False,
        results: object = None,
    ) -> int:
        """Store a mail that leaves for the bot, as its owner has it and as the bot gets it."""
        authserv = self._settings.email_authserv_id or mail_travel.AUTHSERV
        found = mail_travel.verdict(raw, sender=sender, auth=auth, authserv=authserv)
        verdict = found if results is None else str(results)
        body = mail_travel.arrived(
            raw, sender=sender, recipient=recipient, verdict=verdict, authserv=authserv, keep=keep
        )
        row = self._row(box, SENT, raw, sender=sender, recipient=recipient)
        about = {"sender": sender, "recipient": recipient, "box": box, "auth": auth}
        delivery = deliveries.add(
            db,
            Delivery(
                kind="mail", id=row.message_id, type="message/rfc822", body=body, at=row.at, headers={}, about=about
            ),
        )
        mail_rows.add(db, replace(row, delivery=delivery.n, seen=True))
        return delivery.n

    def _row(self, box: str, way: str, raw: bytes, *, sender: str, recipient: str) -> Mail:
        name = mail_rows.message_id(raw)
        return Mail(box=box, way=way, sender=sender, recipient=recipient, message_id=name, raw=raw, at=time.time())

    def _recipient(self, raw: bytes) -> str:
        """Return whom a mail is for: an address of the bot if one is named, else the first."""
        message = mail_rows.parse(raw)
        named = [mail_rows.header(message, name) for name in ("To", "Cc")]
        found = [address for field in named for address in mail_clients.addresses(field)]
        own = self._settings.email_address.lower().rpartition("@")
        for address in found:
            local, _, domain = address.lower().rpartition("@")
            if domain == own[2] and local.partition("+")[0] == own[0]:
                return address
        return found[0] if found else self._settings.email_address

    def _draft(self, wanted: Json, box: str, *, to: str) -> Draft:
        return Draft(
            sender=str(wanted.get("from") or _named(box, wanted.get("name"))),
            to=to,
            cc=str(wanted.get("cc") or ""),
            subject=str(wanted.get("subject") or ""),
            text=str(wanted.get("text") or ""),
            html=wanted.get("html"),
            client=_client(wanted),
            attachments=[each for each in http.listed(wanted, "attachments") if isinstance(each, dict)],
            headers=http.mapping(wanted, "headers"),
        )

    async def _known(self, wanted: Json) -> Mail:
        number = http.whole(wanted, "mail", default=0, least=0)
        found = await self._store.read(lambda db: mail_rows.get(db, number))
        if found is None:
            raise http.failure(404, "mail_not_found", "There is no such mail.")
        return found


def _box(wanted: Json) -> str:
    box = str(wanted.get("box") or "").strip().lower()
    if "@" not in box:
        raise http.bad_request("say whose mailbox: box")
    return box


def _client(wanted: Json) -> str:
    name = str(wanted.get("client") or "plain")
    if name not in CLIENTS:
        raise http.bad_request(f"client must be one of: {', '.join(CLIENTS)}")
    return name


def _named(box: str, name: object = None) -> str:
    known = next((c.name for c in records.CUSTOMERS.values() if c.email == box), "")
    return mail_clients.named(str(name or known), box)


def _written(draft: Draft) -> bytes:
    try:
        return mail_clients.write(draft)
    except ValueError as error:
        raise http.bad_request(f"no mail program writes this: {error}") from None


def _journey(db: sqlite3.Connection, number: int) -> Json:
    delivery = deliveries.get(db, number)
    mails = [mail for mail in mail_rows.listing(db) if mail.delivery == number]
    if delivery is None or not mails:
        raise http.failure(410, "reset", "The playground was reset meanwhile.")
    return {"mail": mail_rows.show(mails[0]), "delivery": deliveries.show(delivery, whole=False)}
