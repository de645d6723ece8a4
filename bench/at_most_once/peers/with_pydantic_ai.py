"""pydantic-ai: `requires_approval`, `DeferredToolRequests`, the history and the approvals saved; a new run with both."""

from __future__ import annotations

import json

from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, ModelMessagesTypeAdapter
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

import counting

HISTORY, APPROVED = counting.HOME / "history.json", counting.HOME / "approved.json"


def scripted(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    """Ask for the refund; once there is a result, say so."""
    done = any(isinstance(part, ToolReturnPart) for message in messages for part in message.parts)
    asked = ToolCallPart(tool_name="refund", args={"invoice": "18492"}, tool_call_id="c1")
    return ModelResponse(parts=[TextPart("Done.") if done else asked])


AGENT = Agent(FunctionModel(scripted), output_type=[str, DeferredToolRequests])


@AGENT.tool_plain(requires_approval=True)
def refund(invoice: str) -> str:
    """Refund an invoice."""
    return counting.refund(invoice)


def prepare() -> None:
    """Run to the pause; approve once; save."""
    result = AGENT.run_sync("please refund invoice 18492")
    assert isinstance(result.output, DeferredToolRequests)
    HISTORY.write_bytes(result.all_messages_json())
    APPROVED.write_text(json.dumps([call.tool_call_id for call in result.output.approvals]))


def work() -> None:
    """Go on from what was saved; save what came of it."""
    results = DeferredToolResults(approvals=dict.fromkeys(json.loads(APPROVED.read_text()), True))
    history = ModelMessagesTypeAdapter.validate_json(HISTORY.read_bytes())
    result = AGENT.run_sync(message_history=history, deferred_tool_results=results)
    HISTORY.write_bytes(result.all_messages_json())


counting.run(prepare, work)
