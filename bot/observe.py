"""Structured logs: JSON for machines, lines for a terminal, one line per turn. Never raises, shows no person's words.

Only numbers and the fields on the list are shown; what is shown is searched for secrets, addresses and numbers first.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO

import orjson
import structlog

from bot import metrics, redact

Event = MutableMapping[str, Any]
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

bound = structlog.contextvars.bound_contextvars
_steps: ContextVar[dict[str, float] | None] = ContextVar("steps", default=None)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Give a logger; its first word per line is an event name such as `tool_called`, the rest are fields."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def set_up(
    level: str = "info", *, secrets: Iterable[str] = (), stream: TextIO | None = None, readable: bool | None = None
) -> None:
    """Send all logs, other libraries' too, to the stream (stderr): readable on a terminal, else JSON."""
    out = _Quiet(stream or sys.stderr)
    readable = out.is_terminal() if readable is None else readable
    cleaner = redact.Redactor(secrets, messages=level == "debug")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _Redact(cleaner),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if readable else "iso", utc=not readable),
        _Render(structlog.dev.ConsoleRenderer(colors=out.is_terminal()) if readable else _json),
    ]
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),  # type: ignore[arg-type]  # it only writes and flushes
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(level)


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Measure one step; inside a turn its milliseconds go into the turn's line."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - start
        metrics.step_ended(name, seconds)
        if (steps := _steps.get()) is not None:
            steps[name] = round(steps.get(name, 0.0) + seconds * 1000, 3)


class TurnLine:
    """What one turn will have to say about itself."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {"outcome": "done"}

    def add(self, **fields: object) -> None:
        """Add fields to the line; `outcome` replaces `done`."""
        self.fields.update(fields)


@contextlib.contextmanager
def turn(**context: str | int) -> Iterator[TurnLine]:
    """Log one `turn` line when the block ends: its outcome, its milliseconds and those of every step inside."""
    line, steps, start = TurnLine(), dict[str, float](), time.perf_counter()
    token = _steps.set(steps)
    with bound(**context):
        try:
            yield line
        except BaseException as error:
            line.add(outcome=type(error).__name__)
            raise
        finally:
            _steps.reset(token)
            seconds = time.perf_counter() - start
            metrics.turn_ended(str(line.fields["outcome"]), seconds)
            get_logger().info("turn", ms=round(seconds * 1000, 3), steps=steps, **line.fields)


class _Quiet:
    """A stream that loses a line rather than raise into the one who logs: a full disk must not stop a turn."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def is_terminal(self) -> bool:
        try:
            return self._stream.isatty()
        except ValueError:
            return False

    def write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except (OSError, ValueError):
            metrics.log_line_dropped()

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _Redact:
    """The processor that hides; if it fails, the line says that it was hidden altogether."""

    def __init__(self, cleaner: redact.Redactor) -> None:
        self._cleaner = cleaner

    def __call__(self, _: object, method: str, event: Event) -> Mapping[str, Any]:
        """Give the line without what must not be shown."""
        try:
            return self._cleaner.clean(event)
        except Exception as error:
            metrics.log_line_dropped()
            return {"event": "log_line_hidden", "level": event.get("level", method), "error": type(error).__name__}


class _Render:
    """The last processor; if it fails, the line still says which event it was."""

    def __init__(self, render: structlog.typing.Processor) -> None:
        self._render = render

    def __call__(self, logger: object, method: str, event: Event) -> str:
        """Give the line as text."""
        try:
            return str(self._render(logger, method, event))
        except Exception as error:
            metrics.log_line_dropped()
            return f'{{"event":"log_line_unreadable","error":"{type(error).__name__}"}}'


def _json(_: object, __: str, event: Event) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return orjson.dumps(first | dict(event), default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _FromLibraries(logging.Handler):
    """Carries the lines of other libraries: their first line, without the values they would fill in."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one record on."""
        level = "error" if record.levelno >= logging.ERROR else "warning"
        words = str(record.msg).partition("\n")[0][:200]
        getattr(get_logger(), level)(words, logger=record.name, exc_info=record.exc_info or None)


def _adopt_libraries(level: str) -> None:
    root = logging.getLogger()
    for handler in [found for found in root.handlers if isinstance(found, _FromLibraries)]:
        root.removeHandler(handler)
    root.addHandler(_FromLibraries(logging.WARNING))
    root.setLevel(max(LEVELS[level], logging.WARNING))
    logging.getLogger("aiohttp.access").disabled = True
    logging.raiseExceptions = False
