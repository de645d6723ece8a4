"""The plan: asked about, upgraded, downgraded, seats added, refused, approved."""

from __future__ import annotations

from tests.flows.tellings.frame import Entry, Line, Staff, Telling
from tests.flows.tellings.troubles import answer_lost, refused_by_acme
from tests.harness.outside import LEE
from tests.openai_script import call

NAME = "my_plan"
SEATS = Line(
    says="we need two more seats",
    model=call(NAME, wish="seats", plan_type=None, seats=2, seats_change="more", effective=None),
    hears=("Pro with 7 seats", "67.00 USD a month", "18.00 USD more than now", "When should it begin?"),
)
NOW = Line(
    says="1", press="At once", hears=("New: Pro with 7 seats", "Price: 67.00 USD", "Now: Pro with 5 seats"), applied=0
)
DONE = ("you have Pro with 7 seats", "SC-1001")
ENTRY = Entry(kind="plan", body={"plan": "pro", "seats": 7, "effective": "now", "amount": "67.00"})


def looked(name: str, says: str, *hears: str, **model: object) -> Telling:
    """A question that is answered, and nothing more."""
    fields = {"wish": "look", "plan_type": None, "seats": None, "seats_change": None, "effective": None}
    return Telling(
        workflow=NAME,
        name=name,
        lines=(Line(says=says, model=call(NAME, **{**fields, **model}), hears=hears, applied=0),),
    )


def refused(name: str, says: str, *hears: str, customer: str = "C-1001", **model: object) -> Telling:
    """A change that ends before any terms."""
    fields = {"wish": None, "plan_type": None, "seats": None, "seats_change": None, "effective": None}
    line = Line(says=says, model=call(NAME, **{**fields, **model}), hears=hears, not_a_word_of=("confirm",), applied=0)
    return Telling(workflow=NAME, name=name, customer=customer, lines=(line,))


ROWS = (
    Telling(
        workflow=NAME,
        name="two more seats",
        everywhere=True,
        lines=(SEATS, NOW, Line(says="yes", press="Yes", hears=DONE, applied=1)),
        ledger=(ENTRY,),
        letter=("This is to confirm the change of your plan.", "SC-1001", "67.00 USD"),
    ),
    Telling(
        workflow=NAME,
        name="enterprise, approved in Slack",
        lines=(
            Line(
                says="please upgrade us to enterprise immediately",
                model=call(NAME, wish="plan", plan_type="enterprise", seats=None, seats_change=None, effective="now"),
                hears=("New: Enterprise with 60 seats", "900.00 USD a month", "851.00 USD more"),
            ),
            Line(says="yes", press="Yes", hears=("A colleague has to approve this change",), applied=0),
            Staff(
                presses="approve",
                shows=("Enterprise with 60 seats", "900.00 USD"),
                hears=("you have Enterprise with 60 seats", "SC-1001"),
            ),
        ),
        ledger=(Entry(kind="plan", body={"plan": "enterprise", "seats": 60, "amount": "900.00"}),),
    ),
    Telling(
        workflow=NAME,
        name="denied in Slack",
        customer=LEE,
        lines=(
            Line(
                says="add ten more seats at once",
                model=call(NAME, wish="seats", plan_type=None, seats=10, seats_change="more", effective="now"),
                hears=("New: Enterprise with 70 seats", "1,040.00 USD a month"),
            ),
            Line(says="yes", press="Yes", hears=("A colleague has to approve this change",), applied=0),
            Staff(presses="deny", hears=("was not approved, so nothing was changed",)),
        ),
    ),
    Telling(
        workflow=NAME,
        name="downgrade, with the next month, and no second change",
        lines=(
            Line(
                says="change my plan",
                model=call(NAME, wish="plan", plan_type=None, seats=None, seats_change=None, effective=None),
                hears=("Which plan would you like?",),
            ),
            Line(
                says="1",
                press="Starter",
                hears=("New: Starter with 5 seats", "43.00 USD a month, 6.00 USD less", "When the next month begins"),
            ),
            Line(says="yes", press="Yes", hears=("you have Starter",), applied=1),
            Line(
                says="upgrade to enterprise",
                model=call(NAME, wish="plan", plan_type="enterprise", seats=None, seats_change=None, effective=None),
                hears=("A change is on its way already",),
            ),
        ),
        ledger=(Entry(kind="plan", body={"plan": "starter", "seats": 5, "effective": "renewal"}),),
    ),
    looked("which it is", "what plan am I on?", "Pro with 5 seats", "49.00 USD a month"),
    looked("what another costs", "how much is the enterprise plan?", "900.00 USD", "60 seats", plan_type="enterprise"),
    looked(
        "what more seats cost", "what would it cost to have 10 seats?", "Pro with 10 seats costs 94.00 USD", seats=10
    ),
    refused("as it is", "switch to the pro plan", "That is what you have already", plan_type="pro"),
    refused("too many seats", "we want 51 seats", "this plan has 50 at most", seats=51, wish="seats"),
    refused(
        "too few seats",
        "remove 5 seats from our plan",
        "I cannot take that many away",
        seats=5,
        seats_change="fewer",
        wish="seats",
    ),
    refused(
        "more seats than the smaller plan has",
        "downgrade us to pro",
        "this plan has 50 at most",
        customer=LEE,
        plan_type="pro",
        wish="plan",
    ),
    Telling(
        workflow=NAME,
        name="declined at the terms",
        lines=(SEATS, NOW, Line(says="no", press="No", hears=("nothing was done",), applied=0)),
    ),
    Telling(
        workflow=NAME,
        name="changed mind",
        lines=(SEATS, Line(says="forget it", hears=("Cancelled. Nothing was done.",), applied=0)),
    ),
    refused_by_acme(NAME, "/v1/subscription_changes", SEATS, NOW),
    answer_lost(NAME, "/v1/subscription_changes", SEATS, NOW, done=DONE, entry=ENTRY),
)
