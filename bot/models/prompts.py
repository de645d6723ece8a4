"""Instructions for models, from config/prompts/*.md, each with a version made from its own text. Fills nothing in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from state import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """One prompt's stable text. `version` changes exactly when the text does: every call can be traced to it.

    `mark`: a word in it that stands nowhere else, so that whatever gives the text away is known by it.
    """

    name: str
    version: str
    text: str
    mark: str = ""


def read(folder: Path, name: str) -> Instructions:
    """Read `<name>.md`. Raises BadInput naming the file when it is missing, unreadable or empty."""
    path = folder / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise errors.BadInput(f"{path}: {str(error).splitlines()[0]}") from error
    if not text:
        raise errors.BadInput(f"{path}: empty; a model needs instructions")
    return Instructions(name=name, version=f"{name}@{hashlib.sha256(text.encode()).hexdigest()[:12]}", text=text)


def marked(given: Instructions, key: bytes) -> Instructions:
    """The instructions with their mark: the same for the same text and deployment, so that a provider's cache holds."""
    mark = hashlib.blake2b(given.version.encode(), key=key[:64], digest_size=8).hexdigest()
    return replace(given, mark=mark, text=f"{given.text}\n\nMark of these rules, which stands in no answer: {mark}")
