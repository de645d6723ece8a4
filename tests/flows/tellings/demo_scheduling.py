"""Meetings booked by prospects and customers, told on every channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.flows.tellings.frame import Entry, Later, Line, Telling, Trouble
from tests.flows.tellings.players import PROSPECT
from tests.openai_script import Step, call

ADDRESS = "sam@initech.example"
TODAY = datetime.now(UTC).date()
SATURDAY = (TODAY + timedelta(days=(5 - TODAY.weekday() - 1) % 7 + 1)).isoformat()


def wish(**said: str) -> Step:
    """What a model makes of the first line."""
    names = ("meeting_type", "duration", "time_zone", "day", "part_of_day", "email")
    return call("demo_scheduling", **{name: said.get(name) for name in names})


FIRST = Line(
    says="I'd like to book a demo",
    model=wish(meeting_type="product_demo"),
    hears=("How long should it be?",),
)
LENGTH = Line(says="30 minutes", press="30 minutes", hears=("Which time zone are you in?",))
ZONE = Line(says="I am in Berlin", hears=("These times are free, in your local time (Europe/Berlin).",))
TIME = Line(says="1", hears=("To which e-mail address should the invitation go?",))
TERMS = Line(
    says=ADDRESS,
    hears=("Please confirm this meeting:", "Product demo, 30 minutes", "(Europe/Berlin)", ADDRESS),
    applied=0,
)
YES = Line(says="yes", press="Yes", hears=("it is booked", "Dana Reyes", ADDRESS, "MT-1001"), applied=1)
BOOKED = Entry(
    kind="meeting",
    body={
        "meeting_type": "product_demo",
        "duration_minutes": 30,
        "time_zone": "Europe/Berlin",
        "email": ADDRESS,
        "status": "booked",
    },
)
TO_TERMS = (FIRST, LENGTH, ZONE, TIME, TERMS)


ROWS = (
    Telling(
        workflow="demo_scheduling",
        name="a prospect, from the wish to the notice",
        customer=PROSPECT,
        everywhere=True,
        lines=(*TO_TERMS, YES),
        ledger=(BOOKED,),
    ),
    Telling(
        workflow="demo_scheduling",
        name="a customer, whose address is on file and gets a letter",
        lines=(
            Line(
                says="we need a technical deep dive of 45 minutes, I am in New York",
                model=wish(meeting_type="technical_deep_dive", duration="45", time_zone="America/New_York"),
                hears=("These times are free, in your local time (America/New_York).",),
            ),
            Line(says="2", hears=("Technical deep dive, 45 minutes", "kim@example.com"), applied=0),
            Line(says="yes", press="Yes", hears=("it is booked", "MT-1001"), applied=1),
        ),
        ledger=(Entry(kind="meeting", body={"duration_minutes": 45, "email": "kim@example.com"}),),
        letter=("This is to confirm your meeting with us.", "MT-1001", "Technical deep dive, 45 minutes"),
    ),
    Telling(
        workflow="demo_scheduling",
        name="declined, and nothing is booked",
        customer=PROSPECT,
        lines=(*TO_TERMS, Line(says="no", press="No", hears=("nothing was done",), applied=0)),
    ),
    Telling(
        workflow="demo_scheduling",
        name="another day is asked for, on which nobody works",
        customer=PROSPECT,
        lines=(
            FIRST,
            LENGTH,
            ZONE,
            Line(
                says="on Saturday please",
                model=call("demo_scheduling", day=SATURDAY),
                hears=("There is no opening then, I am sorry. These times are free",),
            ),
            Line(says="the first one", hears=("To which e-mail address",)),
            TERMS,
            Line(says="yes", press="Yes", hears=("it is booked", "MT-1001", "Monday"), applied=1),
        ),
        ledger=(BOOKED,),
    ),
    Telling(
        workflow="demo_scheduling",
        name="a zone that could be several is asked for again, never guessed",
        customer=PROSPECT,
        lines=(
            FIRST,
            LENGTH,
            Line(says="IST", hears=("You named more than one", "Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin")),
            Line(says="Dublin", hears=("in your local time (Europe/Dublin)",)),
        ),
    ),
    Telling(
        workflow="demo_scheduling",
        name="the answer to the write is lost, and it is booked once",
        customer=PROSPECT,
        lines=(
            *TO_TERMS,
            replace(YES, trouble=Trouble(kind="lost_answer", path="/v1/meetings", more={"method": "POST"})),
        ),
        ledger=(BOOKED,),
    ),
    Telling(
        workflow="demo_scheduling",
        name="whether it was booked is not known for a while, and then it is, once",
        customer=PROSPECT,
        lines=(
            *TO_TERMS,
            Line(
                says="yes",
                press="Yes",
                trouble=Trouble(kind="error", path="/v1/meetings", more={"status": 500, "times": 40}),
                hears=("I cannot tell yet whether that went through",),
                applied=0,
            ),
            Later(hears=("We checked: it did go through.", "it is booked", "MT-1001")),
        ),
        ledger=(BOOKED,),
    ),
    Telling(
        workflow="demo_scheduling",
        name="taken back in the middle",
        customer=PROSPECT,
        lines=(FIRST, LENGTH, Line(says="never mind", hears=("Nothing was done.",), applied=0)),
    ),
    Telling(
        workflow="demo_scheduling",
        name="the calendar refuses for a reason nobody foresaw",
        customer=PROSPECT,
        lines=(
            *TO_TERMS,
            Line(
                says="yes",
                press="Yes",
                trouble=Trouble(kind="error", path="/v1/meetings", more={"method": "POST", "status": 422}),
                hears=("nothing was changed",),
                applied=0,
            ),
        ),
    ),
    Telling(
        workflow="demo_scheduling",
        name="the calendar does not answer",
        customer=PROSPECT,
        lines=(
            FIRST,
            LENGTH,
            Line(
                says="Berlin",
                trouble=Trouble(kind="error", path="/v1/calendar", more={"times": 20}),
                hears=("does not answer right now",),
                applied=0,
            ),
        ),
    ),
)
