"""A reply put into an approved template, where free text may not be sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels import render
from config.templates import Template
from state.messages import Choice

LIMIT = 1_024  # with the variables filled in
UNKNOWN_BODY = 400  # room left for the template's own words, when nobody told them to us
NO_TICKET = "-"  # a variable may not be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A template with its variables. `shown`: what the person reads; `whole`: nothing was cut."""

    sid: str
    variables: dict[str, str]
    shown: str
    whole: bool

    @property
    def template(self) -> dict[str, Any]:
        """As it stands in the event."""
        return {"sid": self.sid, "variables": self.variables}


def fill(template: Template, text: str, choices: Sequence[dict[str, Any]], ticket: int | None) -> Filled:
    """Put a text with its choices into a template; what does not fit is cut with a mark, in one line each."""
    offered = [Choice(label=c["label"], value=c["value"]) for c in choices]
    line = " ".join(render.numbered(render.whatsapp(text), offered).split())
    number = str(ticket) if ticket is not None else NO_TICKET
    room = LIMIT - render.measure(_shown(template, _variables(template, "", number))) - _missing(template)
    cut = _cut(line, max(2, room // max(1, _uses(template))))
    variables = {name: value or NO_TICKET for name, value in _variables(template, cut, number).items()}
    shown = _shown(template, variables) if template.body else cut
    return Filled(sid=template.sid, variables=variables, shown=shown, whole=cut == line and _uses(template) > 0)


def _variables(template: Template, text: str, ticket: str) -> dict[str, str]:
    return {
        name: " ".join(value.format(text=text, ticket=ticket).split()) for name, value in template.variables.items()
    }


def _shown(template: Template, variables: dict[str, str]) -> str:
    """The template's words with the variables in their places; each place is filled once, so that no value is."""
    found, rest = [], template.body
    while (start := rest.find("{{")) >= 0 and (end := rest.find("}}", start)) >= 0:
        found += [rest[:start], variables.get(rest[start + 2 : end].strip(), "")]
        rest = rest[end + 2 :]
    return "".join([*found, rest])


def _missing(template: Template) -> int:
    return 0 if template.body else UNKNOWN_BODY


def _uses(template: Template) -> int:
    """How often the text stands in the whole."""
    names = [name for name, value in template.variables.items() if "{text}" in value]
    if not template.body:
        return len(names)
    return sum(template.body.count(f"{{{{{name}}}}}") for name in names)


def _cut(line: str, limit: int) -> str:
    if render.measure(line) <= limit:
        return line
    return render.split(line, max(2, limit - 1))[0] + "…"
