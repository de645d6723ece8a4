"""One training for all: the same examples give the same classifier, so a process learns once. Changes no result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from bot import workflows
from bot.models import offline
from bot.models.intents import Intents
from tests.harness.places import ROOT

_known: dict[bytes, Intents] = {}


def share() -> None:
    """Have every server of this process, and of its forks, share what was learnt."""
    setattr(offline, "Intents", learn)  # noqa: B010  a name that the module imports is not for others to set


def learn(examples: Mapping[str, Sequence[str]]) -> Intents:
    """Train, unless these very examples were trained before."""
    key = orjson.dumps([(name, list(texts)) for name, texts in examples.items()])
    if key not in _known:
        _known[key] = Intents(examples)
    return _known[key]


def learn_shipped() -> None:
    """Train on the workflows that ship."""
    offline.Offline(workflows.load(ROOT / "config" / "workflows"))
