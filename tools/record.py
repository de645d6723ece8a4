"""What is put on record of one call: its outcome and its lines of the audit trail. Calls nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from state.session import Action
from tools.attempts import Tried
from tools.base import Audit, Caller, Outcome, Tool

JSON = dict[str, Any]
State = Literal["succeeded", "failed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every outcome and audit line of one call shares. `policy`: the version of the policies that decide."""

    tool: str
    version: int
    caller: Caller
    policy: str
    action: str | None = None
    confirmation: str | None = None
    started: float = field(default_factory=time.monotonic)

    def end(
        self,
        state: State,
        tried: Tried,
        *,
        arguments: JSON,
        shown: JSON | None = None,
        verdict: str = "allowed",
        cached: bool = False,
    ) -> Outcome:
        """The outcome with its audit line. `shown`: the arguments without those that came from the session."""
        ms = round((time.monotonic() - self.started) * 1000)
        said = tried.result if state == "succeeded" else tried.reason
        line = self.audit(arguments, verdict=verdict, result=said)
        line = replace(line, ms=ms, attempts=tried.attempts, cached=cached)
        return Outcome(
            tool=self.tool,
            version=self.version,
            state=state,
            arguments=arguments if shown is None else shown,
            result=tried.result if state == "succeeded" else None,
            reason="" if state == "succeeded" else tried.reason,
            message=tried.message,
            code=tried.code,
            ms=ms,
            attempts=tried.attempts,
            after=tried.after,
            cached=cached,
            audit=(line,),
        )

    def audit(self, arguments: JSON, *, verdict: str, result: Any = None) -> Audit:  # noqa: ANN401  JSON
        """One line of the audit trail."""
        return Audit(
            actor=self.caller.actor,
            user_id=self.caller.user_id,
            session_id=self.caller.session_id,
            tool=f"{self.tool}@{self.version}",
            arguments=arguments,
            verdict=verdict,
            result=result,
            confirmation=self.confirmation,
            action=self.action,
            policy=self.policy,
        )


def begin(name: str, version: int | None, tool: Tool | None, caller: Caller, policy: str) -> Record:
    """A call of a tool that may not exist; an invented name is cut to a bearable length."""
    if tool is None:
        return Record(tool=name[:64], version=version or 0, caller=caller, policy=policy)
    return Record(tool=tool.name, version=tool.version, caller=caller, policy=policy)


def of_action(action: Action, caller: Caller, confirmation: str | None, policy: str) -> Record:
    """The call of a write that was proposed."""
    return Record(
        tool=action.tool,
        version=action.version,
        caller=caller,
        action=action.id,
        confirmation=confirmation,
        policy=policy,
    )
