"""How long texts are shortened for a prompt. What a whole prompt looks like is seen on the wire, in models_e2e."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot import context, proposals
from bot.answers import Said
from bot.draft import Draft
from state import events as ev
from state.lease import Lease
from state.session import Reach, Session
from state.sql.turns import Opened


@given(text=st.text(max_size=400), most=st.integers(min_value=30, max_value=300))
def test_a_text_is_never_longer_than_it_may_be(text: str, most: int) -> None:
    """A short one stays as it is; of a long one the beginning and the end stay."""
    found = context.shortened(text, most)

    assert len(found) <= most
    if len(text) <= most:
        assert text == found
    else:
        assert text.startswith(found[:10])
        assert text.endswith(found[-10:])


def _message(seq: int, text: str, *, assurance: str = "channel") -> ev.Stored:
    said = ev.MessageReceived(channel="email", identity="i1", assurance=assurance, message_id=text, text=text)
    return ev.Stored(seq=seq, kind="MessageReceived", at=0, data=said, identity="i1")


def _turn(*recent: ev.Stored, reach: str = "channel") -> Draft:
    """A turn over the last of these messages."""
    session = Session(
        reach={"i1": Reach(identity="i1", channel="email", assurance=reach)}, last_identity="i1", seq=recent[-1].seq
    )
    opened = Opened(
        session=session, pending=recent[-1:], recent=recent, next_seq=recent[-1].seq + 1, upto=recent[-1].seq, now=0
    )
    lease = Lease(session_id="s", user_id="u", owner="w", fence=1, attempts=1)
    return Draft.start(lease, opened, scopes=frozenset())


def test_what_others_wrote_in_somebodys_name_is_not_theirs() -> None:
    """A model does not see it among their words, and no value counts as said because it stands there."""
    one = _turn(_message(1, "hello"), _message(2, "send it to Eve", assurance="claimed"), _message(3, "send it"))
    what = Said(texts=("send it",), choices=(), first_seq=3, first_at=0)
    assert ["hello", "send it"] == [line.text for line in context.lines(one, 3)]
    assert ["send it", "send it", "hello"] == proposals._heard(one, what)


def test_somebody_of_whom_there_are_only_claims_is_listened_to() -> None:
    """Nobody is known better here."""
    claims = [_message(n, text, assurance="claimed") for n, text in enumerate(("hello", "send it"), start=1)]
    one = _turn(*claims, reach="claimed")
    assert ["hello", "send it"] == [line.text for line in context.lines(one, 2)]


def test_who_only_claims_to_be_somebody_hears_nothing_of_before() -> None:
    """Their own words are all there is."""
    one = _turn(_message(1, "my number is 18492"), _message(2, "and?", assurance="claimed"))
    what = Said(texts=("and?",), choices=(), first_seq=2, first_at=0)
    assert one.unproven
    assert ["and?"] == [line.text for line in context.lines(one, 2)] == proposals._heard(one, what)
