"""What does not work, sorted and handed to the team whose it is."""

from __future__ import annotations

from tests.flows.tellings.frame import Card, Line, Telling
from tests.openai_script import call

ROWS = (
    Telling(
        workflow="ticket_triage",
        name="a bug that some cannot work with",
        everywhere=True,
        lines=(
            Line(
                says="the export fails with an error since this morning",
                model=call("ticket_triage", affected=None, details=None),
                hears=("Who is affected by it?",),
            ),
            Line(says="2", press="Some of us", hears=("“Bug”, priority high", "ticket number 1001")),
            Card(shows=("product (bug)", "priority high")),
        ),
    ),
    Telling(
        workflow="ticket_triage",
        name="all cannot work: urgent",
        lines=(
            Line(
                says="your service is down for everybody",
                model=call("ticket_triage", affected="everybody", details=None),
                hears=("“Outage”, priority urgent", "ticket number 1001"),
            ),
            Card(shows=("platform (outage)", "priority urgent")),
        ),
    ),
    Telling(
        workflow="ticket_triage",
        name="a security report is passed on before anything is asked",
        lines=(
            Line(
                says="I think my account was hacked",
                model=call("ticket_triage", affected=None, details=None),
                hears=("our security team at once", "ticket number 1001"),
                not_a_word_of=("Who is affected",),
            ),
            Card(shows=("security (security)", "priority urgent")),
        ),
    ),
    Telling(
        workflow="ticket_triage",
        name="what cannot be told goes to the general queue",
        lines=(
            Line(
                says="I need technical support",
                model=call("ticket_triage", affected=None, details=None),
                hears=("What exactly happens",),
            ),
            Line(says="the thing in the corner looks odd to me", hears=("Who is affected",)),
            Line(says="just me", press="Only me", hears=("“General”, priority normal", "ticket number 1001")),
            Card(shows=("general (other)",)),
        ),
    ),
)
