"""Workflows as data: the schema of config/workflows/*.yaml and its loader. Runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from state import errors

Setter = Literal["user", "tool", "policy", "staff", "session"]
SlotType = Literal["invoice_id", "order_id", "id", "amount", "date", "email", "choice", "yes_no", "text"]
StepKind = Literal["classify", "retrieve", "decide", "act", "verify"]


class Strict(BaseModel):
    """Frozen, and refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Slot(Strict):
    """One typed value of a task. `set_by`: who may set it (what a model proposes counts as the user's word).

    `remember`: may be taken from what the conversation was last about. `aliases`: other names accepted for it. `ask`: the reply
    template that asks for it. `choices`: value → label, for type choice. `pattern`: a RE2 pattern for type id.
    """

    type: SlotType = "text"
    set_by: tuple[Setter, ...] = ("user",)
    ask: str | None = None
    choices: dict[str, str] = Field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    remember: bool = False
    default: Any = None
    pattern: str | None = None
    description: str = ""


class ToolCall(Strict):
    """A tool and its arguments; `"{slot}"` and `"{fact.field}"` are filled in. `fact`: the name its result gets."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    fact: str


class Step(Strict):
    """One step. Every turn runs the steps from the first on; each does its work or asks for what it needs and stops.

    needs: slots that must be set first (asked for in this order).
    retrieve: `calls` are looked up into facts. `missing`: fact → template said when the answer is empty or "not found" (ends the task).
    classify: `decision` names a pure function that sets slots from the text and facts.
    decide: `decision` names a pure function in bot.decisions; `outcomes`: outcome → template that ends the task as refused;
    an outcome without a row goes on. `slot` receives the outcome.
    act: `calls[0]` is a transact tool. `confirm`: template of the exact terms. `consent`: slot that turns "confirmed".
    verify: `calls` read back; `say`: template of the final message.
    """

    name: str
    kind: StepKind
    needs: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    decision: str | None = None
    slot: str | None = None
    missing: dict[str, str] = Field(default_factory=dict)
    outcomes: dict[str, str] = Field(default_factory=dict)
    confirm: str | None = None
    consent: str | None = None
    say: str | None = None
    handoff: str | None = None


class Workflow(Strict):
    """One kind of task. With only `name` and `examples` it is valid and routes (a person takes it)."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    title: str = ""
    goal: str = ""
    examples: tuple[str, ...] = ()
    slots: dict[str, Slot] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    replies: dict[str, str] = Field(default_factory=dict)
    limits: dict[str, Any] = Field(default_factory=dict)
    tools: tuple[str, ...] = ()
    routing: Literal["single", "two_stage"] | None = None
    needs_customer: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for step in self.steps:
            unknown = [n for n in step.needs if n not in self.slots]
            if unknown:
                raise ValueError(f"step {step.name!r} needs unknown slot {unknown[0]!r}")
            for template in (*step.missing.values(), *step.outcomes.values(), step.confirm, step.say):
                if template and template not in self.replies:
                    raise ValueError(f"step {step.name!r} names reply {template!r}, which is not in replies")
        for name, slot in self.slots.items():
            if slot.ask and slot.ask not in self.replies:
                raise ValueError(f"slot {name!r} asks with reply {slot.ask!r}, which is not in replies")
            if slot.type == "choice" and not slot.choices:
                raise ValueError(f"slot {name!r} is a choice without choices")
        return self


def load(folder: Path) -> dict[str, Workflow]:
    """Read every *.yaml of a folder, by name. Raises BadInput naming the file and what is wrong with it."""
    found: dict[str, Workflow] = {}
    for path in sorted(folder.glob("*.yaml")):
        workflow = _read(path)
        if workflow.name in found:
            raise errors.BadInput(f"{path.name}: a workflow named {workflow.name!r} exists already")
        found[workflow.name] = workflow
    if not found:
        raise errors.BadInput(f"{folder}: no workflow (*.yaml) found; set CONFIG_DIR to a folder that has workflows/")
    return found


def _read(path: Path) -> Workflow:
    try:
        return Workflow.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise errors.BadInput(f"{path.name}: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise errors.BadInput(f"{path.name}: {where}: {first['msg']}") from error
