"""One exchange with a model in one turn: what it is shown, what it costs, how often it was wrong. Follows no call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import orjson

from bot import metrics, observe
from bot.answers import Said
from bot.draft import Draft
from bot.models.base import Call, Line, ModelDown, Prompt, Reply
from bot.models.guarded import Attempt
from bot.parts import Parts
from state import events as ev
from state import faults

SHORTEST_S = 0.1
INVENTED = "(invented)"
log = observe.get_logger()


@dataclass(slots=True, kw_only=True)
class Talk:
    """The exchange so far. `lines`: what the model sees, of which `recorded` are in the log; `seen`: calls made."""

    draft: Draft
    parts: Parts
    prompt: Prompt
    said: Said
    lines: list[Line]
    recorded: int = 0
    strikes: int = 0
    seen: set[bytes] = field(default_factory=set)

    def take(self, reply: Reply, most: int) -> tuple[Call, ...]:
        """Put the first calls of an answer into what the model sees next, and what goes with them. Gives those calls.

        Each of them needs a result: a provider refuses a conversation in which a call has none.
        """
        calls = reply.calls[:most]
        if len(calls) > 1:
            more = f"{len(reply.calls) - 1} more at once were not carried out"
            self.draft.emit(ev.ToolRefused(tool=self._shown(calls[0].name), reason="together", message=more))
        if reply.items:
            self.lines.append(Line(role="assistant", items=reply.items))
        self.lines += [Line(role="call", call=call) for call in calls]
        return calls

    def answer(self, call: Call, result: object) -> None:
        """Put a call's result at the end of what the model sees next."""
        self.lines.append(Line(role="result", call=call, text=orjson.dumps(result, default=str).decode()))

    def refuse(self, call: Call, reason: str, text: str) -> None:
        """Refuse a call: on record, counted, and said to the model."""
        self.strikes += 1
        shown = self._shown(call.name)
        self.draft.emit(ev.ToolRefused(tool=shown, reason=reason, message=text))
        if reason == "unknown_tool":
            metrics.tool_invented()
        elif reason == "invalid":
            metrics.schema_failed(shown, "arguments")
        else:
            metrics.policy_blocked(shown, reason)
        self.answer(call, {"error": text})

    def _shown(self, name: str) -> str:
        """The name of a tool or workflow; one that a model made up is neither logged nor counted by name."""
        return name if name in self.parts.workflows or self.parts.gateway.catalog.get(name) else INVENTED

    def is_repeated(self, call: Call) -> bool:
        """Whether this very call was made in this turn already."""
        key = orjson.dumps([call.name, call.arguments, call.raw], option=orjson.OPT_SORT_KEYS)
        if key in self.seen:
            return True
        self.seen.add(key)
        return False

    async def ask(self) -> Reply:
        """One model call, each of its attempts on record. Raises ModelDown, ModelWrong, ModelRefused."""
        timeout = patience(self.parts)
        if timeout < SHORTEST_S:
            raise ModelDown("no time is left in this turn for the model")
        attempts: list[Attempt] = []
        model = self.parts.model.listening(attempts.append)
        try:
            with observe.step("model"):
                return await model.plan(replace(self.prompt, lines=tuple(self.lines)), timeout=timeout)
        finally:
            for attempt in attempts:
                self._note(attempt)
            faults.point("model.called")

    def _note(self, attempt: Attempt) -> None:
        """Put an attempt on record: with its prompt in the session's log, without it in log lines and figures."""
        offline = attempt.backend == self.parts.offline.name
        called = ev.ModelCalled(
            backend=attempt.backend,
            model=attempt.model or (attempt.backend if offline else self.parts.settings.openai_model),
            prompt_version=attempt.prompt_version,
            outcome=attempt.outcome,
            ms=attempt.ms,
            tokens_in=attempt.usage.tokens_in,
            tokens_out=attempt.usage.tokens_out,
            prompt="" if offline else self._new_lines(),
        )
        self.draft.emit(called)
        _count(called, configured=attempt.backend if offline else self.parts.settings.openai_model)
        if not offline:
            log.info(
                "model_called",
                backend=called.backend,
                model=called.model,
                prompt_version=called.prompt_version,
                outcome=called.outcome,
                attempt=attempt.number,
                ms=called.ms,
                tokens_in=called.tokens_in,
                tokens_out=called.tokens_out,
                reason=attempt.detail,
            )

    def _new_lines(self) -> str:
        """What no record of this turn has yet of the prompt; its stable part is named by its version."""
        first, self.recorded = self.recorded, len(self.lines)
        if first == len(self.lines):
            return ""
        whole = {} if first else {"situation": self.prompt.situation, "allowed": self.prompt.allowed}
        return orjson.dumps({**whole, "lines": self.lines[first:]}).decode()


def patience(parts: Parts) -> float:
    """What a model call may take: what the turn has left, without what going on without a model would need."""
    tuning = parts.settings.tuning
    reserve = max(tuning.turn_deadline_s - tuning.model_total_s, tuning.turn_deadline_s / 10)
    return min(tuning.model_total_s, parts.time_left(tuning.turn_deadline_s) - reserve)


def _count(called: ev.ModelCalled, *, configured: str) -> None:
    """Count under the configured name: what a server calls itself is not ours to make labels of."""
    metrics.model_called(called.backend, configured, called.outcome, called.ms / 1000)
    if called.tokens_in or called.tokens_out:
        metrics.tokens_used(called.backend, configured, read=called.tokens_in, written=called.tokens_out)
