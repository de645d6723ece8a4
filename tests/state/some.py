"""Events as Hypothesis makes them: of any kind, over a handful of names so that they meet. Asserts nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from state import events as ev
from state.reducers import ACTION_ORDER

IDENTITIES = ("i1", "i2", "i3")
TASKS = ("t1", "t2", "t3", "t4", "t5", "t6")
ACTIONS = tuple(f"a{n}" for n in range(14))
STATES = sorted({state for after in ACTION_ORDER.values() for state in after} | set(ACTION_ORDER) | {"nonsense"})
SLOTS = ("invoice_id", "order_id", "note")
QUESTIONS = ("q1", "q2")

_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_by_name: dict[str, st.SearchStrategy[Any]] = {
    "identity": st.sampled_from(IDENTITIES),
    "assurance": st.sampled_from(("claimed", "channel", "verified")),
    "channel": st.sampled_from(("web", "whatsapp")),
    "method": st.sampled_from(("token", "directory", "attribute")),
    "task": st.sampled_from(TASKS),
    "action": st.sampled_from(ACTIONS),
    "state": st.sampled_from(STATES),
    "slot": st.sampled_from(SLOTS),
    "question": st.sampled_from(QUESTIONS),
    "about": st.none() | st.sampled_from(QUESTIONS),
    "slots": st.dictionaries(st.sampled_from(SLOTS), _json, max_size=3),
    "values": st.dictionaries(st.sampled_from(SLOTS), _json, max_size=3),
    "arguments": st.dictionaries(st.sampled_from(SLOTS), _json, max_size=3),
    "carried": st.just({}),
    "result": _json,
    "source": st.none() | st.integers(1, 99),
    "expires": st.none() | st.integers(0, 2**40),
    "ticket": st.none() | st.sampled_from(("k1", "k2")),
    "args_hash": st.sampled_from(("h1", "h2")),
    "outcome": st.sampled_from(("done", "refused", "declined")),
    "choices": st.lists(st.fixed_dictionaries({"label": st.text(max_size=3)}), max_size=2),
}
_by_type: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=6),
    "str | None": st.none() | st.text(max_size=6),
    "int": st.integers(0, 999),
    "int | None": st.none() | st.integers(0, 999),
    "float": st.floats(0, 1),
    "list[JSON]": st.lists(st.dictionaries(st.text(max_size=3), _json, max_size=2), max_size=2),
    "JSON | None": st.none() | st.dictionaries(st.text(max_size=3), _json, max_size=2),
    "bool": st.booleans(),
    "bool | None": st.none() | st.booleans(),
    "list[str]": st.lists(st.sampled_from(IDENTITIES), max_size=2),
    "dict[str, int]": st.dictionaries(st.text(max_size=3), st.integers(1, 9), max_size=2),
    "list[list[str]]": st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)).map(list), max_size=2),
    "JSON": st.dictionaries(st.text(max_size=3), _json, max_size=2),
    "Any": _json,
}


def _field(kind: str, name: str, type_name: str) -> st.SearchStrategy[Any]:
    if name == "action" and kind == "Asked":
        return st.none() | _by_name["action"]
    if name == "expires" and kind != "Asked":
        return st.integers(0, 2**40)
    return _by_name[name] if name in _by_name else _by_type[type_name]


def an_event(kind: str) -> st.SearchStrategy[ev.Event]:
    """Any event of a kind."""
    cls = ev.KINDS[kind]
    fields = {
        name: _field(kind, name, field.type) for name, field in cls.__dataclass_fields__.items() if name != "inbound"
    }
    return st.builds(cls, **fields)


EVENTS: st.SearchStrategy[ev.Event] = st.one_of(*(an_event(kind) for kind in ev.KINDS))
"""Any event at all."""
