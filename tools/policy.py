"""Who may use which tool, before any model is asked and again before anything is done. Pure: no clock, no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.base import SYSTEM, Caller, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a call is allowed. `reason`: one word for counters; `message`: words for a person or a model."""

    allowed: bool
    reason: str = ""
    message: str = ""


ALLOWED = Verdict(allowed=True, reason="allowed")


def unknown(name: str) -> Verdict:
    """The verdict on a tool that does not exist, or must look as if it did not."""
    return Verdict(allowed=False, reason="unknown_tool", message=f"there is no tool named {name[:64]!r}")


def allow(tool: Tool, caller: Caller) -> Verdict:
    """The first rule that objects, or ALLOWED."""
    for rule in RULES:
        verdict = rule(tool, caller)
        if verdict is not None:
            return verdict
    return ALLOWED


def _visible(tool: Tool, caller: Caller) -> Verdict | None:
    """Internal tools exist for the engine's own calls alone."""
    return unknown(tool.name) if tool.internal and caller.actor != SYSTEM else None


def _scopes(tool: Tool, caller: Caller) -> Verdict | None:
    if tool.scopes <= caller.scopes:
        return None
    missing = ", ".join(sorted(tool.scopes - caller.scopes))
    return Verdict(allowed=False, reason="scope", message=f"{tool.name} needs the scope {missing}")


def _step(tool: Tool, caller: Caller) -> Verdict | None:
    if caller.tools is None or tool.name in caller.tools:
        return None
    return Verdict(allowed=False, reason="step", message=f"{tool.name} is not used at this point of the task")


def _assurance(tool: Tool, caller: Caller) -> Verdict | None:
    if caller.assurance.covers(tool.assurance):
        return None
    message = f"{tool.name} needs a proven identity ({tool.assurance.value}); this one is {caller.assurance.value}"
    return Verdict(allowed=False, reason="assurance", message=message)


def _customer(tool: Tool, caller: Caller) -> Verdict | None:
    if caller.customer_id or not tool.needs_customer:
        return None
    return Verdict(allowed=False, reason="customer", message=f"{tool.name} needs a known customer; this person is not")


RULES: tuple[Callable[[Tool, Caller], Verdict | None], ...] = (_visible, _scopes, _step, _assurance, _customer)
"""Every rule, in the order in which they may object."""
