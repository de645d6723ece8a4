"""Getting started: classed, tasks made, colleagues invited, read back; refused, declined, lost on the way."""

from __future__ import annotations

from tests.flows.tellings.frame import Entry, Later, Line, Staff, Telling, Trouble
from tests.openai_script import Step, call

NAME = "onboarding"
SLOTS = ("wish", "role", "duty", "organisation", "people", "inviting", "emails")
JO, LOU = "jo@initech.example", "lou@initech.example"


def read(**values: object) -> Step:
    """What a model makes of a line."""
    return call(NAME, **{name: values.get(name) for name in SLOTS})


WISH = Line(says="help me get started", model=read(wish="begin"), hears=("What do you do with our product?",))
ROLE = Line(says="2", press="I connect it", hears=("Which kind of organisation is it for?",))
ORGANISATION = Line(says="2", press="A company", hears=("Shall I invite colleagues as well?",))
SOME = Line(says="1", press="Yes", hears=("Whom shall I invite?",), applied=0)
TERMS = (
    "For developer at a company I would put these tasks on your list:",
    "Complete your profile, until",
    "Turn on two-factor sign-in",
    "Create an API key for testing",
    "Connect a webhook",
    "Decide who may do what",
)
NOBODY = Line(says="2", press="No", hears=TERMS, applied=0)
ITEMS = ("profile", "two_factor", "api_key", "webhook", "workspace_rules")
TASKS = tuple(Entry(kind="task", body={"item": item, "status": "open"}) for item in ITEMS)
BEGUN = (WISH, ROLE, ORGANISATION)
YES = Line(says="yes", press="Yes", hears=("You are all set.", "Connect a webhook, until"), applied=5)


def invite(address: str) -> Entry:
    """Somebody who is invited."""
    return Entry(kind="invite", body={"email": address, "user_role": "member", "status": "pending"})


def named(*addresses: str) -> Line:
    """Who is to be invited, said all at once."""
    return Line(says=" and ".join(addresses), hears=TERMS, applied=0)


SIX = tuple(f"person{n}@initech.example" for n in range(1, 7))
MADE = Line(
    says="yes",
    press="Yes",
    hears=("5 tasks are on your list now.", "May I invite these people", *SIX),
    applied=5,
)

ROWS = (
    Telling(
        workflow=NAME,
        name="from the wish to all that was made",
        everywhere=True,
        lines=(
            *BEGUN,
            SOME,
            named(JO, LOU),
            Line(says="yes", press="Yes", hears=("5 tasks are on your list now.", JO, LOU), applied=5),
            Line(
                says="yes", press="Yes", hears=("You are all set.", f"Invite for {JO}", f"Invite for {LOU}"), applied=7
            ),
        ),
        ledger=(*TASKS, invite(JO), invite(LOU)),
    ),
    Telling(
        workflow=NAME,
        name="many invites, approved in Slack",
        lines=(
            *BEGUN,
            SOME,
            named(*SIX),
            MADE,
            Line(
                says="yes", press="Yes", hears=("need a colleague's approval", "Nobody has been invited yet"), applied=5
            ),
            Staff(presses="approve", shows=(SIX[0], SIX[5]), hears=("You are all set.", f"Invite for {SIX[5]}")),
        ),
        ledger=(*TASKS, *(invite(one) for one in SIX)),
    ),
    Telling(
        workflow=NAME,
        name="many invites, denied in Slack",
        lines=(
            *BEGUN,
            SOME,
            named(*SIX),
            MADE,
            Line(says="yes", press="Yes", hears=("need a colleague's approval",), applied=5),
            Staff(presses="deny", hears=("nobody was invited",)),
        ),
        ledger=TASKS,
    ),
    Telling(
        workflow=NAME,
        name="who is unsure is asked once more, and classed by that",
        lines=(
            WISH,
            Line(says="5", press="I am not sure", hears=("What is closest to your work?",)),
            Line(says="3", press="What a team does", hears=("Which kind of organisation",)),
            Line(says="5", press="Something else", hears=("How many people will work with it",)),
            Line(says="1", hears=("Shall I invite colleagues",)),
            Line(
                says="2",
                press="No",
                hears=("For manager at somebody who works alone", "Set up a dashboard"),
                not_a_word_of=("Decide who may do what",),
                applied=0,
            ),
            Line(says="no", press="No", hears=("nothing was done",), applied=0),
        ),
    ),
    Telling(
        workflow=NAME,
        name="nothing is made twice, and how far it is can be asked",
        lines=(
            *BEGUN,
            NOBODY,
            YES,
            Line(
                says="what is left to do in my setup?",
                model=read(wish="status"),
                hears=("This is how far you are:", "Connect a webhook: open"),
                applied=5,
            ),
            Line(
                says="I'm a developer at a company, set me up, nobody else",
                model=read(wish="begin", role="developer", organisation="company", inviting="nobody"),
                hears=("You are all set.", "Connect a webhook"),
                not_a_word_of=("I would put these tasks",),
                applied=5,
            ),
        ),
        ledger=TASKS,
    ),
    Telling(
        workflow=NAME,
        name="too many to invite at once",
        lines=(
            *BEGUN,
            SOME,
            Line(
                says=" ".join(f"person{n}@initech.example" for n in range(16)),
                hears=("I can invite at most 15 people at once.",),
            ),
            named(JO),
        ),
    ),
    Telling(
        workflow=NAME,
        name="declined at the invites; the tasks stay",
        lines=(
            *BEGUN,
            SOME,
            named(JO),
            Line(says="yes", press="Yes", hears=("May I invite these people", JO), applied=5),
            Line(says="no", press="No", hears=("leave it at that",), applied=5),
        ),
        ledger=TASKS,
    ),
    Telling(
        workflow=NAME,
        name="refused by Acme: what is done stays, the rest is asked for",
        lines=(
            *BEGUN,
            NOBODY,
            Line(
                says="yes",
                press="Yes",
                trouble=Trouble(kind="error", path="/v1/onboarding_tasks", more={"method": "POST", "status": 422}),
                hears=("Complete your profile",),
                not_a_word_of=("You are all set",),
                applied=0,
            ),
            Line(says="yes", press="Yes", hears=("You are all set.", "Connect a webhook"), applied=5),
        ),
        ledger=tuple(sorted(TASKS, key=lambda one: one.body["item"] == "profile")),
    ),
    Telling(
        workflow=NAME,
        name="applied, and the answer is lost: the rest follows, nothing twice",
        lines=(
            *BEGUN,
            NOBODY,
            Line(
                says="yes",
                press="Yes",
                trouble=Trouble(kind="lost_answer", path="/v1/onboarding_tasks", more={"method": "POST", "times": 3}),
                hears=("Complete your profile",),
                applied=1,
            ),
            Later(hears=("We checked: it did go through.", "You are all set.", "Connect a webhook")),
        ),
        ledger=TASKS,
    ),
)
