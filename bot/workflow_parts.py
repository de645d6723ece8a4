"""The small parts of a workflow's steps: calls, endings, what follows a refusal, approvals, letters. Runs nothing."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Frozen, and refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolCall(Strict):
    """A tool and its arguments; `"{slot}"` and `"{fact.field}"` are filled in. `fact`: the name its result gets."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    fact: str


class Ending(Strict):
    """How a decision's outcome ends the task: the reply said, and for staff the reason of the ticket it opens.

    `say` absent: the reply that the decision names as its reason. A `handoff` reply may use `{ticket.number}`; `note`
    is the reply that staff alone read on the ticket. `ask`: the task does not end, this slot is asked for (with `say`,
    or its own question). `rest`: meanwhile the task goes on by itself, from its first step, a few times; this reply is
    said, and the task ends, when that brought no more. `sort`: the fact that holds the ticket's `priority`, `category`
    and `team`, and perhaps its `subject`. `workflow`: the one that goes on in its place, with the slots that both
    have. `outcome`: how the log calls the end; `done` for an answer.
    """

    say: str | None = None
    handoff: str | None = None
    note: str | None = None
    sort: str | None = None
    ask: str | None = None
    rest: str | None = None
    workflow: str | None = None
    outcome: Literal["refused", "done"] = "refused"


class Again(Strict):
    """What follows a write that the other side refused with a certain code: `say`, then the steps once more.

    `empty`: the slot that is asked for anew. What is then proposed needs a yes of its own.
    """

    say: str
    empty: str | None = None


class StepApproval(Strict):
    """The words of an approval by staff, and when a consented write needs one besides its tool's own limit.

    `when`: the fact that says so (`terms.is_odd`), with `review: above_limit`; `scope`: what the staff member must
    hold, where the tool's limit in policies.yaml does not say; `lines`: label → template, what they are shown.
    Replies: `why` (the rule, for staff), `say` (the customer waits), `denied`, `expired`; they may use
    `{ticket.number}`, `{approval.above}` (the tool's limit) and `{approval.why}`.
    """

    when: str | None = None
    scope: str | None = None
    why: str
    say: str
    denied: str
    expired: str
    lines: dict[str, str] = Field(default_factory=dict)

    def said(self) -> tuple[str, ...]:
        """Names of the replies it may say."""
        return tuple(self.words().values())

    def words(self) -> dict[str, str]:
        """The names of the replies by what is said with them."""
        return {"why": self.why, "say": self.say, "denied": self.denied, "expired": self.expired}


class StepLetter(Strict):
    """A letter by e-mail besides the reply. `call` looks up whom to write to, `to` is the address, `text` the reply."""

    call: ToolCall
    to: str
    text: str
