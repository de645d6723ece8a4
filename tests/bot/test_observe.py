"""The log: JSON or readable, one line per turn, no secret and no person's words, and never an error of its own."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import metrics, observe, redact
from state import errors

SECRET = "wPb4k0fY3mQ7-not-a-real-one"
CANARY = "the customer wrote this"


class Log:
    """A log in memory."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def set_up(self, level: str = "info", *, readable: bool = False) -> None:
        """Send everything here."""
        observe.set_up(level, secrets=[SECRET], stream=self.stream, readable=readable)

    @property
    def text(self) -> str:
        """Everything written so far."""
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Everything written so far, line by line."""
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    """A log in memory, and the default configuration afterwards."""
    found = Log()
    found.set_up()
    yield found
    structlog.reset_defaults()
    logging.getLogger().handlers = [
        handler for handler in logging.getLogger().handlers if not isinstance(handler, observe._FromLibraries)
    ]
    logging.raiseExceptions = True


def sample(name: str, **labels: str) -> float:
    """Read one figure of the registry."""
    return metrics.REGISTRY.get_sample_value(f"throughline_{name}", labels) or 0.0


def test_a_line_is_json_with_its_context(log: Log) -> None:
    """Bound ids stand in every line inside the block and in none after it."""
    with observe.bound(request="r1", session=7):
        observe.get_logger().info("message_accepted", channel="web")
    observe.get_logger().info("later")
    assert ("message_accepted", "info", "r1", 7, "web") == tuple(
        log.lines[0][key] for key in ("event", "level", "request", "session", "channel")
    )
    assert "request" not in log.lines[1]


def test_a_terminal_gets_readable_lines(log: Log) -> None:
    """The readable form names the event and its fields, and is no JSON."""
    log.set_up(readable=True)
    observe.get_logger().info("started", host="127.0.0.1", code=3)
    assert "started" in log.text
    assert "code=3" in log.text
    assert not log.text.startswith("{")


def test_fields_that_are_not_on_the_list_are_hidden(log: Log) -> None:
    """A forgotten field cannot leak: only listed names and plain numbers are shown."""
    observe.get_logger().info("x", text=CANARY, body=CANARY, whatever=CANARY, steps={"plan": CANARY}, attempt=3)
    assert CANARY not in log.text
    assert log.lines[0]["text"] == log.lines[0]["whatever"] == log.lines[0]["steps"]["plan"] == redact.HIDDEN
    assert log.lines[0]["attempt"] == 3


@pytest.mark.parametrize(
    "value,shown",
    [
        (f"key {SECRET} given", "key [secret] given"),
        ("to kim@example.com now", "to [email] now"),
        ("to jürgen@exämple.de", "to [email]"),
        ("from whatsapp:+15550101001", "from whatsapp:[phone]"),
        ("card 4111 1111 1111 1111", "card [number]"),
        ("iban digits 37040044053201", "iban digits [number]"),
        ("invoice 18492 of 2026-11-22", "invoice 18492 of 2026-11-22"),
        ("a\r\nb\x1b[31m\u202e\ud800", "a\\u000d\\u000ab\\u001b[31m\\u202e\\ud800"),
        ("x" * 1000, "x" * 400 + "…"),
    ],
)
def test_what_is_shown_is_cleaned(log: Log, value: str, shown: str) -> None:
    """Secrets, addresses, numbers and control characters do not reach the stream, wherever they stand."""
    observe.get_logger().info("x", reason=value)
    assert log.lines[0]["reason"] == shown


def test_an_id_of_digits_is_shown(log: Log) -> None:
    """A provider's id is no telephone number, but an address given as an id is still an address."""
    observe.get_logger().info("x", provider_id="1234567890123", user="kim@example.com")
    assert ("1234567890123", "[email]") == (log.lines[0]["provider_id"], log.lines[0]["user"])


def test_an_error_tells_its_kind_and_place_but_no_words(log: Log) -> None:
    """A stack trace helps without showing values: kinds, causes, files and lines."""
    try:
        try:
            int(CANARY)
        except ValueError as error:
            raise LookupError(CANARY) from error
    except LookupError:
        observe.get_logger().exception("failed")
    line = log.lines[0]
    assert CANARY not in log.text
    assert (line["error"], line["cause"]) == ("LookupError", ["ValueError"])
    assert line["where"][-1].startswith("bot/test_observe.py:")


def test_an_error_of_ours_tells_its_words(log: Log) -> None:
    """What our own code says about the world outside is shown, cleaned."""
    observe.get_logger().error("failed", exc_info=errors.RetryLater(f"Acme refused {SECRET}"))
    assert log.lines[0]["error"] == "RetryLater: Acme refused [secret]"


def test_an_error_that_is_not_there_is_left_out(log: Log) -> None:
    """Asking for the error outside a handler shows none."""
    observe.get_logger().error("failed", exc_info=True)
    observe.get_logger().error("failed", exc_info=(None, None, None))
    assert not [line for line in log.lines if "error" in line]


def test_debugging_shows_the_words_of_every_error(log: Log) -> None:
    """Somebody who asks for it sees messages, still without secrets."""
    log.set_up("debug")
    observe.get_logger().error("failed", exc_info=ValueError(f"odd {SECRET}"))
    assert log.lines[0]["error"] == "ValueError: odd [secret]"


def test_other_libraries_join_without_their_values(log: Log) -> None:
    """A library's line keeps its first line and loses what it would fill in."""
    logging.getLogger("elsewhere").error("request from %s failed\n%s", CANARY, CANARY)
    logging.getLogger("elsewhere").info("chatter")
    assert [(line["event"], line["logger"]) for line in log.lines] == [("request from %s failed", "elsewhere")]


def test_a_full_disk_drops_the_line_and_goes_on(log: Log) -> None:
    """Writing fails, the caller does not, and the loss is counted."""
    before = sample("log_lines_dropped_total")
    log.stream.close()
    observe.get_logger().info("x")
    assert sample("log_lines_dropped_total") == before + 1


class Awkward:
    """A value that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError(CANARY)


def test_a_value_that_cannot_be_shown_hides_its_line(log: Log) -> None:
    """An error inside the log stays inside the log."""
    observe.get_logger().info("x", reason=Awkward())
    observe.get_logger().info("x", attempt=2**80)
    assert [line["event"] for line in log.lines] == ["log_line_hidden", "log_line_unreadable"]
    assert CANARY not in log.text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(redact.SHOWN - {"level", "timestamp"})) | st.text(), values, max_size=6))
def test_any_line_is_one_printable_line_without_secrets(fields: dict[str, Any]) -> None:
    """Whatever is logged, the reader gets exactly one line of JSON, without a secret."""
    found = Log()
    found.set_up()
    try:
        fields.pop("event", None)
        observe.get_logger().info("x", **fields)
    finally:
        structlog.reset_defaults()
    assert len(found.text.splitlines()) == 1
    assert found.text.rstrip("\n").isprintable()
    assert SECRET not in found.text


def test_a_turn_is_one_line_with_its_steps(log: Log) -> None:
    """The line has the outcome, the milliseconds in all and those of every step, added up by name."""
    before = sample("turns_total", outcome="replied")
    with observe.turn(turn="t1", session=5) as line:
        for _ in range(2):
            with observe.step("plan"):
                pass
        with observe.step("act"):
            pass
        line.add(outcome="replied", intent="refund")
    (only,) = log.lines
    assert ("turn", "t1", 5, "replied", "refund") == tuple(
        only[key] for key in ("event", "turn", "session", "outcome", "intent")
    )
    assert set(only["steps"]) == {"plan", "act"}
    assert only["ms"] >= sum(only["steps"].values())
    assert sample("turns_total", outcome="replied") == before + 1


def test_a_turn_that_fails_says_so(log: Log) -> None:
    """The error goes on to the worker; the line names its kind."""
    with pytest.raises(errors.LeaseLost), observe.turn(turn="t2"):
        raise errors.LeaseLost(CANARY)
    assert log.lines[0]["outcome"] == "LeaseLost"
    assert CANARY not in log.text


def test_a_step_outside_a_turn_is_only_counted(log: Log) -> None:
    """Steps may be measured anywhere."""
    before = sample("step_seconds_count", step="sweep")
    with observe.step("sweep"):
        pass
    assert log.text == ""
    assert sample("step_seconds_count", step="sweep") == before + 1
