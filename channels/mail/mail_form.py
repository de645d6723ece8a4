"""Forms as mail providers post them, with whole mails and files in them: urlencoded or multipart. Pure, linear.

aiohttp reads forms too, but under a limit of the whole application, and from the request only; a signature needs the
bytes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from channels.mail.reading import mail_decode

FIELDS_LIMIT = 1_000
HEADER_LIMIT = 16_000
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `filename` is None unless it is a file."""

    name: str
    data: bytes
    filename: str | None = None
    kind: str = "text/plain"

    @property
    def text(self) -> str:
        """Give its value as text; bytes that are no UTF-8 are replaced, surrogates cannot come out."""
        return self.data.decode("utf-8", "replace")


Form = tuple[Field, ...]


def read(body: bytes, content_type: str) -> Form:
    """Read a form by what its header says it is. Raises ValueError for what is none, or has too many fields."""
    kind, parameters = mail_decode.parameters(content_type)
    if kind.lower() == MULTIPART:
        boundary = parameters.get("boundary", "")
        if not 0 < len(boundary) <= 200 or not boundary.isascii():
            raise ValueError("the form names no boundary")
        return tuple(_multipart(body, boundary.encode()))
    if kind.lower() == URLENCODED:
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
        return tuple(Field(name=name, data=value.encode("utf-8", "replace")) for name, value in pairs)
    raise ValueError("the body is no form")


def _multipart(body: bytes, boundary: bytes) -> Iterator[Field]:
    mark = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(mark, FIELDS_LIMIT + 1)
    if len(pieces) < 2 or len(pieces) > FIELDS_LIMIT:
        raise ValueError("the form does not come apart at its boundary")
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return
        head, blank, data = piece.partition(b"\r\n\r\n")
        if not blank or len(head) > HEADER_LIMIT:
            raise ValueError("a field of the form has no header")
        if field := _field(head, data):
            yield field


def _field(head: bytes, data: bytes) -> Field | None:
    told = dict[str, str]()
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        told.setdefault(name.strip().lower().decode("ascii", "replace"), value.strip().decode("utf-8", "replace"))
    disposition, parameters = mail_decode.parameters(told.get("content-disposition", ""))
    if disposition.lower() != "form-data" or "name" not in parameters:
        return None
    kind, _ = mail_decode.parameters(told.get("content-type", "text/plain"))
    return Field(name=parameters["name"], data=data, filename=parameters.get("filename"), kind=kind.lower())


def value(form: Form, *names: str) -> str:
    """Give the first of some fields that is there; empty if none is."""
    found = {field.name.lower(): field.text for field in reversed(form) if field.filename is None}
    return next((found[name.lower()] for name in names if found.get(name.lower())), "")


def data(form: Form, name: str) -> bytes:
    """Give a field's bytes; empty if it is not there."""
    return next((field.data for field in form if field.name == name), b"")
