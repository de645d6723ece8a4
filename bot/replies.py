"""Words from data: a tiny template language, and the engine's own replies from replies.yaml. Decides nothing.

A template is text with `{name}`, `{fact.field}`, `{facts.0.field}` and, after a colon, a format: `money` or `date`.
`{{` is a brace.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import re2
import yaml

from config import files
from state import errors

NOT_KNOWN = "not known"
_PATH = re2.compile(r"^[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*$")
_AMOUNT = re2.compile(r"^\s*(-?[0-9]{1,15}(?:\.[0-9]{1,4})?)\s*([A-Z]{3})?\s*$")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
Scope = Mapping[str, Any]


class Missing(errors.BadInput):
    """A template names something that is not there."""


KEYS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        key: frozenset(names.split())
        for key, names in {
            "not_understood": "",
            "not_understood_again": "",
            "abilities": "",
            "ability": "title example",
            "sign_in": "",
            "step_up": "",
            "sign_in_only": "",
            "sign_in_unproven": "",
            "unproven_between": "",
            "channel_name": "",
            "code_offer": "where",
            "code_sent": "where minutes",
            "code_same": "",
            "code_limit": "",
            "code_waiting": "",
            "code_wrong": "left",
            "code_void": "",
            "code_expired": "",
            "code_text": "code where minutes",
            "linked": "where",
            "unlink_confirm": "where",
            "unlink_yes": "",
            "unlink_no": "",
            "unlink_done": "",
            "unlink_none": "",
            "ask_slot": "slot",
            "ask_again": "question",
            "ambiguous": "slot values",
            "confirm": "terms",
            "confirm_yes": "",
            "confirm_no": "",
            "confirm_again": "terms",
            "expired": "terms",
            "changed": "terms",
            "which_question": "",
            "nothing_waiting": "",
            "nothing_to_cancel": "",
            "stale_choice": "",
            "declined": "",
            "left_at_that": "",
            "batch_rest": "items",
            "batch_done": "items",
            "batch_failed": "items why",
            "batch_unknown": "items",
            "batch_untried": "items",
            "batch_too_many": "count most",
            "cancelled": "",
            "in_progress": "",
            "already_done": "",
            "done": "",
            "not_found": "",
            "action_failed": "",
            "action_refused": "message",
            "action_unknown": "",
            "action_settled_done": "",
            "action_settled_failed": "",
            "lookup_failed": "",
            "too_often": "seconds",
            "not_allowed": "",
            "model_down": "",
            "model_down_choose": "",
            "found_so_far": "found",
            "model_down_person": "ticket.number",
            "handed_over": "ticket.number",
            "still_with_staff": "ticket.number",
            "media_unreadable": "",
            "empty_message": "",
            "approval_waiting": "ticket.number",
            "approval_withdrawn": "",
            "review_all": "",
            "review_why": "approval.why",
            "review_say": "ticket.number",
            "review_denied": "ticket.number title",
            "review_expired": "title",
            "refused_limit": "",
            "refused_hours": "",
            "refused_off": "",
            "refused_version": "",
            "refused_version_person": "ticket.number",
            "handoff_nobody": "ticket.number how",
            "handoff_by_mail": "",
            "handoff_ask_mail": "ticket.number address",
            "handoff_stay": "",
            "quarantined": "ticket.number",
            "resumed": "title",
            "opted_out": "",
            "opted_in": "",
            "holding": "",
        }.items()
    }
)
"""The engine's own replies: key → the names it can use. replies.yaml must have each of them."""


def paths(template: str) -> list[str]:
    """The names a template uses, in order. Raises BadInput for anything the language does not know."""
    return [path for _, path, _ in _parts(template) if path]


def render(template: str, scope: Scope) -> str:
    """The template with its names replaced by values, in one pass: braces in a value stay text."""
    found = []
    for literal, path, form in _parts(template):
        found.append(literal)
        if path:
            found.append(FORMATS[form](*_look(path, scope)))
    return "".join(found).strip()


def fill(arguments: object, scope: Scope) -> Any:  # noqa: ANN401 - keeps the value's own type
    """Arguments of a call with their placeholders filled; one that stands alone keeps its value's type."""
    if isinstance(arguments, Mapping):
        return {key: fill(value, scope) for key, value in arguments.items()}
    if isinstance(arguments, list | tuple):
        return [fill(value, scope) for value in arguments]
    if not isinstance(arguments, str):
        return arguments
    parts = list(_parts(arguments))
    if len(parts) == 1 and parts[0][0] == "" and parts[0][1]:
        return _look(parts[0][1], scope)[0]
    return render(arguments, scope)


def pick(replies: Mapping[str, str], key: str, channel: str = "") -> str:
    """The reply for a channel (`key.whatsapp`) where there is one, else the plain one."""
    return replies.get(f"{key}.{channel}") or replies[key]


def money(value: object, currency: str | None = None) -> str:
    """`1,200.00 USD`; the currency may stand in the value."""
    if isinstance(value, Mapping):
        return money(value.get("amount"), value.get("currency"))
    found = _AMOUNT.match(str(value))
    if value is None or not found:
        return NOT_KNOWN if value is None else str(value)
    return f"{Decimal(found.group(1)):,.2f} {found.group(2) or currency or ''}".rstrip()


def day(value: object) -> str:
    """`3 March 2026`, from a date or ISO text."""
    if value is None:
        return NOT_KNOWN
    try:
        found = value if isinstance(value, date) else datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def bullets(lines: Iterable[str]) -> str:
    """The lines as a list."""
    return "\n".join(f"• {line}" for line in lines)


def plain(value: object) -> str:
    """The value as text; lists with commas."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(plain(one) for one in value)
    return str(value)


FORMATS: Mapping[str, Callable[[Any, Any], str]] = MappingProxyType(
    {
        "": lambda value, _: plain(value),
        "money": money,
        "date": lambda value, _: day(value),
    }
)
"""What may stand after the colon. Each takes the value and the currency beside it."""


def load(path: Path) -> Mapping[str, str]:
    """Read replies.yaml. Raises BadInput naming the key and what is wrong with it."""
    try:
        data = files.parsed(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise errors.BadInput(f"{path.name}: {str(error).splitlines()[0]}") from error
    if not isinstance(data, dict):
        raise errors.BadInput(f"{path.name}: must be a table of key: text")
    for problem in _problems(data):
        raise errors.BadInput(f"{path.name}: {problem}")
    return MappingProxyType({key: str(text).strip() for key, text in data.items()})


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    for key in KEYS:
        if not data.get(key):
            yield f"{key}: missing"
    for key, text in data.items():
        plain_key = str(key).split(".", maxsplit=1)[0]
        if plain_key not in KEYS:
            yield f"{key}: the engine has no reply of this name"
        elif not isinstance(text, str):
            yield f"{key}: must be text in quotes"
        else:
            yield from (f"{key}: {problem}" for problem in template_problems(text, KEYS[plain_key]))


def template_problems(template: str, known: frozenset[str]) -> Iterator[str]:
    """What is wrong with a template that may use these names (a known name covers the fields below it)."""
    try:
        used = paths(template)
    except errors.BadInput as error:
        yield str(error)
        return
    for path in used:
        steps = path.split(".")
        if not any(".".join(steps[:n]) in known for n in range(1, len(steps) + 1)):
            yield f"{{{path}}} is not known here" + (f" (known: {', '.join(sorted(known))})" if known else "")


def _parts(template: str) -> Iterator[tuple[str, str, str]]:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise errors.BadInput(f"a brace is not closed or not opened ({error}); write {{{{ for a brace") from error
    for literal, path, form, conversion in parts:
        if path is None:
            yield literal, "", ""
            continue
        if conversion or not _PATH.match(path):
            raise errors.BadInput(f"{{{path}}} is not a name; write {{{{ for a brace")
        if form not in FORMATS:
            raise errors.BadInput(f"{{{path}:{form}}}: unknown format {form!r}; there are money and date")
        yield literal, path, form or ""


def _look(path: str, scope: Scope) -> tuple[Any, Any]:
    """The value at a path, and the currency that stands beside it."""
    value: Any = scope
    beside: Any = None
    for name in path.split("."):
        beside = value.get("currency") if isinstance(value, Mapping) else None
        value = _field(value, name, path)
        if value is None:
            return None, beside
    return value, beside


def _field(value: object, name: str, path: str) -> Any:  # noqa: ANN401 - whatever stands there
    if isinstance(value, Mapping) and name in value:
        return value[name]
    if isinstance(value, list | tuple) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    raise Missing(f"nothing is known as {{{path}}}")
