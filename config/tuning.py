"""The engine's times and limits, read from bot.toml. Holds no secret and nothing that differs per machine."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(ge=0, le=7 * 86_400, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=7 * 86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000)]
PerChannel = Annotated[Mapping[str, Positive], AfterValidator(lambda table: MappingProxyType(dict(table)))]
WaitPerChannel = Annotated[Mapping[str, Seconds], AfterValidator(lambda table: MappingProxyType(dict(table)))]
Schedule = Annotated[tuple[Seconds, ...], Field(min_length=1)]

BURST_WAIT_S = MappingProxyType({"web": 0.4, "whatsapp": 1.0, "slack": 0.4, "email": 0.0})
CONFIRMATION_MINUTES = MappingProxyType({"web": 10.0, "whatsapp": 1_440.0, "email": 4_320.0})
HOLDING_S = MappingProxyType({"web": 8.0, "whatsapp": 12.0})


class Tuning(BaseModel):
    """What bot.toml may say; every value has a default, every unknown name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # a burst of messages becomes one turn
    burst_wait_s: WaitPerChannel = Field(default_factory=lambda: BURST_WAIT_S)
    burst_idle_s: Seconds = 1.0
    burst_max_s: Seconds = 4.0
    # one turn
    turn_deadline_s: Positive = 60.0
    max_steps: Count = 8
    turns_at_once: Count = 16
    # leases, by the database's clock
    lease_s: Positive = 15.0
    renew_s: Positive = 5.0
    sweep_s: Positive = 1.0
    # the model
    model_connect_s: Positive = 5.0
    model_first_byte_s: Positive = 20.0
    model_between_s: Positive = 15.0
    model_total_s: Positive = 45.0
    model_retries: Annotated[int, Field(ge=0, le=5)] = 2
    # replies on their way out
    claim_s: Positive = 30.0
    reconcile_wait_s: Seconds = 30.0
    outbox_first_s: Positive = 1.0
    outbox_longest_s: Positive = 900.0
    outbox_give_up_s: Positive = 86_400.0
    outbox_block_s: Positive = 120.0
    # a message that fails every time
    attempt_backoff_s: Schedule = (0.0, 1.0, 5.0, 30.0, 120.0)
    poison_attempts: Count = 5
    poison_window_s: Seconds = 120.0
    # actions
    confirmation_minutes: PerChannel = Field(default_factory=lambda: CONFIRMATION_MINUTES)
    approval_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 72.0
    unknown_probe_s: Schedule = (5.0, 30.0, 120.0)
    # outside APIs
    rest_wait_s: Schedule = (2.0, 10.0, 60.0)
    system_failures: Count = 5
    system_pause_s: Positive = 10.0
    # people
    holding_s: PerChannel = Field(default_factory=lambda: HOLDING_S)
    handoff_wait_s: Seconds = 300.0
    abandoned_days: Annotated[float, Field(gt=0, le=365)] = 14.0
    code_minutes: Positive = 10.0
    code_tries: Count = 5
    recheck_hours: Positive = 24.0
    staff_alert_s: Seconds = 60.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.renew_s * 2 > self.lease_s:
            raise ValueError("renew_s must be at most half of lease_s, or a lease ends between two renewals")
        if self.model_total_s > self.turn_deadline_s:
            raise ValueError("model_total_s must not exceed turn_deadline_s")
        return self

    def burst_wait(self, channel: str) -> float:
        """Give the quiet time that ends a burst on this channel; a channel nobody tuned does not wait."""
        return self.burst_wait_s.get(channel, BURST_WAIT_S.get(channel, 0.0))

    def confirmation_s(self, channel: str) -> float:
        """Give how long a question for consent holds when asked on this channel; ten minutes if not tuned."""
        return 60 * self.confirmation_minutes.get(channel, CONFIRMATION_MINUTES.get(channel, 10.0))


def parse(text: str) -> Tuning:
    """Read the text of a bot.toml; raises pydantic's or tomllib's ValueError on anything wrong."""
    return Tuning.model_validate(tomllib.loads(text))
