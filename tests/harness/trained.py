"""One training for all: the same examples give the same classifier, so a run learns once. Changes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from bot import workflows
from bot.models import offline
from bot.models.intents import Intents
from tests.harness.places import ROOT

HOME = "TL_TEST_HOME"
"""The folder of the run, where processes find what another one has learnt; without it each learns by itself."""
_known: dict[str, Intents] = {}


def share() -> None:
    """Have every server of this process, and of its forks, share what was learnt."""
    setattr(offline, "Intents", learn)  # noqa: B010  a name that the module imports is not for others to set


def learn(examples: Mapping[str, Sequence[str]]) -> Intents:
    """Train, unless these very examples were trained before."""
    key = hashlib.sha256(orjson.dumps([(name, list(texts)) for name, texts in examples.items()])).hexdigest()
    if key not in _known:
        _known[key] = _learnt(examples, key)
    return _known[key]


def learn_shipped() -> None:
    """Train on the workflows that ship."""
    offline.Offline(workflows.load(ROOT / "config" / "workflows"))


def _learnt(examples: Mapping[str, Sequence[str]], key: str) -> Intents:
    """What another process of this run has learnt, or what this one learns now."""
    if not (home := os.environ.get(HOME)):
        return Intents(examples)
    kept = Path(home) / f"learnt-{key}"
    with contextlib.suppress(FileNotFoundError):
        found: Intents = pickle.loads(kept.read_bytes())
        return found
    made = Intents(examples)
    fresh = kept.with_suffix(f".{secrets.token_hex(4)}")
    fresh.write_bytes(pickle.dumps(made))
    fresh.replace(kept)
    return made
