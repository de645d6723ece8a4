"""What no honest Slack would send, and what an honest one sends at the wrong time. For tests; people do none of it."""

import time
from typing import Any

import orjson

from playground import deliveries, http, slack_wire
from playground.deliveries import Delivery
from playground.slack_acts import shown
from playground.slack_socket import Receipt
from playground.world import World

Json = dict[str, Any]


class Wild:
    """Raw, replayed and held requests, and sockets that break."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    async def raw(self, wanted: Json) -> Json:
        """Post any `body` (or `json`, or a form's `payload`), signed unless `signature` says otherwise.

        `signature`: `wrong`, `none` or the value itself. `timestamp` is the header's value, `headers` are added last;
        one that is null is left out.
        """
        body, content_type = _body(wanted)
        delivery = Delivery(
            kind="raw", id="raw", type=content_type, body=body, at=time.time(), headers={}, about={}, state="raw"
        )
        headers = self._world.slack.headers(delivery, timestamp=str(wanted.get("timestamp") or ""))
        headers |= _signature(str(wanted.get("signature") or ""), headers["X-Slack-Signature"])
        changes = http.mapping(wanted, "headers")
        kept = {name: value for name, value in {**headers, **changes}.items() if value is not None}
        receipt = await self._world.slack.post(body, {name: str(value) for name, value in kept.items()})
        return _shown(receipt)

    async def replay(self, wanted: Json) -> Json:
        """Send an old request again exactly as it was; `fresh` signs it anew, `retry` adds the retry headers."""
        delivery = await self._known(wanted)
        headers = dict(delivery.headers)
        if wanted.get("fresh") or not headers:
            number, reason = int(wanted.get("retry") or 0), str(wanted.get("reason") or "http_timeout")
            headers = self._world.slack.headers(delivery, number=number, reason=reason)
        copies = http.whole(wanted, "copies", default=1, least=1, most=50)
        receipts = [await self._world.slack.post(delivery.body, headers) for _ in range(copies)]
        return _shown(receipts[-1])

    async def release(self, wanted: Json) -> Json:
        """Bring an event that an act held back with `hold`."""
        delivery = await self._known(wanted)
        if not await self._world.slack.release(delivery.n):
            raise http.failure(409, "not_held", "This delivery is not held back.")
        return {"deliveries": await shown(self._world, [delivery])}

    async def disconnect(self, wanted: Json) -> Json:
        """End the app's sockets: `reason` is warning, refresh_requested, link_disabled, or dropped without a word."""
        return {"closed": await self._world.slack.sockets.disconnect(str(wanted.get("reason") or "refresh_requested"))}

    async def _known(self, wanted: Json) -> Delivery:
        number = http.whole(wanted, "delivery", default=0, least=0)
        found = await self._store.read(lambda db: deliveries.get(db, number))
        if found is None or found.part != "slack":
            raise http.failure(404, "delivery_not_found", "There is no such delivery.")
        return found


def _body(wanted: Json) -> tuple[bytes, str]:
    given = str(wanted.get("type") or "")
    if "payload" in wanted:
        delivery = slack_wire.interaction({"trigger_id": "", **http.mapping(wanted, "payload")}, about={})
        return delivery.body, given or slack_wire.FORM
    if "json" in wanted:
        return orjson.dumps(wanted["json"]), given or slack_wire.JSON
    if "hex" in wanted:
        return bytes.fromhex(str(wanted["hex"])), given or slack_wire.JSON
    return str(wanted.get("body") or "").encode(), given or slack_wire.JSON


def _signature(asked: str, right: str) -> dict[str, Any]:
    if asked == "none":
        return {"X-Slack-Signature": None}
    if asked == "wrong":
        return {"X-Slack-Signature": right[:-1] + ("0" if right[-1] != "0" else "1")}
    return {"X-Slack-Signature": asked or right}


def _shown(receipt: Receipt) -> Json:
    return {"status": receipt.status, "reason": receipt.reason, "text": receipt.text}
