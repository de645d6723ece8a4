"""A log and a folded state as the version before tools had limits wrote them: both load, and fold as they did then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from state import events as ev
from state import reducers, session
from state.session import Session

KEPT = orjson.loads((Path(__file__).parent / "data" / "before_batches.json").read_bytes())


def folded() -> Session:
    """The log, folded now."""
    stored = (
        ev.Stored(
            seq=one["seq"], kind=one["kind"], at=one["at"], data=ev.decode(one["kind"], orjson.dumps(one["body"]))
        )
        for one in KEPT["events"]
    )
    return reducers.fold(Session(), stored)


def test_the_state_of_then_is_what_its_log_folds_into_now() -> None:
    """But for the note of the newest write, which nobody needs of then: it only parts what is remembered."""
    loaded = session.load(orjson.dumps(KEPT["state"]))
    assert loaded
    now = folded()
    assert (0, 16) == (loaded.wrote, now.wrote)
    assert replace(loaded, wrote=now.wrote) == now


def test_everything_that_was_known_then_is_as_it_was() -> None:
    """Field by field: a refund in doubt, another that was carried over and approved, tickets, who had it."""
    assert [] == list(_differences(KEPT["state"]["session"], orjson.loads(session.dump(folded()))["session"], ""))


def _differences(then: Any, now: Any, place: str) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(then, dict):
        return [d for name, value in then.items() for d in _differences(value, now.get(name), f"{place}.{name}")]
    if isinstance(then, list) and len(then) == len(now):
        return [d for n, value in enumerate(then) for d in _differences(value, now[n], f"{place}.{n}")]
    return [] if then == now else [f"{place}: {then} is {now}"]
