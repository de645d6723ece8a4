"""Mails and texts made to stop a parser, each about as large as asked for. Shared by the tests and bench/mail.py."""

from __future__ import annotations

from collections.abc import Callable

HEAD = b"From: kim@example.com\r\nTo: support@acme.example\r\nSubject: Re: x\r\nMessage-ID: <a@example.com>\r\n"
SIZE = 100_000


def filled(piece: str, size: int) -> str:
    """Repeat a piece up to a size."""
    return piece * (size // len(piece))


def numbered(template: str, size: int) -> str:
    """Repeat a template with another number each time, so that nothing can be remembered."""
    return "".join(template.replace("N", str(number)) for number in range(size // (len(template) + 4)))


PLAIN: dict[str, Callable[[int], str]] = {
    "on on on": lambda n: filled("On ", n),
    "on lines": lambda n: filled("On\n", n),
    "attributions": lambda n: filled("On 2026 a@b wrote:\n", n),
    "openings": lambda n: filled("On 2.3.2026 11:11 x\n", n),
    "colons": lambda n: filled("a:\n", n),
    "from lines": lambda n: filled("From:\n", n),
    "from and to": lambda n: filled("From: a\nTo: b\n", n),
    "header blocks": lambda n: filled("From: a@b\nDate: 2026\nSubject: x\n\n", n),
    "one long >": lambda n: ">" * n,
    "lines of >": lambda n: filled(">\n", n),
    "quote, answer": lambda n: filled("> a\nb\n", n),
    "signatures": lambda n: filled("-- \na\n", n),
    "dashes": lambda n: filled("-----\n", n),
    "originals": lambda n: filled("-----Original Message-----\n", n),
    "blank lines": lambda n: "\n" * n,
    "short lines": lambda n: filled("a\n", n),
    "sent from": lambda n: filled("Sent from my iPhone\n", n),
    "closings": lambda n: filled("Best regards\n", n),
    "notices": lambda n: filled("confidential recipient error delete " * 8 + "\n\n", n),
    "open links": lambda n: filled("<http://a\n", n),
    "deeper and deeper": lambda n: "\n".join(">" * depth for depth in range(int((2 * n) ** 0.5))),
    "addresses": lambda n: filled("a@", n) + " wrote:",
    "zero width": lambda n: filled("\u200b", n),
    "emoji": lambda n: filled("\U0001f600\n", n),
}

HTML: dict[str, Callable[[int], str]] = {
    "comments": lambda n: filled("<!--", n),
    "empty comments": lambda n: filled("<!-->", n),
    "half tags": lambda n: filled("<a", n),
    "bold": lambda n: filled("<b>", n),
    "paragraphs": lambda n: filled("<p>", n),
    "blocks": lambda n: filled("<div>", n),
    "ends": lambda n: filled("</div>", n),
    "quotes": lambda n: filled("<blockquote>", n),
    "cells": lambda n: filled("<td>x", n),
    "items": lambda n: filled("<li>x", n),
    "brackets": lambda n: filled("<", n),
    "brackets and words": lambda n: filled("< b", n),
    "ids": lambda n: numbered("<p id=N>", n),
    "styles": lambda n: numbered('<p style="color:N">', n),
    "signs of quotes": lambda n: numbered("<p class=quoteN>", n),
    "one long tag": lambda n: f"<p {filled('a=1 ', n)}>",
    "open attributes": lambda n: filled('<a title="', n),
    "brackets in attributes": lambda n: filled('<a t=">', n),
    "two kinds of quotes": lambda n: filled("<a t='>", n),
    "style sheets": lambda n: filled("<style></style>", n) + "</STYLE>",
    "hiding style sheets": lambda n: numbered("<style>.aN{display:none}</style><b>", n),
    "unclosed styles": lambda n: filled("<style>", n),
    "ampersands": lambda n: filled("&", n),
    "references": lambda n: filled("&amp;", n),
    "long numbers": lambda n: f"&#{filled('1', n)};",
    "many long numbers": lambda n: filled("&#11111111", n),
    "breaks": lambda n: filled("x<br>", n),
    "wrong ends": lambda n: filled("<a>", n // 2) + filled("</b>", n // 2),
    "nested": lambda n: filled("<div>", n // 2) + filled("</div>", n // 2),
    "cited": lambda n: filled("<blockquote type=cite>x</blockquote>y", n),
    "preformatted": lambda n: "<pre>" + filled("a\n", n),
    "pictures": lambda n: numbered('<img alt="N">', n),
}


def nested(depth: int) -> bytes:
    """Nest multiparts, each with a boundary of its own."""
    parts = (
        f'Content-Type: multipart/mixed; boundary="{level}"\r\n\r\n--{level}\r\n'.encode() for level in range(depth)
    )
    return HEAD + b"".join(parts)


MAILS: dict[str, Callable[[int], bytes]] = {
    "nested multiparts": lambda n: nested(n // 60),
    "nested with one boundary": lambda n: (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * (n // 48)
    ),
    "flat parts": lambda n: HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n" + b"\r\n--b\r\n\r\n" * (n // 9),
    "parts with headers": lambda n: (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nX: y\r\n" * (n // 11)
    ),
    "nested messages": lambda n: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * (n // 32),
    "one long header": lambda n: HEAD + b"X: " + b"a" * n + b"\r\n\r\nhi\r\n",
    "folded header": lambda n: HEAD + b"X: a" + b"\r\n a" * (n // 4) + b"\r\n\r\nhi\r\n",
    "many headers": lambda n: HEAD + b"X: a\r\n" * (n // 6) + b"\r\nhi\r\n",
    "comments in from": lambda n: b"From: " + b"(" * n + b"\r\nSubject: x\r\n\r\nhi\r\n",
    "recipients": lambda n: HEAD + b"Cc: " + b"a@b.example, " * (n // 13) + b"\r\n\r\nhi\r\n",
    "encoded words": lambda n: HEAD + b"X: y\r\nSubject: " + b"=?utf-8?q?" * (n // 10) + b"\r\n\r\nhi\r\n",
    "parameters": lambda n: HEAD + b"Content-Type: text/plain" + b';a="' * (n // 4) + b"\r\n\r\nhi\r\n",
    "continued parameters": lambda n: (
        HEAD + b"Content-Type: text/plain" + b"".join(b";n*%d=x" % at for at in range(n // 9)) + b"\r\n\r\nhi\r\n"
    ),
    "lines of dashes": lambda n: HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--c\r\n" * (n // 5),
    "base64": lambda n: HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A \r\n" * (n // 4),
    "quoted-printable": lambda n: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * n,
    "punycode": lambda n: HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * (n // 2),
    "flowed": lambda n: HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \n" * (n // 3),
    "references": lambda n: HEAD + b"References: " + b"<a@b> " * (n // 6) + b"\r\n\r\nhi\r\n",
    "authentication results": lambda n: (
        HEAD + b"Authentication-Results: a" + b"; dkim=pass" * (n // 11) + b"\r\n\r\nhi\r\n"
    ),
}


def as_mail(text: str, kind: str) -> bytes:
    """Put a text into a mail of its own."""
    return HEAD + f"Content-Type: text/{kind}; charset=utf-8\r\n\r\n".encode() + text.encode()
