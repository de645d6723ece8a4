"""A bounce of one of our replies becomes that reply's status. Knows ours by what we wrote into them; stores no mail."""

from __future__ import annotations

import structlog

from channels.base import Ports
from channels.mail import mail_thread
from channels.mail.mail_tokens import MailTokens
from channels.mail.reading.mail_parse import Preview
from channels.mail.reading.mail_report import Report
from state.messages import StatusUpdate

LONGEST_STATUS = 12
_WAITING = frozenset({"delayed", "relayed", "expanded"})

log = structlog.get_logger()


async def fold(mail: Preview, tokens: MailTokens, ports: Ports) -> bool:
    """Fold what a bounce says; whether it speaks of a reply of ours. Automatic answers to a bounce address do not."""
    returned = next((found for to in mail.recipients if (found := tokens.bounced(to))), None)
    reports = mail.reports or ((_EMPTY,) if returned and not _TELLING.isdisjoint(mail.reasons) else ())
    ours = False
    for report in reports:
        outbox_id = returned or tokens.outbox_id(report.original_id)
        provider_id = "" if outbox_id else await _provider_id(report, ports)
        if not (outbox_id or provider_id):
            continue
        ours = True
        if status := _status(report):
            update = StatusUpdate(
                channel=mail_thread.CHANNEL,
                provider_id=provider_id,
                outbox_id=outbox_id,
                status=status,
                reason=f"bounced {report.status[:LONGEST_STATUS]}".strip() if status == "failed" else None,
            )
            await ports.status(update)
        log.info("mail_bounce", outbox=outbox_id, status=report.status[:LONGEST_STATUS], action=report.action[:12])
    return ours


# An out-of-office note also comes to the bounce address and from nobody; only its null sender makes it look like one.
_EMPTY = Report(recipient="", action="failed", status="", original_id="")
_TELLING = frozenset({"delivery report", "failed recipients", "mail system"})


async def _provider_id(report: Report, ports: Ports) -> str:
    """Give the provider's id of one of our replies, when the report names that."""
    for name in mail_thread.provider_ids(report.original_id):
        if await ports.replied(name):
            return name
    return ""


def _status(report: Report) -> str | None:
    """Say what became of the reply; None while that is open."""
    if report.action in _WAITING or report.status.startswith("4"):
        return None
    return "delivered" if report.action == "delivered" else "failed"
