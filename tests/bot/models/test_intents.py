"""The classifier with many intents: it still tells them apart, says none, and looks closely only at a few."""

from __future__ import annotations

from itertools import product

from bot.models.background import ATTACKS, TEXTS
from bot.models.evidence import CLOSE
from bot.models.intents import NONE, Intents
from tests.harness import trained

THINGS = ("kettle", "ladder", "bicycle", "mattress", "lantern", "violin", "carpet", "telescope", "hammock", "canoe")
WISHES = {
    "repair": "repair my {}|my {} is broken|can you fix the {}|the {} needs mending|who fixes a {}|mend my {}",
    "rent": "rent a {}|I want to hire a {}|can I borrow a {}|lend me a {}|hire the {} for a week|a {} for hire",
    "price": "price of a {}|how expensive is a {}|quote me a {}|your best offer for a {}|what does a {} cost|{} cost",
}
EXAMPLES = {
    f"{wish}_{thing}": [text.format(thing) for text in texts.split("|")]
    for (wish, texts), thing in product(WISHES.items(), THINGS)
}
MODEL = trained.learn(EXAMPLES)


def test_thirty_intents_are_told_apart() -> None:
    """More than are looked at closely; new wordings of each reach it."""
    assert len(EXAMPLES) > CLOSE
    cases = {
        f"{wish}_{thing}": text.format(thing)
        for (wish, text), thing in product(
            {
                "repair": "please fix my {}",
                "rent": "I'd like to rent the {}",
                "price": "what is the price of your {}",
            }.items(),
            THINGS,
        )
    }
    right = [intent for intent, text in cases.items() if MODEL.classify(text).ranked[0][0] == intent]
    assert len(right) >= 0.95 * len(cases)


def test_many_intents_still_know_none() -> None:
    """Texts about other things are none of thirty either."""
    strangers = ["what is the capital of France", "tell me a joke", "I forgot my password", "when does the train leave"]
    assert [MODEL.classify(text).intent for text in strangers] == [NONE] * 4


def test_everyday_texts_that_a_deployment_serves_do_not_stand_in_its_way() -> None:
    """A deployment about the weather learns the weather, although everyday texts know it as none."""
    about = [
        "will it rain today",
        "is it sunny outside",
        "what is the forecast",
        "how cold is it in Paris",
        "is a storm coming",
    ]
    model = Intents(
        {"weather": about, "joke": ["tell me a joke", "make me laugh", "say something funny", "a riddle please"]}
    )
    assert model.classify("will it rain tomorrow").intent == "weather"
    assert model.classify("how cold is it outside").intent == "weather"
    assert model.classify("refund my order").intent == NONE


def test_the_background_is_plain_and_varied() -> None:
    """Enough everyday texts, each once."""
    assert len(set(TEXTS)) == len(TEXTS) >= 150
    assert len(set(ATTACKS)) == len(ATTACKS) >= 20
