"""What every write has to get through at Acme, told alike for each workflow: refused, or done and the answer lost."""

from __future__ import annotations

from tests.flows.tellings.frame import Entry, Later, Line, Telling, Trouble


def refused_by_acme(workflow: str, path: str, *before: Line) -> Telling:
    """Acme says no to what was agreed to; the customer hears that nothing was changed."""
    trouble = Trouble(kind="error", path=path, more={"method": "POST", "status": 422})
    yes = Line(says="yes", press="Yes", trouble=trouble, hears=("nothing was changed",), applied=0)
    return Telling(workflow=workflow, name="refused by Acme", lines=(*before, yes))


def answer_lost(workflow: str, path: str, *before: Line, done: tuple[str, ...], entry: Entry) -> Telling:
    """Acme does it, and nobody hears: it is said to be unknown, then that it went through, and it is done once."""
    trouble = Trouble(kind="lost_answer", path=path, more={"method": "POST", "times": 3})
    yes = Line(
        says="yes", press="Yes", trouble=trouble, hears=("cannot tell yet whether that went through",), applied=1
    )
    return Telling(
        workflow=workflow,
        name="applied, and the answer is lost",
        lines=(*before, yes, Later(hears=("We checked: it did go through.", *done))),
        ledger=(entry,),
    )
