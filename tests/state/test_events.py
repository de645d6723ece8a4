"""Events at rest: what is written is read back, by this version and by later ones."""

from __future__ import annotations

import dataclasses
from typing import get_args

import orjson
import pytest
from hypothesis import given

from state import events as ev
from tests.state import some


@given(some.EVENTS)
def test_an_event_reads_back_as_it_was_written(event: ev.Event) -> None:
    """Whatever its kind and its words."""
    assert event == ev.decode(type(event).__name__, ev.encode(event))


@pytest.mark.parametrize("kind", list(ev.KINDS))
def test_a_newer_versions_field_is_dropped(kind: str) -> None:
    """An old program reads what a new one wrote."""
    event = _plain(kind)
    body = orjson.loads(ev.encode(event)) | {"invented_later": {"x": 1}}
    assert event == ev.decode(kind, orjson.dumps(body))


@pytest.mark.parametrize("kind", list(ev.KINDS))
def test_an_older_versions_event_gets_defaults(kind: str) -> None:
    """A field that did not exist yet takes its default; those without one were always there."""
    event = _plain(kind)
    needed = [f.name for f in dataclasses.fields(event) if _has_no_default(f)]
    body = orjson.dumps({name: getattr(event, name) for name in needed})
    assert event == ev.decode(kind, body)


def test_an_unknown_kind_is_not_guessed() -> None:
    """An event this version does not know is an error, never nothing."""
    with pytest.raises(KeyError):
        ev.decode("DreamDreamt", b"{}")


def test_every_event_is_listed_frozen_and_says_what_it_is() -> None:
    """The union, the table of kinds and the module's classes are the same set."""
    written = {
        name
        for name, value in vars(ev).items()
        if dataclasses.is_dataclass(value) and isinstance(value, type) and name != "Stored"
    }
    assert written == set(ev.KINDS) == {cls.__name__ for cls in get_args(ev.Event)}
    for cls in ev.KINDS.values():
        assert cls.__dataclass_params__.frozen
        assert cls.__doc__


def test_what_waits_for_an_answer() -> None:
    """Words, proofs, acts of staff, calls, times that run out and lost replies make a turn; nothing else does."""
    staff = {name for name in ev.KINDS if name.startswith("Staff")}
    decided = {"ApprovalDecided", "ApprovalExpired", "ActionSettled", "HandoffTimedOut", "OperatorCalled"}
    assert {"MessageReceived", "IdentityVerified", "DeliveryFailed"} | staff | decided == ev.INBOUND


def _has_no_default(field: dataclasses.Field[object]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _plain(kind: str) -> ev.Event:
    """An event with nothing but what it needs."""
    values = {"str": "x", "int": 1, "bool": True, "JSON": {"k": "v"}, "Any": None, "str | None": None}
    fields = dataclasses.fields(ev.KINDS[kind])
    event: ev.Event = ev.KINDS[kind](**{f.name: values[str(f.type)] for f in fields if _has_no_default(f)})
    return event
