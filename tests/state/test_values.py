"""The values that cross borders: frozen, compared by content, told by name."""

from __future__ import annotations

import dataclasses

import pytest

from state import identity, lease, messages

VALUES = [
    value
    for module in (identity, lease, messages)
    for value in vars(module).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_frozen_and_built_by_name(value: type) -> None:
    """Nobody changes one under another's hands, and nobody mixes up two fields of a kind."""
    parameters = value.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert all(field.kw_only for field in dataclasses.fields(value))
    assert hasattr(value, "__slots__")


def test_a_message_without_extras_shares_nothing_with_another() -> None:
    """Defaults that could be changed are each message's own."""
    address = identity.Address(channel="web", address="v")
    one, two = (
        messages.Inbound(
            channel="web",
            account="web",
            provider_id=name,
            sender=address,
            assurance=identity.Assurance.CHANNEL,
            text="hi",
        )
        for name in "ab"
    )
    one.extra["x"] = 1
    assert {} == two.extra
