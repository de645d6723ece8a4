"""The conversations of the sweep, each with how it is counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.crash.counted import Count, count
from tests.crash.operated import called_by_an_operator, count_with_operator
from tests.crash.several import WORKFLOWS, all_disputed, count_disputes
from tests.crash.staffed import approved_by_staff, count_with_staff
from tests.crash.told import Customer, begun_on_the_phone, begun_on_the_web
from tests.harness.outside import KIMS_PHONE, LEES_PHONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One conversation: how it goes, how it is counted, whose phone it needs.

    `workflows`: all that the bot has then; none: it has ours.
    """

    tell: Callable[[Customer], Awaitable[None]]
    count: Callable[[Customer], Awaitable[Count]] = count
    phone: str = KIMS_PHONE
    workflows: tuple[str, ...] = ()


ALONE = ("web, then phone", "phone, then web")
"""Without staff."""

STAFFED = "with staff"
OPERATED = "with operator"
SEVERAL = "several at once"

CONVERSATIONS = {
    "web, then phone": Telling(tell=begun_on_the_web),
    "phone, then web": Telling(tell=begun_on_the_phone),
    STAFFED: Telling(tell=approved_by_staff, count=count_with_staff, phone=LEES_PHONE),
    OPERATED: Telling(tell=called_by_an_operator, count=count_with_operator),
    SEVERAL: Telling(tell=all_disputed, count=count_disputes, workflows=WORKFLOWS),
}
