"""The limits of tools as policies.yaml states them: per kind, and per tool. Typed; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from config.money import Money

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Strict(BaseModel):
    """Frozen, and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (OSError, ValueError, KeyError) as error:  # a name that is not there is a KeyError
        raise ValueError(f"{str(value)[:40]!r} is no time zone of the IANA list, such as Europe/Berlin") from error


def _minutes(value: object) -> int:
    """Minutes since midnight of 17:30. YAML reads an unquoted 17:30 as a number to the base 60: just that."""
    hours, colon, minutes = str(value).partition(":")
    if isinstance(value, bool) or not hours.isdecimal() or (colon and not minutes.isdecimal()):
        raise ValueError(f"{str(value)[:20]!r} is no time of day such as 09:00")
    found = int(hours) * 60 + int(minutes) if colon else int(hours)
    if not 0 <= found <= DAY_MINUTES or (colon and int(minutes) > 59):
        raise ValueError(f"{str(value)[:20]!r} is no time of day from 00:00 to 24:00")
    return found


def _money(value: object) -> Money:
    return value if isinstance(value, Money) else Money.parse(value)


Limit = Annotated[Money, BeforeValidator(_money)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Minutes = Annotated[int, BeforeValidator(_minutes)]
Scope = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(:[a-z0-9_]+)?$")]


class AmountPerDay(Strict):
    """How much money one user may move with a tool in any 24 hours; `argument` holds the amount of a call."""

    argument: str
    most: Limit


class ApprovalAbove(Strict):
    """From where on staff with `scope` must agree. Without `argument` and `above` they must always."""

    scope: Scope
    argument: str | None = None
    above: Limit | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.argument is None) != (self.above is None):
            raise ValueError("argument and above belong together; without both, every call needs approval")
        return self


class Hours(Strict):
    """When a tool may be used: on these days, from the one time to the other, by the clocks of `time_zone`.

    A span that ends before it begins goes on past midnight and belongs to the day on which it began.
    """

    days: tuple[Day, ...] = Field(default=("mon", "tue", "wed", "thu", "fri"), min_length=1)
    begin: Minutes = Field(alias="from")
    end: Minutes = Field(alias="to")
    time_zone: Zone

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.begin == self.end:
            raise ValueError("from and to are the same time; leave hours out where there are none")
        return self

    def covers(self, now: datetime) -> bool:
        """Whether this moment is within."""
        local = now.astimezone(self.time_zone)
        minute = local.hour * 60 + local.minute
        today = DAYS[local.weekday()] in self.days
        if self.begin < self.end:
            return today and self.begin <= minute < self.end
        yesterday = DAYS[(local - timedelta(days=1)).weekday()] in self.days
        return (today and minute >= self.begin) or (yesterday and minute < self.end)

    def __str__(self) -> str:
        """As a manager reads it."""
        return f"{', '.join(self.days)} {_clock(self.begin)}-{_clock(self.end)} {self.time_zone.key}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


class ToolRules(Strict):
    """What limits a tool besides its own scopes and assurance.

    rate_per_minute, per_day   calls per user; per_day counts writes over any 24 hours
    minimum                    the oldest version that may still be used
    off                        nobody may use it
    """

    rate_per_minute: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)
    amount_per_day: AmountPerDay | None = None
    approval: ApprovalAbove | None = None
    hours: Hours | None = None
    minimum: int | None = Field(default=None, ge=1)
    off: bool = False

    @model_validator(mode="before")
    @classmethod
    def _off_is_a_word(cls, given: object) -> object:
        """YAML reads a bare `off` as false, as a key too."""
        if isinstance(given, dict) and False in given:
            return {"off" if key is False else key: value for key, value in given.items()}
        return given

    @property
    def counts(self) -> bool:
        """Whether a decision rests on what was done in the last 24 hours."""
        return self.per_day is not None or self.amount_per_day is not None

    @property
    def amount_argument(self) -> str | None:
        """The argument that holds the amount of a call, which the ledger keeps."""
        if self.amount_per_day:
            return self.amount_per_day.argument
        return self.approval.argument if self.approval else None


NO_RULES = ToolRules()
WRITES_ONLY = ("per_day", "amount_per_day", "approval")


class Kinds(Strict):
    """What holds for every tool of a kind that does not say otherwise."""

    lookup: ToolRules = NO_RULES
    transform: ToolRules = NO_RULES
    transact: ToolRules = NO_RULES

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        for kind in ("lookup", "transform"):
            row = getattr(self, kind)
            if found := next((name for name in WRITES_ONLY if name in row.model_fields_set), None):
                raise ValueError(f"{kind}.{found}: only writes have it")
        for name in ("amount_per_day", "minimum"):
            if any(name in getattr(self, kind).model_fields_set for kind in ("lookup", "transform", "transact")):
                raise ValueError(f"{name}: belongs to one tool, under named")
        return self


class ToolPolicies(Strict):
    """Section `tools:`. `kinds`: for all tools of a kind; `named`: per tool, where a line of its own wins.

    `review_scope`: who approves the writes of a workflow whose `review:` asks for it, where neither says otherwise.
    """

    review_scope: Scope = "writes:approve"
    kinds: Kinds = Kinds()
    named: Mapping[str, ToolRules] = Field(default_factory=dict)

    def of(self, name: str, kind: str) -> ToolRules:
        """What holds for one tool. An explicit null takes a kind's limit away."""
        common: ToolRules = getattr(self.kinds, kind, NO_RULES)
        row = self.named.get(name)
        if row is None:
            return common
        own: dict[str, Any] = {field: getattr(row, field) for field in row.model_fields_set}
        return common.model_copy(update=own)
