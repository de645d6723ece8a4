"""Builds the mails of tests/channels/mail/data from their descriptions; run as a program, says how many are read right.

Building knows nothing of the code that reads them. Run: python -m tests.channels.mail.corpus
"""

from __future__ import annotations

import base64
import difflib
import quopri
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.header import Header
from pathlib import Path
from typing import Any

import yaml

from channels.mail.reading import mail_parse

FOLDER = Path(__file__).resolve().parent / "data"
DEFAULTS: dict[str, str | list[str] | None] = {
    "From": "Kim Meyer <kim@example.com>",
    "To": "Acme Support <support@acme.example>",
    "Subject": "Re: [#18492] Your question",
    "Date": "Tue, 03 Mar 2026 10:11:12 +0100",
    "Message-ID": "<in-1@example.com>",
    "In-Reply-To": "<out-1@acme.example>",
    "References": "<out-1@acme.example>",
    "MIME-Version": "1.0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mail, what its writer said, and what kind of mail it is."""

    name: str
    raw: bytes
    text: str
    kind: str


def cases() -> Iterator[Case]:
    """Give every mail as it is, and those with two text parts once more with the HTML alone."""
    for file in sorted(FOLDER.glob("*.yaml")):
        for spec in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield _case(spec["name"], spec, spec["text"])
            if "plain" in spec and "html" in spec:
                alone = {key: value for key, value in spec.items() if key != "plain"}
                yield _case(f"{spec['name']}/html", alone, spec.get("html_text", spec["text"]))


def even(text: str) -> str:
    """Take away what does not count: white space at line ends, more than one blank line, and that around the text."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    kept = [line for index, line in enumerate(lines) if line or (index and lines[index - 1])]
    return "\n".join(kept).strip("\n")


def _case(name: str, spec: Mapping[str, Any], text: str) -> Case:
    raw = spec["raw"].encode("latin-1") if "raw" in spec else build(spec)
    return Case(name=name, raw=raw, text=even(text), kind=spec.get("class", "normal"))


def build(spec: Mapping[str, Any]) -> bytes:
    """Write a mail as a client would: headers, then one part, or several between boundaries."""
    headers = DEFAULTS | spec.get("headers", {})
    if headers["In-Reply-To"] is None:
        headers["References"] = None
    headers |= {key.title(): spec[key] for key in ("subject", "from") if key in spec}
    parts = [_text_part(spec, kind) for kind in ("plain", "html") if kind in spec]
    whole = parts[0] if len(parts) == 1 else _multipart("alternative", parts, "=_alt")
    if attached := [_attachment(item) for item in spec.get("attach", ())]:
        whole = _multipart("mixed", [whole, *attached], "=_mixed")
    return "".join(_header(name, value) for name, value in headers.items()).encode() + whole


def _header(name: str, value: str | list[str] | None) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_header(name, item) for item in value)
    written = value if value.isascii() else Header(value, "utf-8").encode(linesep="\r\n")
    return f"{name}: {written}\r\n"


def _text_part(spec: Mapping[str, Any], kind: str) -> bytes:
    charset, encoding = spec.get("charset", "utf-8"), spec.get("encoding", "8bit")
    data: bytes = spec[kind].replace("\n", "\r\n").encode(charset)
    if encoding == "base64":
        data = base64.encodebytes(data)
    elif encoding == "quoted-printable":
        data = quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    flowed = "; format=flowed" if kind == "plain" and spec.get("flowed") else ""
    label = f"Content-Type: text/{kind}; charset={spec.get('label', charset)}{flowed}\r\n"
    return f"{label}Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + data


def _attachment(item: Mapping[str, str]) -> bytes:
    head = f"Content-Type: {item['type']}\r\n"
    if "disposition" in item:
        named = f'; filename="{item["name"]}"' if "name" in item else ""
        head += f"Content-Disposition: {item['disposition']}{named}\r\n"
    return f"{head}\r\n{item['body']}".encode()


def _multipart(kind: str, parts: list[bytes], boundary: str) -> bytes:
    mark = f"\r\n--{boundary}"
    body = b"".join(f"{mark}\r\n".encode() + part for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + body + f"{mark}--\r\n".encode()


def miss(case: Case) -> str:
    """Tell what is wrong with how a mail is read; nothing when it is right."""
    found = mail_parse.preview(case.raw)
    kind = "" if found.class_ == case.kind else f"  sort: {case.kind} expected, {found.class_} found\n"
    text = even(found.text)
    if text == case.text:
        return kind
    rows = difflib.unified_diff(case.text.split("\n"), text.split("\n"), "expected", "found", lineterm="", n=1)
    return kind + "".join(f"  {row}\n" for row in rows)


def summary(misses: Iterable[tuple[str, str]], total: int) -> str:
    """Give one line for all mails, and the misses above it."""
    found = list(misses)
    shown = "".join(f"{name}\n{text}" for name, text in found)
    return f"{shown}mail corpus: {total - len(found)} of {total} mails read as expected, {len(found)} missed"


def main() -> int:
    """Print every miss and the count; 1 if there are any."""
    every = list(cases())
    misses = [(case.name, text) for case in every if (text := miss(case))]
    sys.stdout.write(f"{summary(misses, len(every))}\n")
    return 1 if misses else 0


if __name__ == "__main__":
    raise SystemExit(main())
