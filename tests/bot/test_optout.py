"""Opting out and in by keyword: exact words, in eight languages, and never for a word that answers a question."""

from __future__ import annotations

import pytest

from bot import consent, optout

CERTAIN = [
    "STOPALL", "stop all", "Unsubscribe", "UNSUBSCRIBE.", "opt-out", "Opt out!", "Abmelden", "abbestellen",
    "keine Nachrichten mehr", "Désinscrire", "désabonnement", "darme de baja", "desuscribir", "descadastrar",
    "afmelden", "uitschrijven", "disiscriviti", "cancellami", "wypisz mnie", "WYPISZ",
]  # fmt: skip
DOUBTFUL = [
    "STOP",
    "stop.",
    " Stop ",
    "stopp",
    "END",
    "quit",
    "BAJA",
    "alto",
    "parar",
    "arrêt",
    "basta",
    "koniec",
    "sair",
]
BACK = [
    "START",
    "unstop",
    "Subscribe",
    "opt in",
    "anmelden",
    "démarrer",
    "iniciar",
    "começar",
    "aanmelden",
    "inizia",
    "wznów",
]
OTHER = [
    "stop the refund", "please stop sending the invoice twice", "unsubscribe me from the pro plan", "cancel",
    "cancel it", "end date?", "stop?", "I want to quit my subscription", "no", "", "cancelar suscripción", "fine",
    "when does it start", "stop stop", "annulla",
]  # fmt: skip


@pytest.mark.parametrize("text", CERTAIN)
@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("channel", ["whatsapp", "email", "web"])
def test_a_certain_word_opts_out(text: str, busy: bool, channel: str) -> None:
    """Wherever it is said, a question open or not."""
    assert optout.wish(text, channel=channel, busy=busy, opted_out=False) is False


@pytest.mark.parametrize("text", DOUBTFUL)
def test_a_doubtful_word_opts_out_only_where_it_answers_nothing(text: str) -> None:
    """With a question open it is an answer; in the web chat, where the bot never begins, it is no opt-out at all."""
    assert optout.wish(text, channel="whatsapp", busy=False, opted_out=False) is False
    assert optout.wish(text, channel="email", busy=False, opted_out=False) is False
    assert optout.wish(text, channel="whatsapp", busy=True, opted_out=False) is None
    assert optout.wish(text, channel="web", busy=False, opted_out=False) is None


@pytest.mark.parametrize("text", BACK)
def test_who_opted_out_may_come_back(text: str) -> None:
    """For anybody else it is an ordinary word."""
    assert optout.wish(text, channel="whatsapp", busy=False, opted_out=True) is True
    assert optout.wish(text, channel="whatsapp", busy=False, opted_out=False) is None


@pytest.mark.parametrize("text", OTHER)
@pytest.mark.parametrize("opted_out", [False, True])
def test_nothing_else_is_a_keyword(text: str, opted_out: bool) -> None:
    """A sentence with such a word in it is a sentence."""
    assert optout.wish(text, channel="whatsapp", busy=False, opted_out=opted_out) is None


def test_no_certain_word_is_an_answer() -> None:
    """What the engine reads as yes or no is never taken from it."""
    assert [] == [phrase for phrase in optout.OUT if consent.yes_no(" ".join(phrase)) is not None]
    assert optout.OUT.isdisjoint(optout.OUT_OR_NO)
    assert optout.IN.isdisjoint(optout.OUT | optout.OUT_OR_NO)
