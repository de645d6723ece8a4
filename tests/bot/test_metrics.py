"""The figures for /metrics: everything counted is shown, by the labels that were promised."""

from __future__ import annotations

import subprocess
import sys

from bot import metrics


def shown() -> str:
    """What Prometheus would read now."""
    return metrics.exposed()[0].decode()


def test_every_figure_is_shown_with_its_labels() -> None:
    """One call each, one line each."""
    metrics.message_accepted("web")
    metrics.message_accepted("web", new=False)
    metrics.message_refused("whatsapp", "bad_signature")
    metrics.turn_ended("replied", 0.02)
    metrics.step_ended("plan", 0.001)
    metrics.tool_called("billing.get_invoice", "succeeded")
    metrics.tool_failed("billing.get_invoice", "timeout")
    metrics.schema_failed("billing.get_invoice", "arguments")
    metrics.policy_blocked("billing.create_refund_request", "assurance")
    metrics.model_called("openai_chat", "m", "ok", 0.5)
    metrics.tokens_used("openai_chat", "m", read=10, written=3)
    metrics.lease_lost()
    text = shown()
    for line in (
        'throughline_messages_accepted_total{channel="web"}',
        'throughline_messages_repeated_total{channel="web"}',
        'throughline_messages_refused_total{channel="whatsapp",reason="bad_signature"}',
        'throughline_turns_total{outcome="replied"}',
        'throughline_step_seconds_count{step="plan"}',
        'throughline_tool_calls_total{outcome="succeeded",tool="billing.get_invoice"}',
        'throughline_tool_failures_total{reason="timeout",tool="billing.get_invoice"}',
        'throughline_schema_failures_total{reason="arguments",tool="billing.get_invoice"}',
        'throughline_policy_blocks_total{reason="assurance",tool="billing.create_refund_request"}',
        'throughline_model_calls_total{backend="openai_chat",model="m",outcome="ok"}',
        'throughline_model_tokens_total{backend="openai_chat",kind="output",model="m"} 3.0',
        "throughline_leases_lost_total",
        "process_resident_memory_bytes",
    ):
        assert line in text


def test_an_invented_tool_adds_no_label() -> None:
    """A model that invents a new name every time must not fill the memory of whoever reads the figures."""
    lines = len(shown().splitlines())
    for _ in range(50):
        metrics.tool_invented()
    assert len(shown().splitlines()) == lines


def test_an_emptied_outbox_shows_zero() -> None:
    """A state that has no replies any more does not keep its last figure."""
    metrics.outbox_is({"waiting": 3, "failed": 1}, 12.0)
    metrics.outbox_is({"failed": 2}, 0.0)
    assert 'throughline_outbox_replies{state="waiting"} 0.0' in shown()
    assert 'throughline_outbox_replies{state="failed"} 2.0' in shown()
    assert "throughline_outbox_oldest_seconds 0.0" in shown()


def test_systems_left_alone_are_shown() -> None:
    """One while nobody asks it, zero else."""
    metrics.systems_are({"acme": 3.0, "shop": None})
    assert 'throughline_system_left_alone{system="acme"} 1.0' in shown()
    metrics.systems_are({"acme": None, "shop": None})
    assert 'throughline_system_left_alone{system="acme"} 0.0' in shown()


def test_observing_loads_no_vendor() -> None:
    """The log and the figures are cheap to import: no SDK, no database, no web server."""
    code = (
        "import bot.observe, sys; print([n for n in ('openai','aiohttp','sqlalchemy','asyncpg') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
