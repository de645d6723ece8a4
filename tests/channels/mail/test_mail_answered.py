"""Our letters answered by the common programs: whatever of the letter they quote, the answer alone is read."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from channels.mail.reading import mail_parse
from state.messages import Outbound
from tests.channels.mail.letters import DATE, THREAD, WRITER, YES_NO, read, reply, text_of

ANSWERS = ["1", "Yes, go ahead.", "Yes please.\n\nAnd send me the receipt.", "No!\n\nKim"]
CITATION = {"n": 1, "title": "Refunds", "url": "https://acme.example/refunds"}
LETTERS = {
    "question": reply(text="Shall we refund **49.00 USD** for 18492?", choices=YES_NO),
    "answer": reply(text="Refunds take 5 days [1].\n\n- by card\n- by transfer", citations=(CITATION,)),
    "staff": reply(text="From: our side all is well.\n\nDate: see above.", author="staff", name="Robin"),
    "nameless": reply(text="> quoted\n\nOn Monday we wrote:", thread={**THREAD, "name": None}),
}
Client = Callable[[str, str, str], tuple[str, str]]  # (answer, our text, our page) -> (their text, their page)


def quoted(text: str) -> str:
    """A text behind signs."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def lines(text: str) -> str:
    """An answer as HTML."""
    return "".join(f"<div>{line or '<br>'}</div>" for line in text.splitlines())


def gmail(answer: str, text: str, page: str) -> tuple[str, str]:
    """Gmail: the answer above an attribution, the letter in a blockquote."""
    said = "On Mon, Mar 2, 2026 at 10:14 AM Acme Support <support@acme.example> wrote:"
    theirs = (
        f'<div dir="ltr">{lines(answer)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr"'
        f' class="gmail_attr">{said.replace("<", "&lt;").replace(">", "&gt;")}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">{page}</blockquote></div>'
    )
    return f"{answer}\n\n{said}\n\n{quoted(text)}\n", theirs


def outlook(answer: str, text: str, page: str) -> tuple[str, str]:
    """Outlook: a header block, and the letter below it as it is."""
    block = (
        "From: Acme Support <support@acme.example>\nSent: Monday, March 2, 2026 10:14 AM\n"
        "To: Kim Meyer <kim@example.com>\nSubject: Re: Invoice 18492 [#1042]"
    )
    shown = "<br>".join(line.replace("<", "&lt;").replace(">", "&gt;") for line in block.splitlines())
    theirs = (
        f'<div class="WordSection1">{"".join(f"<p class=MsoNormal>{line}</p>" for line in answer.splitlines())}'
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f"<p class=MsoNormal>{shown}</p></div></div>{page}</div>"
    )
    return f"{answer}\n\n{block}\n\n{text}\n", theirs


def outlook_web(answer: str, text: str, page: str) -> tuple[str, str]:
    """Outlook on the web: a rule, then the block in German."""
    block = (
        "Von: Acme Support <support@acme.example>\nGesendet: Montag, 2. März 2026 10:14\n"
        "An: Kim Meyer <kim@example.com>\nBetreff: Re: Invoice 18492 [#1042]"
    )
    shown = "<br>".join(line.replace("<", "&lt;").replace(">", "&gt;") for line in block.splitlines())
    theirs = f'{lines(answer)}<hr style="width:98%"><div id="divRplyFwdMsg" dir="ltr">{shown}</div>{page}'
    return f"{answer}\n________________________________\n{block}\n\n{text}\n", theirs


def apple(answer: str, text: str, page: str) -> tuple[str, str]:
    """Apple Mail."""
    said = "On 2 Mar 2026, at 10:14, Acme Support <support@acme.example> wrote:"
    theirs = (
        f'{lines(answer)}<div><br><blockquote type="cite"><div>{said.replace("<", "&lt;").replace(">", "&gt;")}</div>'
        f'<br class="Apple-interchange-newline"><div>{page}</div></blockquote></div>'
    )
    return f"{answer}\n\n> {said}\n> \n{quoted(text)}\n", theirs


def thunderbird(answer: str, text: str, page: str) -> tuple[str, str]:
    """Thunderbird, which lets people write above."""
    theirs = (
        f'<p>{"<br>".join(answer.splitlines())}</p><div class="moz-cite-prefix">Am 02.03.26 um 10:14 schrieb'
        f' Acme Support:<br></div><blockquote type="cite" cite="mid:x@acme.example">{page}</blockquote>'
    )
    return f"{answer}\n\nAm 02.03.26 um 10:14 schrieb Acme Support:\n{quoted(text)}\n", theirs


def bare(answer: str, text: str, page: str) -> tuple[str, str]:
    """A program that quotes without a word: only our own line tells where the letter begins."""
    return f"{answer}\n\n{text}", f"{lines(answer)}{page}"


CLIENTS: list[Client] = [gmail, outlook, outlook_web, apple, thunderbird, bare]


def answer_of(letter: EmailMessage, client: Client, answer: str, *, page_only: bool) -> bytes:
    """A reply to our letter."""
    text, page = client(answer, text_of(letter), text_of(letter, "html"))
    mail = EmailMessage()
    mail["From"], mail["To"] = "Kim Meyer <kim@example.com>", letter["Reply-To"]
    mail["Subject"] = f"Re: {str(letter['Subject']).removeprefix('Re: ')}"
    mail["In-Reply-To"] = str(letter["Message-ID"])
    if not page_only:
        mail.set_content(text)
        mail.add_alternative(f"<html><body>{page}</body></html>", subtype="html")
    else:
        mail.set_content(f"<html><body>{page}</body></html>", subtype="html")
    return mail.as_bytes()


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("page_only", [False, True])
def test_an_answer_is_read_without_the_letter(client: Client, name: str, page_only: bool) -> None:
    """By text and by HTML; the answer leads back by its reply address, its references and its subject."""
    letter: Outbound = LETTERS[name]
    ours = read(WRITER.write(letter, date=DATE).raw)
    for answer in ANSWERS:
        seen = mail_parse.preview(answer_of(ours, client, answer, page_only=page_only), ours={"support@acme.example"})
        assert answer.split() == seen.text.split()
        assert "normal" == seen.class_
        assert letter.id == WRITER.tokens.outbox_id(seen.in_reply_to[0])
        assert "1042" in seen.tags
        assert WRITER.tokens.check(WRITER.tokens.token_of(seen.recipients[0]) or "", "kim@example.com") is not None
