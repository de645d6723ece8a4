"""Slack's markup and ours: what customers wrote made harmless, what staff wrote made plain, cuts at limits. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import re2

from channels import render

_MARKUP = re2.compile(r"<((?:[@#!]|[a-z]+:)[^<>\n]*)>")


def escape(text: str) -> str:
    """Make text mean nothing to Slack: no mention rings, no link shows a false name."""
    return render.clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Undo Slack's escaping of three characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def plain(text: str) -> str:
    """Give what a person typed, from the markup that Slack made of it: links by address, no ids of colleagues."""
    return render.clean(unescape(_MARKUP.sub(lambda found: _named(found.group(1)), text))).strip()


def typed(text: str) -> str:
    """Give what a person typed where Slack adds no markup."""
    return render.clean(text).strip()


def _named(inner: str) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return f"@{label}" if label else ""
    if target.startswith("#"):
        return f"#{label}" if label else ""
    if target.startswith("!"):
        return label if target.startswith(("!date", "!subteam")) else f"@{target[1:]}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if label in {"", address, address.removeprefix("http://"), address.removeprefix("https://")}:
        return address
    return f"{label} ({address})"


def length(text: str) -> int:
    """Count as Slack may: an emoji outside the basic plane is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int) -> str:
    """Shorten to a limit, with an ellipsis when something is left out."""
    return text if length(text) <= limit else _head(text, limit - 1) + "…"


def fitted(text: str, limit: int) -> str:
    """Escape, then shorten to a limit without tearing an entity."""
    text = cut(text[: 4 * limit], limit)  # what is far too long is not even looked at
    found = escape(text)
    while length(found) > limit:
        text = cut(text, max(1, length(text) - max(1, (length(found) - limit) // 5)))
        found = escape(text)
    return found


def pieces(text: str, limit: int) -> Iterator[tuple[str, bool]]:
    """Split into pieces within a limit, at line ends where there are any.

    Each comes with whether a line ended there: joined again accordingly they are the text.
    """
    while length(text) > limit:
        head = _head(text, limit)
        at = head.rfind("\n")
        if at > 0 and head[:at].strip():
            yield text[:at], True
            text = text[at + 1 :]
        else:
            yield head, False
            text = text[len(head) :]
    yield text, False


def digest(text: str) -> str:
    """Tell texts apart by all but their spaces, which Slack may trim."""
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()[:24]


def _head(text: str, limit: int) -> str:
    head = text[:limit]
    while length(head) > limit:
        head = head[: len(head) - max(1, (length(head) - limit) // 2)]
    return head
