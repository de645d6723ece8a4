"""What is counted, in one registry for /metrics. No label ever holds words of a person or a name a model invented."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    exposition,
)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_TURN_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STEP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"throughline_{name}", text, labels, registry=REGISTRY)


_ACCEPTED = _counter("messages_accepted", "Messages committed, by channel; a repeat is not counted again", "channel")
_REPEATED = _counter("messages_repeated", "Messages that came again and changed nothing", "channel")
_REFUSED = _counter("messages_refused", "Requests and frames refused before anything was stored", "channel", "reason")
_STAFF_ACTS = _counter("staff_acts", "Acts of staff, by what became of them", "verb", "reason")
_THREADS_FAILED = _counter("staff_threads_failed", "Attempts to tell staff that failed", "reason")
_TURNS = _counter("turns", "Turns that ended, by how", "outcome")
_TURN_S = Histogram("throughline_turn_seconds", "From claim to commit", buckets=_TURN_BUCKETS, registry=REGISTRY)
_STEP_S = Histogram(
    "throughline_step_seconds", "One step of a turn", ("step",), buckets=_STEP_BUCKETS, registry=REGISTRY
)
_TOOLS = _counter("tool_calls", "Tool calls, by how they ended", "tool", "outcome")
_TOOL_FAILURES = _counter("tool_failures", "Tool calls that failed", "tool", "reason")
_SCHEMA_FAILURES = _counter("schema_failures", "Arguments or results that did not fit their schema", "tool", "reason")
_POLICY_BLOCKS = _counter("policy_blocks", "Tool calls that policy refused", "tool", "reason")
_CACHE = _counter("tool_cache", "Lookups that may be answered from the cache, by whether they were", "tool", "outcome")
_INVENTED = _counter("invented_tools", "Calls of tools that do not exist")
_MODEL_CALLS = _counter("model_calls", "Calls of a model", "backend", "model", "outcome")
_MODEL_S = Histogram(
    "throughline_model_seconds", "One call of a model", ("backend",), buckets=_TURN_BUCKETS, registry=REGISTRY
)
_TOKENS = _counter("model_tokens", "Tokens read and written", "backend", "model", "kind")
_LOST = _counter("replies_lost", "Replies that never arrived; they went another way, or to staff", "channel")
_SYSTEM_OPEN = Gauge(
    "throughline_system_left_alone", "1 while an outside API is left alone", ("system",), registry=REGISTRY
)
_OUTBOX = Gauge("throughline_outbox_replies", "Replies by state", ("state",), registry=REGISTRY)
_OUTBOX_AGE = Gauge("throughline_outbox_oldest_seconds", "Age of the oldest reply still to be sent", registry=REGISTRY)
_LEASES_LOST = _counter("leases_lost", "Turns dropped because another worker had the session")
_LINES_DROPPED = _counter("log_lines_dropped", "Log lines that could not be written")


def reply_lost(channel: str) -> None:
    """Count a reply that never arrived."""
    _LOST.labels(channel).inc()


def message_accepted(channel: str, *, new: bool = True) -> None:
    """Count a message whose commit succeeded; `new` is false for a repeat."""
    (_ACCEPTED if new else _REPEATED).labels(channel).inc()


def message_refused(channel: str, reason: str) -> None:
    """Count a request refused at the door, such as one with a bad signature."""
    _REFUSED.labels(channel, reason).inc()


def staff_acted(verb: str, reason: str) -> None:
    """Count an act of a staff member, done or refused."""
    _STAFF_ACTS.labels(verb, reason).inc()


def staff_thread_failed(reason: str) -> None:
    """Count an attempt to tell staff that failed."""
    _THREADS_FAILED.labels(reason[:40]).inc()


def turn_ended(outcome: str, seconds: float) -> None:
    """Count a turn and its time."""
    _TURNS.labels(outcome).inc()
    _TURN_S.observe(seconds)


def step_ended(step: str, seconds: float) -> None:
    """Count the time of one step."""
    _STEP_S.labels(step).observe(seconds)


def tool_called(tool: str, outcome: str) -> None:
    """Count a tool call by how it ended."""
    _TOOLS.labels(tool, outcome).inc()


def tool_failed(tool: str, reason: str) -> None:
    """Count a tool call that failed."""
    _TOOL_FAILURES.labels(tool, reason).inc()


def schema_failed(tool: str, reason: str) -> None:
    """Count arguments or a result that did not fit."""
    _SCHEMA_FAILURES.labels(tool, reason).inc()


def tool_cached(tool: str, outcome: str) -> None:
    """Count a lookup that was answered from the cache (hit) or not (miss)."""
    _CACHE.labels(tool, outcome).inc()


def policy_blocked(tool: str, reason: str) -> None:
    """Count a call that policy refused."""
    _POLICY_BLOCKS.labels(tool, reason).inc()


def tool_invented() -> None:
    """Count a call of a tool that does not exist; its name stays out, since a model may invent any number of them."""
    _INVENTED.inc()


def model_called(backend: str, model: str, outcome: str, seconds: float) -> None:
    """Count a model call and its time."""
    _MODEL_CALLS.labels(backend, model, outcome).inc()
    _MODEL_S.labels(backend).observe(seconds)


def tokens_used(backend: str, model: str, *, read: int, written: int) -> None:
    """Count the tokens of one call."""
    _TOKENS.labels(backend, model, "input").inc(read)
    _TOKENS.labels(backend, model, "output").inc(written)


def outbox_is(counts: dict[str, int], oldest_s: float) -> None:
    """Show the outbox as it is now; states without replies show as zero once they have been seen."""
    for key in [metric[0] for metric in _OUTBOX._metrics]:  # noqa: SLF001  # the library has no reader of its labels
        _OUTBOX.labels(key).set(0)
    for state, count in counts.items():
        _OUTBOX.labels(state).set(count)
    _OUTBOX_AGE.set(oldest_s)


def systems_are(left_alone: Mapping[str, float | None]) -> None:
    """Show which outside APIs are left alone after too many failures."""
    for name, seconds in left_alone.items():
        _SYSTEM_OPEN.labels(name).set(seconds is not None)


def lease_lost() -> None:
    """Count a turn whose session another worker took."""
    _LEASES_LOST.inc()


def log_line_dropped() -> None:
    """Count a line that could not be written."""
    _LINES_DROPPED.inc()


def exposed() -> tuple[bytes, str]:
    """Give all figures as Prometheus reads them, and their content type."""
    return exposition.generate_latest(REGISTRY), exposition.CONTENT_TYPE_LATEST
