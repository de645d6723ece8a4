"""channels.yaml: what ships is right, what is wrong is named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import templates
from config.settings import SHIPPED

SID = "HX0123456789abcdef0123456789abcdef"


def test_what_ships_can_be_read() -> None:
    """And gives the demo company's name to letters."""
    words = templates.load(SHIPPED / "channels.yaml")
    assert "Acme Support" == words.email.name
    assert {} == words.whatsapp.templates


def test_a_file_may_say_little(tmp_path: Path) -> None:
    """What is left out has a default; an empty file is one."""
    path = tmp_path / "channels.yaml"
    path.write_text("", encoding="utf-8")
    assert templates.Words() == templates.load(path)
    path.write_text(
        f'whatsapp: {{templates: {{update: {{sid: {SID}, body: "On {{{{1}}}}: {{{{2}}}}",'
        ' variables: {"1": "{ticket}", "2": "{text}"}}}}',
        encoding="utf-8",
    )
    assert {"1": "{ticket}", "2": "{text}"} == templates.load(path).whatsapp.templates["update"].variables


@pytest.mark.parametrize(
    "text, problem",
    [
        ("email: {hello: 'Hi {who}'}", "channels.yaml email.hello: {who} is not known here (known: name)"),
        ('email: {name: "a\\nb"}', "must be one line"),
        ("email: {names: x}", "channels.yaml email.names: Extra inputs are not permitted"),
        ("whatsapp: {templates: {update: {sid: HX1}}}", "channels.yaml whatsapp.templates.update.sid"),
        (f"whatsapp: {{templates: {{u: {{sid: {SID}, variables: {{'1': '{{x}}'}}}}}}}}", "{x} is not known here"),
        ("email: [", "channels.yaml: "),
        ("- a", "as a whole"),
    ],
)
def test_what_is_wrong_is_named(text: str, problem: str, tmp_path: Path) -> None:
    """With its place."""
    path = tmp_path / "channels.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        templates.load(path)
    assert problem in str(caught.value)
    assert 1 == len(str(caught.value).splitlines())
