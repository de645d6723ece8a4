"""OpenAI Agents SDK: `needs_approval`, `interruptions`, `to_state`, `to_string`; approved, saved, run."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, RunState, Usage, function_tool, set_tracing_disabled
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

import counting

SAVED = counting.HOME / "state.json"


class Scripted(Model):
    """Asks for the refund; once there is a result, says so."""

    async def get_response(self, system_instructions: Any, input: Any, *_: Any, **__: Any) -> ModelResponse:
        """Answer by what the conversation holds already."""
        done = isinstance(input, list) and any(item.get("type") == "function_call_output" for item in input)
        text = ResponseOutputText(text="Done.", type="output_text", annotations=[])
        said = ResponseOutputMessage(
            id="m1", role="assistant", status="completed", type="message", content=[text]
        )
        asked = ResponseFunctionToolCall(
            call_id="c1", name="refund", arguments='{"invoice": "18492"}', type="function_call"
        )
        return ModelResponse(output=[said if done else asked], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        """Nobody streams here."""
        raise NotImplementedError


@function_tool(needs_approval=True)
def refund(invoice: str) -> str:
    """Refund an invoice."""
    return counting.refund(invoice)


AGENT = Agent(name="billing", model=Scripted(), tools=[refund])


async def prepare() -> None:
    """Run to the pause; approve once; save."""
    result = await Runner.run(AGENT, "please refund invoice 18492")
    state = result.to_state()
    for wanted in result.interruptions:
        state.approve(wanted)
    SAVED.write_text(state.to_string())


async def work() -> None:
    """Go on from what was saved; save what came of it."""
    state = await RunState.from_string(AGENT, SAVED.read_text())
    result = await Runner.run(AGENT, state)
    SAVED.write_text(result.to_state().to_string())


set_tracing_disabled(True)
counting.run(lambda: asyncio.run(prepare()), lambda: asyncio.run(work()))
