"""Telling staff another way when their own channel is gone: an e-mail to the address in policies.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from bot import observe
from channels.base import Channel
from channels.staff import Case
from config.policies import Policies
from state.identity import Address
from state.messages import Outbound
from state.session import Ticket

log = observe.get_logger()


class Alerts:
    """Writes to staff by e-mail. Without an address, or an e-mail channel, only the log and the figures tell."""

    def __init__(self, channels: Mapping[str, Channel], policies: Policies, public_url: str) -> None:
        """`channels`: the channels of this process, filled by the time anything is to be told."""
        self._channels = channels
        self._to = policies.alerts.email
        self._public_url = public_url

    async def tell(self, alert_id: str, ticket: Ticket, case: Case, reason: str) -> bool:
        """Tell of one ticket that its thread cannot be reached; whether it was told."""
        mail = self._channels.get("email")
        if mail is None or not self._to:
            log.error("staff_not_told", ticket=ticket.number, reason=reason)
            return False
        outbound = Outbound(
            id=alert_id,
            session_id="",
            seq=0,
            part=0,
            channel="email",
            to=Address(channel="email", address=self._to),
            text=_words(case, reason, self._public_url),
            author="system",
            kind="notice",
            ticket=case.number,
            thread={"subject": f"Staff channel unreachable: {case.subject}"},
        )
        receipt = await mail.send(outbound)
        log.warning("staff_told_by_mail", ticket=case.number, state=receipt.state)
        return receipt.state == "sent"


def _words(case: Case, reason: str, public_url: str) -> str:
    lines = [
        f"Ticket {case.number} cannot be shown in the staff's channel: {reason or 'it does not answer'}.",
        "",
        f"Subject: {case.subject}",
        f"Customer: {case.customer}, {case.known}",
        f"Wrote on: {', '.join(case.channels)}",
        f"Reason: {case.reason}",
    ]
    lines += [f"Waits for approval: {a.title}" for a in case.approvals if a.verdict is None]
    lines += ["", f"The ticket is kept; it will be shown as soon as the channel answers again. Server: {public_url}"]
    return "\n".join(lines)
