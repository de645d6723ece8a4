"""Which attachments of a mail are kept as files, by their number, size and kind. Pure; opens none of them.

The raw mail is kept whatever comes out here; what is over a limit is named with `kept: false`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from channels.mail.reading.mail_parse import Attachment

MOST = 20
MOST_BYTES = 25_000_000
# What runs on somebody's machine when it is opened. By name, since a sender chooses the content type.
PROGRAMS = frozenset({
    "app", "bat", "cmd", "com", "cpl", "dll", "exe", "hta", "iso", "img", "jar", "js", "jse", "lnk", "msi", "msp",
    "mst", "ps1", "pif", "reg", "scr", "sct", "sh", "svg", "vb", "vbe", "vbs", "vhd", "vhdx", "wsc", "wsf", "wsh",
    "xll",
})  # fmt: skip


def media(attachments: Iterable[Attachment]) -> tuple[dict[str, Any], ...]:
    """Describe the attachments, in their order."""
    found: list[dict[str, Any]] = []
    total = 0
    for attachment in attachments:
        total += attachment.size
        found.append(
            {
                "name": attachment.name,
                "content_type": attachment.kind,
                "size": attachment.size,
                "number": attachment.number,
                "inline": attachment.inline,
                "kept": len(found) < MOST and total <= MOST_BYTES and not _is_program(attachment.name),
            }
        )
    return tuple(found)


def _is_program(name: str) -> bool:
    return name.rpartition(".")[2].strip().lower() in PROGRAMS
