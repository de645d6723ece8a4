"""A summary says what a thread says, in its own words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.summaries import LONGEST_SENTENCE, summarize

THREAD = [
    "Hello! The export of our report fails since Monday. It worked before.",
    "Which browser do you use?",
    "Firefox. The export stops at 50 percent and says: export failed. Thank you!",
]


def test_what_a_thread_is_about() -> None:
    """The sentences that say most, in their order, and the topics."""
    found = summarize(THREAD, 2)
    expected = (
        "The export of our report fails since Monday.",
        "The export stops at 50 percent and says: export failed.",
    )
    assert expected == found.sentences
    assert "export" == found.topics[0]


@given(messages=st.lists(st.text(max_size=300), max_size=8), most=st.integers(1, 10))
def test_every_sentence_was_said(messages: list[str], most: int) -> None:
    """Nothing is made up, nothing stands twice, and it is never longer than wanted."""
    found = summarize(messages, most)
    said = " ".join(" ".join(message.split()) for message in messages)
    assert len(found.sentences) <= most
    assert len(set(found.sentences)) == len(found.sentences)
    assert all(sentence in said and len(sentence) <= LONGEST_SENTENCE for sentence in found.sentences)
    assert found == summarize(messages, most)
