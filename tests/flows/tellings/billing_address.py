"""The billing address: in one message, part by part, refused, declined."""

from __future__ import annotations

from tests.flows.tellings.frame import Entry, Line, Telling
from tests.flows.tellings.troubles import answer_lost, refused_by_acme
from tests.openai_script import call

NAME = "billing_address"
ELM = "12 Elm Street\nBoston, MA 02110\nUSA"
WISH = Line(says="we have moved, change my billing address", model=call(NAME), hears=("What is the new address?",))
TERMS = (
    "Please confirm your new billing address:",
    "New: 12 Elm Street, Boston, MA 02110, United States",
    "Now: 12 Orchard Street, Albany, NY 12207, United States",
)
GIVEN = Line(says=ELM, hears=TERMS, applied=0)
DONE = ("Your billing address is now: 12 Elm Street, Boston, MA 02110, United States.",)
ENTRY = Entry(
    kind="address",
    body={"street": "12 Elm Street", "city": "Boston", "region": "MA", "postal_code": "02110", "country": "US"},
)

ROWS = (
    Telling(
        workflow=NAME,
        name="from the wish to the notice",
        everywhere=True,
        lines=(WISH, GIVEN, Line(says="yes", press="Yes", hears=DONE, applied=1)),
        ledger=(ENTRY,),
        letter=("Your billing address was changed.", "12 Elm Street"),
    ),
    Telling(
        workflow=NAME,
        name="part by part",
        lines=(
            WISH,
            Line(says="Hauptstraße 5", hears=("Which city",)),
            Line(says="Berlin", hears=("What is the postal code?",)),
            Line(says="10115", hears=("Which country",)),
            Line(says="Germany", hears=("New: Hauptstraße 5, Berlin, 10115, Germany",), applied=0),
            Line(says="yes", press="Yes", hears=("is now: Hauptstraße 5, Berlin, 10115, Germany.",), applied=1),
        ),
        ledger=(Entry(kind="address", body={"street": "Hauptstraße 5", "city": "Berlin", "country": "DE"}),),
    ),
    Telling(
        workflow=NAME,
        name="all in the first message, as a model reads it",
        only=("openai_responses",),
        lines=(
            Line(
                says="please send my bills to 12 Elm Street, Boston, MA 02110, USA from now on",
                model=call(NAME, address="12 Elm Street, Boston, MA 02110, USA"),
                hears=TERMS,
            ),
            Line(says="yes", press="Yes", hears=DONE, applied=1),
        ),
        ledger=(ENTRY,),
    ),
    Telling(
        workflow=NAME,
        name="no address in it",
        lines=(
            WISH,
            Line(says="hmm let me think", hears=("I cannot find an address in that.",)),
            Line(says=ELM, hears=TERMS),
            Line(says="no", press="No", hears=("nothing was done",), applied=0),
        ),
    ),
    Telling(
        workflow=NAME,
        name="the one on file already",
        lines=(WISH, Line(says="12 Orchard Street, Albany, NY 12207, USA", hears=("There is nothing to change.",))),
    ),
    Telling(
        workflow=NAME,
        name="a postal code that is none",
        lines=(
            WISH,
            Line(says="12 Elm Street, Boston, MA, USA", hears=("What is the postal code?",)),
            Line(says="soon", hears=("What is the postal code?",)),
            Line(says="02110", hears=TERMS, applied=0),
        ),
    ),
    Telling(
        workflow=NAME,
        name="changed mind",
        lines=(WISH, Line(says="never mind", hears=("Cancelled. Nothing was done.",), applied=0)),
    ),
    refused_by_acme(NAME, "/v1/addresses", WISH, GIVEN),
    answer_lost(NAME, "/v1/addresses", WISH, GIVEN, done=DONE, entry=ENTRY),
    Telling(
        workflow=NAME,
        name="a stranger signs in first",
        customer=None,
        only=("web",),
        lines=(Line(says="change my billing address please", model=call(NAME), hears=("who you are",), applied=0),),
    ),
)
