"""Keywords by which a person opts out of being written to, or in again. Pure: exact words of a list, nothing guessed.

Some of them are also a no to a question ("stop", "end"); then they count as that, and an unambiguous word is needed.
"""

from __future__ import annotations

from bot import words

BY_HAND = frozenset({"web"})  # where the bot cannot begin to speak: a bare "stop" means what is being done


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words.words(phrase)) for phrase in text.split(","))


OUT = _phrases("""
    stopall, stop all, unsubscribe, unsubscribe me, opt out, optout, opt-out, stop messages, stop messaging me,
    stop promotions, stop writing to me, remove me, revoke, abmelden, abbestellen, austragen, bitte abmelden,
    keine nachrichten mehr, alles stopp, désinscrire, me désinscrire, désabonner, me désabonner, désinscription,
    désabonnement, arrêter tout, stop tout, darse de baja, darme de baja, desuscribir, desuscribirme, descadastrar,
    afmelden, uitschrijven, meld me af, stop alles, disiscriviti, disiscrivimi, cancellami, wypisz, wypisz mnie,
    wyrejestruj
""")
"""Words that mean nothing else. What may mean to give up a plan with the company is not among them."""

OUT_OR_NO = _phrases("""
    stop, stopp, end, quit, baja, alto, parar, pare, arret, arrêt, arrêter, basta, koniec,
    rezygnuję, ende, sair, salir, remover
""")
"""Words that are also a no, or something of the task at hand."""

IN = _phrases("""
    start, unstop, subscribe, resubscribe, opt in, optin, opt-in, anmelden, wieder anmelden, starten, démarrer,
    réinscrire, commencer, s'abonner, iniciar, empezar, suscribirse, alta, começar, inscrever, aanmelden, beginnen,
    inizia, iscrivimi, avvia, zapisz, zapisz mnie, wznów
""")


def wish(text: str, *, channel: str, busy: bool, opted_out: bool) -> bool | None:
    """True when the whole text opts in, False when it opts out, None when it is anything else.

    `busy`: a question is open or a task under way, to which a bare "stop" belongs. Opting in needs having opted out.
    """
    said = tuple(words.words(text))
    if said in OUT:
        return False
    if said in OUT_OR_NO and not busy and channel not in BY_HAND:
        return False
    return True if opted_out and said in IN else None
