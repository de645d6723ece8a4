"""What channels say on their own account: channels.yaml, typed. Letters' fixed words and WhatsApp's templates."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from config import files


def _naming(*known: str) -> AfterValidator:
    """Refuse placeholders that nothing fills."""

    def check(text: str) -> str:
        for _, name, form, conversion in string.Formatter().parse(text):
            if name is not None and (name not in known or form or conversion):
                raise ValueError(f"{{{name}}} is not known here (known: {', '.join(known) or 'none'})")
        return text

    return AfterValidator(check)


def _one_line(text: str) -> str:
    if any(not char.isprintable() for char in text):
        raise ValueError("must be one line")
    return text


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Letters(_Strict):
    """The fixed words of letters by e-mail."""

    name: Line = "Support"
    subject: Line = "Your message to us"
    hello: Annotated[Line, _naming("name")] = "Hello {name},"
    hello_unnamed: Annotated[Line, _naming()] = "Hello,"
    choose: Annotated[Line, _naming("numbers")] = "Reply with {numbers}:"
    sources: Annotated[Line, _naming()] = "Sources:"
    signature: Annotated[str, _naming("name")] = "{name}\nThis is an automatic answer."
    staff_signature: Annotated[str, _naming("name", "staff")] = "{staff}\n{name}"


class Template(_Strict):
    """A template that WhatsApp approved. `body`: its words with {{1}} and so on, to know how much fits into it."""

    sid: str = Field(pattern=r"^HX[0-9a-fA-F]{32}$")
    body: str = Field(default="", max_length=1024)
    variables: Mapping[str, Annotated[str, _naming("ticket", "text")]] = Field(default_factory=dict)


class WhatsAppWords(_Strict):
    """Templates by the name the engine knows them by."""

    templates: Mapping[str, Template] = Field(default_factory=dict)


class Words(_Strict):
    """The whole file."""

    email: Letters = Letters()
    whatsapp: WhatsAppWords = WhatsAppWords()


def load(path: Path) -> Words:
    """Read channels.yaml. Raises ValueError with one line naming what is wrong and where."""
    return files.read(path, Words)
