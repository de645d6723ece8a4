"""LangGraph: `interrupt`, a SQLite checkpointer, `Command(resume=…)`; after a crash the same job is done again.

Three graphs, by the third word of the command line: the refund `after` the question in one node, in a node of its `own`
behind the one that asks, or `before` the question. Every step is saved before the next begins (durability "sync").
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

import counting

if TYPE_CHECKING:
    from collections.abc import Iterator

THREAD = {"configurable": {"thread_id": "t1"}}
SHAPE = sys.argv[3]


class State(TypedDict):
    """What the graph remembers."""

    invoice: str
    said: str


def asked_and_made(state: State) -> dict[str, str]:
    """Ask, and make the refund, in one node."""
    return {"said": counting.refund(state["invoice"]) if interrupt("refund?") else "denied"}


def made_and_asked(state: State) -> dict[str, str]:
    """Make the refund, and ask whether to keep it so."""
    said = counting.refund(state["invoice"])
    return {"said": said if interrupt("right?") else "denied"}


def asked(_: State) -> dict[str, str]:
    """Only ask."""
    return {"said": "approved" if interrupt("refund?") else "denied"}


def made(state: State) -> dict[str, str]:
    """Only make the refund."""
    return {"said": counting.refund(state["invoice"])}


@contextmanager
def graph() -> Iterator[Any]:
    """The graph on its saved state."""
    building = StateGraph(State)
    building.add_node("ask", {"after": asked_and_made, "own": asked, "before": made_and_asked}[SHAPE])
    building.add_edge(START, "ask")
    if SHAPE == "own":
        building.add_node("refund", made)
        building.add_edge("ask", "refund")
    building.add_edge("refund" if SHAPE == "own" else "ask", END)
    with SqliteSaver.from_conn_string(str(counting.HOME / "checkpoints.db")) as saver:
        yield building.compile(checkpointer=saver)


def prepare() -> None:
    """Run to the pause."""
    with graph() as one:
        one.invoke({"invoice": "18492", "said": ""}, THREAD, durability="sync")


def work() -> None:
    """Resume the thread, approved; a worker that takes over the job of one that died does the same."""
    with graph() as one:
        one.invoke(Command(resume=True), THREAD, durability="sync")
        assert not one.get_state(THREAD).next


counting.run(prepare, work)
