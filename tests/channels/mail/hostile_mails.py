"""Whole mails made to stop a parser: headers, parts, encodings, character sets. `hostile` has those of text alone."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator

from tests.channels.mail.hostile import HEAD, SIZE

MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
PLAIN = HEAD + b"Content-Type: text/plain"
BOUNCE = b"From: mailer-daemon@x.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
STATUS = b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
ADDRESSED = (
    b"From", b"To", b"Cc", b"Reply-To", b"Delivered-To", b"X-Original-To", b"Envelope-To", b"X-Envelope-To",
    b"X-Forwarded-To",
)  # fmt: skip
CHARSETS = (
    "utf-7", "utf-16", "utf-32", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "gb18030", "big5-hkscs", "euc-jp",
    "shift_jis", "koi8-r", "zlib", "a" * 5_000,
)  # fmt: skip
BYTES = {"escapes": b"\x1b$B", "tildes": b"~{", "ones": b"\xff\xfe", "surrogates": b"\x00\xd8", "holes": b"\x81"}


def times(piece: bytes, size: int) -> bytes:
    """Repeat bytes up to a size."""
    return piece * (size // len(piece))


def subject(value: bytes) -> bytes:
    """Write a mail with this subject."""
    return HEAD.replace(b"Re: x", value) + b"\r\nhi\r\n"


def sender(value: bytes) -> bytes:
    """Write a mail with this sender."""
    return b"From: " + value + b"\r\nSubject: x\r\n\r\nhi\r\n"


def addressed(value: bytes) -> bytes:
    """Write a mail with this value in every header that holds addresses."""
    return b"".join(name + b": " + value + b"\r\n" for name in ADDRESSED) + b"\r\nhi\r\n"


def verdicts(value: bytes) -> bytes:
    """Write a mail with ten headers that hold verdicts."""
    return HEAD + (b"Authentication-Results: a; " + value + b"\r\n") * 10 + b"\r\nhi\r\n"


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
    "messages in multiparts": lambda n: (
        HEAD
        + b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\nContent-Type: message/rfc822\r\n\r\n" % (at, at)
            for at in range(n // 90)
        )
    ),
    "a long boundary": lambda n: (
        HEAD + b"Content-Type: multipart/mixed; boundary=" + b"b" * n + b"\r\n\r\n--b\r\n\r\nx"
    ),
    "boundaries of a part": lambda n: PLAIN + b"; boundary=b" * 90 + b"\r\n\r\n" + b"--b\r\n" * (n // 6),
    "boundaries that begin alike": lambda n: (
        HEAD
        + b"".join(
            b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n' % (b"b" * at, b"b" * at)
            for at in range(1, 20)
        )
        + times(b"--b\r\n", min(n, 1_800))
    ),
    "closing boundaries": lambda n: MIXED + times(b"--b--\r\n", n),
    "long lines of dashes": lambda n: MIXED + times(b"--" + b"b" * 295 + b"\r\n", n),
    "files": lambda n: MIXED + times(b'--b\r\nContent-Disposition: attachment; filename="x"\r\n\r\n', min(n, 27_000)),
    "parts of text": lambda n: (
        MIXED + times(b"--b\r\n\r\nOn 2026 a@b wrote:\r\n> x\r\nFrom: a\r\nTo: b\r\nSubject: c\r\n\r\n", min(n, 35_000))
    ),
    "parts of HTML": lambda n: (
        MIXED + (b"--b\r\nContent-Type: text/html\r\n\r\n" + times(b"<b>a<br>", n // 220) + b"\r\n") * 200
    ),
    "parts of HTML with styles": lambda n: (
        MIXED
        + b"".join(
            b"--b\r\nContent-Type: text/html\r\n\r\n"
            + b"".join(b'<p id=a%d style="top:%d">' % (at, at * part) for at in range(n // 5_500))
            + b"x\r\n"
            for part in range(200)
        )
    ),
    "HTML in base64": lambda n: (
        HEAD
        + b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(times(b"<p>", n * 3 // 4))
    ),
    "soft line ends": lambda n: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + times(b"=\r\n", n),
    "coded line ends": lambda n: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + times(b"=0A", n),
    "flowed without spaces": lambda n: PLAIN + b"; format=flowed; delsp=yes\r\n\r\n" + times(b"> a \r\n", n),
    "encoded subject": lambda n: subject(times(b"=?utf-8?q?a?= ", n)),
    "half encoded subject": lambda n: subject(times(b"=?utf-8?b?", n)),
    "subject of two sets": lambda n: subject(times(b"=?utf-8?q?a?==?big5?q?b?=", n)),
    "encoded names": lambda n: addressed(times(b"=?utf-8?q?x?= <x@y.z>,", n // 9)),
    "tickets": lambda n: subject(times(b"[#1] ", n)),
    "re re re": lambda n: subject(times(b"Re: ", n)),
    "many parameters": lambda n: PLAIN + b"".join(b";n%d*=x" % at for at in range(n // 9)) + b"\r\n\r\nhi\r\n",
    "percent signs": lambda n: (
        HEAD + b"Content-Disposition: attachment;filename*=utf-8''" + times(b"%41", n) + b"\r\n\r\nhi\r\n"
    ),
    "continued file name": lambda n: (
        HEAD
        + b"Content-Disposition: attachment"
        + b"".join(b";filename*%d*=utf-8''%%41" % at for at in range(n // 24))
        + b"\r\n\r\nhi\r\n"
    ),
    "many senders": lambda n: times(b"From: a@b.example\r\n", min(n, 90_000)) + b"\r\nhi\r\n",
    "ids": lambda n: (
        b"".join(
            name + b": " + times(b"<a>", n // 3) + b"\r\n" for name in (b"Message-ID", b"In-Reply-To", b"References")
        )
        + b"\r\nhi\r\n"
    ),
    "lines without a colon": lambda n: HEAD + times(b"aaaa\r\n", n),
    "a long name of a header": lambda n: b"a" * n + b": x\r\n\r\nhi\r\n",
    "lines from mailboxes": lambda n: times(b"From x\r\n", n),
    "nothing but line ends": lambda n: times(b"\r\n", n),
    "only carriage returns": lambda n: HEAD.replace(b"\n", b"") + b"\r" * n,
    "verdicts in comments": lambda n: verdicts(b"(" * (n // 10)),
    "verdicts in quotes": lambda n: verdicts(b'"' * (n // 10)),
    "verdicts": lambda n: verdicts(times(b"a=b;", n // 10)),
    "properties": lambda n: verdicts(times(b"a=b ", n // 10)),
    "recipients of a bounce": lambda n: BOUNCE + STATUS + times(b"Final-Recipient: rfc822; a@b\r\n\r\n", n),
    "fields of a bounce": lambda n: BOUNCE + STATUS + times(b"Final-Recipient: rfc822; a@b\r\n", n),
    "reports of a bounce": lambda n: BOUNCE + times(STATUS + b"Final-Recipient: rfc822; a@b\r\n\r\n", min(n, 37_000)),
    "a told bounce": lambda n: (
        b"From: mailer-daemon@x\r\n\r\n" + b"".join(b"<a%d@b>:\r\n" % at for at in range(n // 11))
    ),
    "packed": lambda n: PLAIN + b"\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"a" * n * 100) + b"\xff" * n,
    "every byte": lambda n: HEAD + b"\r\n" + bytes((at * 7919 + at * at) % 256 for at in range(n)),
}


def every(size: int = SIZE) -> Iterator[tuple[str, bytes]]:
    """Give all of them in one size, and those of addresses and character sets."""
    yield from ((name, make(size)) for name, make in MAILS.items())
    for sign in (b"a@b,", b"(", b"<", b'"', b"\\", b",", b":", b";", b"()", b"a:b@c;"):
        yield f"addresses of {sign!r}", addressed(times(sign, size // 9))
        yield f"senders of {sign!r}", sender(times(sign, size))
    for charset in CHARSETS:
        for name, piece in BYTES.items():
            yield f"{charset[:20]}: {name}", PLAIN + f"; charset={charset}\r\n\r\n".encode() + times(piece, size)
        yield f"{charset[:20]}: word", subject(b"=?" + charset.encode() + b"?b?" + times(b"gYGB", size) + b"?=")
