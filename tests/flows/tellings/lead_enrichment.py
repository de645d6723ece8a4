"""Leads: checked, passed on with consent, or given to a person; told on every channel."""

from __future__ import annotations

from dataclasses import replace

from tests.flows.tellings.frame import Entry, Line, Telling, Trouble
from tests.flows.tellings.players import PROSPECT
from tests.openai_script import Step, call

NAMES = ("company", "email", "employees", "interest", "urgency")


def said(**values: object) -> Step:
    """What a model makes of a line."""
    return call("lead_enrichment", **{name: values.get(name) for name in NAMES})


def who(employees: int, company: str, address: str, *, interest: str = "support bot") -> tuple[Line, ...]:
    """Everything up to the last question."""
    return (
        Line(
            says=f"we have {employees} employees and look for a {interest}",
            model=said(employees=employees, interest="support_bot"),
            hears=("What is your company called?",),
        ),
        Line(says=company, hears=("What is your e-mail address at work?",)),
        Line(says=address, hears=("How soon would you like to have it?",)),
    )


def in_doubt(*lines: Line, name: str, customer: str = PROSPECT) -> Telling:
    """A lead that a person looks at; Acme's records stay as they are."""
    last = Line(
        says="1",
        press="As soon as possible",
        hears=("a colleague will look at them", "ticket number", "I have passed nothing on"),
        applied=0,
    )
    return Telling(workflow="lead_enrichment", name=name, customer=customer, lines=(*lines, last))


INITECH = who(40, "Initech", "sam@initech.example")
TERMS = Line(
    says="1",
    press="As soon as possible",
    hears=("May I pass this to our sales team?", "Initech, 40 people (software, US)", "sam@initech.example"),
    applied=0,
)
YES = Line(says="yes", press="Yes", hears=("our sales team has it", "sam@initech.example", "LD-1001"), applied=1)
LEAD = Entry(
    kind="lead",
    body={
        "email": "sam@initech.example",
        "company": "Initech",
        "size": "small",
        "interest": "support_bot",
        "urgency": "now",
        "employees": 40,
    },
)

ROWS = (
    Telling(
        workflow="lead_enrichment",
        name="a prospect, from the first word to the notice",
        customer=PROSPECT,
        everywhere=True,
        lines=(*INITECH, TERMS, YES),
        ledger=(LEAD,),
    ),
    Telling(
        workflow="lead_enrichment",
        name="a customer whose lead is there already: the same one is brought up to date",
        lines=(
            Line(
                says="we have 6 employees and look for a support bot",
                model=said(employees=6, interest="support_bot"),
                hears=("What is your company called?",),
            ),
            Line(says="Berger Studio", hears=("How soon would you like to have it?",)),
            Line(
                says="2",
                press="Within three months",
                hears=("May I bring your entry there up to date", "Berger Studio, 6 people (design, US)"),
                applied=0,
            ),
            Line(says="yes", press="Yes", hears=("our sales team has it", "LD-0902"), applied=1),
        ),
        ledger=(Entry(kind="lead_update", body={"lead_id": "LD-0902", "interest": "support_bot", "size": "small"}),),
    ),
    Telling(
        workflow="lead_enrichment",
        name="later, the same prospect again: no second lead",
        customer=PROSPECT,
        lines=(
            *INITECH,
            TERMS,
            YES,
            *who(60, "Initech", "sam@initech.example"),
            Line(says="3", press="Just looking around", hears=("up to date with this?", "Initech, 60 people")),
            Line(says="yes", press="Yes", hears=("our sales team has it", "LD-1001"), applied=2),
        ),
        ledger=(LEAD, Entry(kind="lead_update", body={"lead_id": "LD-1001", "size": "medium", "employees": 60})),
    ),
    Telling(
        workflow="lead_enrichment",
        name="declined, and nothing is passed on",
        customer=PROSPECT,
        lines=(*INITECH, TERMS, Line(says="no", press="No", hears=("nothing was done",), applied=0)),
    ),
    in_doubt(*who(40, "Initech", "sam.initech@gmail.com"), name="a mailbox that anybody can have"),
    in_doubt(*who(5000, "Hooli", "lou@hooli.example"), name="registers that contradict each other"),
    in_doubt(*who(30, "Umbrella", "jo@umbrella.example"), name="a company that is known in part"),
    in_doubt(*who(850, "Globex", "pat@globex.example"), name="somebody else's lead is not touched"),
    Telling(
        workflow="lead_enrichment",
        name="something that fits no class is for a person",
        customer=PROSPECT,
        lines=(
            Line(
                says="please have sales get in touch with me",
                model=said(),
                hears=("What is your company called?",),
            ),
            Line(says="Initech", hears=("What is your e-mail address at work?",)),
            Line(says="sam@initech.example", hears=("About how many people work at your company?",)),
            Line(says="40", hears=("What are you looking for?",)),
            Line(says="4", press="Something else", hears=("How soon would you like to have it?",)),
            Line(says="1", press="As soon as possible", hears=("ticket number",), applied=0),
        ),
    ),
    Telling(
        workflow="lead_enrichment",
        name="the answer to the write is lost, and there is one lead",
        customer=PROSPECT,
        lines=(
            *INITECH,
            TERMS,
            replace(YES, trouble=Trouble(kind="lost_answer", path="/v1/leads", more={"method": "POST"})),
        ),
        ledger=(LEAD,),
    ),
)
