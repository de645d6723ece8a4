"""The widget's files as they are served: their size, and what must not be in them. Runs no browser."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "channels" / "web" / "widget"
SCRIPT = (FOLDER / "widget.js").read_text(encoding="utf-8")
DEMO = (FOLDER / "demo.html").read_text(encoding="utf-8")
LARGEST = 20_000  # bytes after gzip; the complete widgets we compared begin at 110 KB

FORBIDDEN = {
    "code from text": r"\beval\s*\(|new Function|setTimeout\(\s*['\"`]|javascript:",
    "markup from text": r"outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser",
    "inline handlers": r"setAttribute\(\s*['\"]on",
    "remote images": r"<img|new Image|url\(",
    "cookies": r"document\.cookie|credentials:\s*['\"]include",
    "a token in an address": r"[?&](?:token|visitor|identity)=",
    "other files": r"\bimport\b\s*[({'\"*]|importScripts",
}


def test_script_is_small_enough_for_any_page() -> None:
    """The whole widget is at most 20 KB gzipped."""
    assert len(gzip.compress(SCRIPT.encode(), 9)) <= LARGEST


@pytest.mark.parametrize("what", FORBIDDEN)
def test_script_has_nothing_dangerous(what: str) -> None:
    """The source holds none of the constructs by which text becomes code, or data leaves the page."""
    assert re.search(FORBIDDEN[what], SCRIPT) is None


def test_markup_is_parsed_in_one_place_and_only_in_a_template() -> None:
    """HTML of a message goes into an inert template, whose known tags are then copied."""
    assert re.findall(r"(\w+)\.innerHTML\s*=", SCRIPT) == ["template"]
    assert SCRIPT.count("innerHTML") == 1


def test_script_names_no_server() -> None:
    """Where the server is comes from the script's own address, so the only names are of examples and of SVG."""
    hosts = set(re.findall(r"(?:https?|wss?)://([\w.-]+)", SCRIPT))
    assert hosts == {"bot.example", "www.w3.org"}


def test_both_languages_have_the_same_words() -> None:
    """Every word the widget shows exists in English and in German, in the same order."""
    english, german = (re.search(rf"\n    {lang}: {{\n(.*?)\n    }},", SCRIPT, re.DOTALL) for lang in ("en", "de"))
    assert english is not None
    assert german is not None
    names = [re.findall(r"^ {6,8}(\w+):", table[1], re.MULTILINE) for table in (english, german)]
    assert names[0] == names[1]
    assert len(names[0]) > 30


def test_demo_page_needs_no_inline_script() -> None:
    """The demo page works under a policy that allows scripts of the server alone."""
    assert re.findall(r"<script[^>]*>", DEMO) == ['<script src="chat/widget.js" defer data-name="Acme support">']
    assert re.search(r"<[^>]+\son\w+=", DEMO) is None
