"""How each mail program puts a reply and what it quotes together, in text and in HTML. Pure."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

RULE = 'style="display:inline-block;width:98%" tabindex="-1"'
BORDER = 'style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What a reply quotes: who wrote when to whom about what, as text and as HTML."""

    name: str
    address: str
    to: str
    subject: str
    message_id: str
    when: datetime
    text: str
    markup: str

    @property
    def lines(self) -> list[str]:
        """The text line by line, each marked as quoted."""
        return [f"> {line}" if line and not line.startswith(">") else f">{line}" for line in self.text.split("\n")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One mail program: what it calls itself, how it names mails, and how it puts reply and quote together."""

    headers: Mapping[str, str]
    domain: str
    prefix: str
    text: Callable[[str, Quoted], str]
    markup: Callable[[str, Quoted], str] | None
    paragraph: Callable[[str], str]


def _gmail(text: str, quoted: Quoted) -> str:
    line = f"On {_day(quoted.when, '%a, %b {d}, %Y at {t}')} {quoted.name} <{quoted.address}>"
    lead = f"{line}\nwrote:" if len(line) > 71 else f"{line} wrote:"
    return "\n".join([text, "", lead, "", *quoted.lines, ""])


def _gmail_markup(own: str, quoted: Quoted) -> str:
    address = html.escape(quoted.address)
    lead = (
        f"On {_day(quoted.when, '%a, %b {d}, %Y at {t}')} {html.escape(quoted.name)}"
        f' &lt;<a href="mailto:{address}">{address}</a>&gt; wrote:<br>'
    )
    quote = f'<blockquote class="gmail_quote" {BORDER}>{quoted.markup}</blockquote>'
    attribution = f'<div dir="ltr" class="gmail_attr">{lead}</div>'
    return f'{own}<br><div class="gmail_quote gmail_quote_container">{attribution}{quote}</div>'


def _outlook(text: str, quoted: Quoted) -> str:
    head = [
        f"From: {quoted.name} <{quoted.address}>",
        f"Sent: {_day(quoted.when, '%A, %B {d}, %Y {t}')}",
        f"To: {quoted.to}",
        f"Subject: {quoted.subject}",
    ]
    return "\n".join([text, "", "_" * 32, *head, "", quoted.text, ""])


def _outlook_markup(own: str, quoted: Quoted) -> str:
    head = (
        f"<b>From:</b> {html.escape(quoted.name)} &lt;{html.escape(quoted.address)}&gt;<br>"
        f"<b>Sent:</b> {_day(quoted.when, '%A, %B {d}, %Y {t}')}<br>"
        f"<b>To:</b> {html.escape(quoted.to)}<br><b>Subject:</b> {html.escape(quoted.subject)}"
    )
    lead = f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif">{head}</font><div>&nbsp;</div></div>'
    return f'{own}<div id="appendonsend"></div><hr {RULE}>{lead}<div>{quoted.markup}</div>'


def _apple(text: str, quoted: Quoted) -> str:
    lead = f"> On {_day(quoted.when, '%b {d}, %Y, at {t}')}, {quoted.name} <{quoted.address}> wrote:"
    return "\n".join([text, "", lead, "> ", *quoted.lines, ""])


def _apple_markup(own: str, quoted: Quoted) -> str:
    name, address = html.escape(quoted.name), html.escape(quoted.address)
    when = _day(quoted.when, "%b {d}, %Y, at {t}")
    lead = f'<div>On {when}, {name} &lt;<a href="mailto:{address}">{address}</a>&gt; wrote:</div>'
    gap = '<br class="Apple-interchange-newline">'
    return f'{own}<div><br><blockquote type="cite">{lead}{gap}<div>{quoted.markup}</div></blockquote></div><br>'


def _thunderbird(text: str, quoted: Quoted) -> str:
    return "\n".join([f"On {_day(quoted.when, '%m/%d/%y {t}')}, {quoted.name} wrote:", *quoted.lines, "", text, ""])


def _thunderbird_markup(own: str, quoted: Quoted) -> str:
    lead = f"On {_day(quoted.when, '%m/%d/%y {t}')}, {html.escape(quoted.name)} wrote:<br>"
    cite = f'cite="mid:{html.escape(quoted.message_id.strip("<>"))}"'
    quote = f'<blockquote type="cite" {cite}>{quoted.markup}</blockquote>'
    return f'<div class="moz-cite-prefix">{lead}</div>{quote}{own}'


def _plain(text: str, quoted: Quoted) -> str:
    return "\n".join([text, "", f"{quoted.name} wrote:", *quoted.lines, ""])


def _day(when: datetime, form: str) -> str:
    """Write a moment as Americans do, without the zeros that `strftime` puts before days and hours."""
    clock = when.strftime("%I:%M %p").lstrip("0")
    return when.strftime(form.replace("{d}", str(when.day)).replace("{t}", clock))


def _divs(text: str) -> str:
    return "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in text.split("\n"))


def _ltr(text: str) -> str:
    return f'<div dir="ltr">{broken(text)}</div>'


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{broken(part)}</p>" for part in text.split("\n\n"))


def broken(text: str) -> str:
    """Write text as HTML, line by line."""
    return html.escape(text).replace("\n", "<br>\n")


CLIENTS = {
    "plain": Client(headers={}, domain="", prefix="Re:", text=_plain, markup=None, paragraph=broken),
    "gmail": Client(
        headers={}, domain="mail.gmail.com", prefix="Re:", text=_gmail, markup=_gmail_markup, paragraph=_ltr
    ),
    "outlook": Client(
        headers={"Accept-Language": "en-US", "X-MS-Has-Attach": "no"},
        domain="AM0PR01MB0001.eurprd01.prod.outlook.com",
        prefix="RE:",
        text=_outlook,
        markup=_outlook_markup,
        paragraph=_divs,
    ),
    "apple": Client(
        headers={"X-Mailer": "Apple Mail (2.3864.200.1)"},
        domain="",
        prefix="Re:",
        text=_apple,
        markup=_apple_markup,
        paragraph=_divs,
    ),
    "thunderbird": Client(
        headers={"User-Agent": "Mozilla Thunderbird"},
        domain="",
        prefix="Re:",
        text=_thunderbird,
        markup=_thunderbird_markup,
        paragraph=_paragraphs,
    ),
}
