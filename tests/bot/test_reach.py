"""By which address a person is reached: a table of what is known and the way that follows, with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reach import PRESENT_S, Ask, Means, Route, choose
from channels.base import Capabilities
from state.session import Reach

DAY = 24 * 3_600
NOW = 100 * DAY * 1_000
CHANNELS = {
    "web": Capabilities(text_limit=8_000, buttons=10, pull=True),
    "whatsapp": Capabilities(text_limit=1_600, window_s=DAY),
    "email": Capabilities(text_limit=50_000),
    "slack": Capabilities(text_limit=3_000, staff=True),
}
ALL = Means(channels=CHANNELS)
WITH_TEMPLATE = Means(channels=CHANNELS, templates={"whatsapp"})
MINUTE, HOUR = 60, 3_600


def known(**ages: int | tuple[int, dict[str, Any]]) -> dict[str, Reach]:
    """Addresses by name (its channel stands before a number), with the seconds since they were used, and more."""
    found = {}
    for name, age in ages.items():
        seconds, more = age if isinstance(age, tuple) else (age, {})
        fields = {
            "identity": name,
            "channel": name.rstrip("12"),
            "assurance": "channel",
            "last_at": NOW - seconds * 1_000,
        }
        found[name] = Reach(**{**fields, **more})
    return found


OUT: dict[str, Any] = {"opted_out": True}
CLAIMED: dict[str, Any] = {"assurance": "claimed"}
ANSWER = {"answers": True}
TABLE: list[tuple[dict[str, Reach], dict[str, Any], Means, tuple[str, str] | None]] = [
    # where it was asked, whatever else is known
    (known(web=0, whatsapp=MINUTE), {"here": "web", **ANSWER}, ALL, ("web", "answered where it was asked")),
    (known(whatsapp=0, email=MINUTE), {"here": "whatsapp", **ANSWER}, ALL, ("whatsapp", "answered where it was asked")),
    (known(email=(0, CLAIMED)), {"here": "email", **ANSWER}, ALL, ("email", "answered where it was asked")),
    (known(whatsapp=(0, OUT)), {"here": "whatsapp", **ANSWER}, ALL, ("whatsapp", "answered where it was asked")),
    # where they were last
    (known(web=MINUTE, whatsapp=HOUR), {}, ALL, ("web", "last used")),
    (known(web=HOUR, whatsapp=MINUTE), {}, ALL, ("whatsapp", "last used")),
    (known(email=40 * DAY), {}, ALL, ("email", "last used")),
    (known(email=DAY, whatsapp=MINUTE), {"here": "email"}, ALL, ("email", "last used")),
    # WhatsApp's window
    (known(whatsapp=DAY), {}, ALL, ("whatsapp", "last used")),
    (known(whatsapp=DAY + 1), {}, WITH_TEMPLATE, ("whatsapp", "window closed: template")),
    (known(whatsapp=DAY + 1), {}, ALL, None),
    (known(whatsapp=DAY + 1, email=2 * DAY), {}, ALL, ("email", "window closed: e-mail")),
    (known(whatsapp=DAY + 1, email=2 * DAY), {}, WITH_TEMPLATE, ("whatsapp", "window closed: template")),
    (known(whatsapp=DAY + 1, email=(2 * DAY, CLAIMED)), {}, ALL, None),
    (known(whatsapp=DAY + 1, web=2 * DAY), {}, ALL, ("web", "window closed: the web chat")),
    (known(whatsapp=DAY + 1), {"here": "whatsapp", **ANSWER}, ALL, None),
    # opted out
    (known(whatsapp=(HOUR, OUT), email=DAY), {}, ALL, ("email", "opted out of WhatsApp: e-mail")),
    (known(whatsapp=(HOUR, OUT), email=DAY), {}, WITH_TEMPLATE, ("email", "opted out of WhatsApp: e-mail")),
    (known(whatsapp=(HOUR, OUT), email=(DAY, OUT)), {}, WITH_TEMPLATE, None),
    (known(whatsapp=(2 * DAY, OUT)), {}, WITH_TEMPLATE, None),
    (known(whatsapp=(HOUR, OUT)), {"by_staff": True}, ALL, ("whatsapp", "last used")),
    (known(email=HOUR, whatsapp=(DAY, OUT)), {"by_staff": True, "avoid": {"email"}}, ALL, None),
    # not proven
    (known(email=(HOUR, CLAIMED), whatsapp=2 * HOUR), {}, ALL, ("whatsapp", "not proven on e-mail: WhatsApp")),
    (known(email=(HOUR, CLAIMED)), {}, ALL, None),
    (known(email=(HOUR, CLAIMED)), {"public": True}, ALL, ("email", "last used")),
    (known(email=(HOUR, CLAIMED)), {"by_staff": True}, ALL, ("email", "last used")),
    (known(whatsapp=DAY + 1, email=(2 * DAY, CLAIMED)), {"public": True, "by_staff": True}, ALL, None),
    # switched off, or staff's
    (known(email=HOUR), {}, Means(channels={"web": CHANNELS["web"]}), None),
    (known(slack=0, email=HOUR), {}, ALL, ("email", "slack is off: e-mail")),
    (known(customer=0), {}, ALL, None),
    # a page that was left
    (known(web=PRESENT_S + 1, email=DAY), {}, ALL, ("email", "left the web chat: e-mail")),
    (known(web=HOUR, whatsapp=2 * HOUR, email=DAY), {}, ALL, ("whatsapp", "left the web chat: WhatsApp")),
    (known(web=HOUR, whatsapp=2 * DAY), {}, WITH_TEMPLATE, ("whatsapp", "left the web chat: WhatsApp by template")),
    (known(web=HOUR, whatsapp=2 * DAY), {}, ALL, ("web", "left the web chat, nowhere else to go")),
    (known(web=HOUR, web2=2 * HOUR), {}, ALL, ("web", "left the web chat, nowhere else to go")),
    # not delivered
    (known(whatsapp=HOUR, email=DAY), {"here": "whatsapp", "avoid": {"whatsapp"}}, WITH_TEMPLATE,
     ("email", "not delivered by WhatsApp: e-mail")),
    (known(whatsapp=HOUR, web=MINUTE), {"here": "whatsapp", "avoid": {"whatsapp"}}, ALL,
     ("web", "not delivered by WhatsApp: the web chat")),
    (known(whatsapp=HOUR), {"here": "whatsapp", "avoid": {"whatsapp"}}, ALL, None),
    # nobody is known
    ({}, {}, ALL, None),
]  # fmt: skip


@pytest.mark.parametrize("addresses, ask, means, expected", TABLE)
def test_the_way_of_a_reply(
    addresses: dict[str, Reach], ask: dict[str, Any], means: Means, expected: tuple[str, str] | None
) -> None:
    """Each line of the table."""
    found = choose(Ask(**{"here": None, **ask}), addresses, means, now=NOW)
    assert expected == (found and (found.identity, found.why))


_ages = st.tuples(
    st.integers(0, 3 * DAY),
    st.fixed_dictionaries(
        {"opted_out": st.booleans(), "assurance": st.sampled_from(["claimed", "channel", "verified"])}
    ),
)


@given(
    addresses=st.dictionaries(st.sampled_from(["web", "whatsapp", "whatsapp2", "email", "email2", "slack"]), _ages),
    here=st.sampled_from([None, "web", "whatsapp", "email"]),
    template=st.booleans(),
    by_staff=st.booleans(),
    avoid=st.sets(st.sampled_from(["web", "whatsapp", "email"])),
)
def test_what_the_bot_begins_goes_nowhere_it_may_not(
    addresses: dict[str, Any], here: str | None, template: bool, by_staff: bool, avoid: set[str]
) -> None:
    """Never to who opted out, to an unproven address, to free text outside the window, or where it failed."""
    reach = known(**addresses)
    ask = Ask(here=here, by_staff=by_staff, avoid=avoid)
    found = choose(ask, reach, WITH_TEMPLATE if template else ALL, now=NOW)
    if found is None:
        return
    one = reach[found.identity]
    assert one.assurance != "claimed" or by_staff
    assert not one.opted_out or by_staff
    assert found.identity not in avoid
    assert one.channel != "slack"
    window = one.channel == "whatsapp" and NOW - one.last_at > DAY * 1_000
    assert window == found.template
    assert isinstance(found, Route)
    assert found.why
