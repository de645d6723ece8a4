"""A raw mail taken apart: headers and parts, in one pass and without recursion. Pure; decodes bodies only when asked.

What is too large, too deep or in too many parts is refused by looking at the bytes, before anything is built.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from channels.mail.reading import mail_decode
from channels.mail.reading.mail_find import Finder

BYTES_LIMIT = 35_000_000
HEADER_LIMIT = 256_000
LINES_LIMIT = 5_000  # of one header
BOUNDARIES_LIMIT = 100
PARTS_LIMIT = 500
DASHES_LIMIT = 10_000
DEPTH_LIMIT = 20
TEXT_BYTES = 1_000_000  # so much of a text part is decoded


class TooMuch(Exception):
    """A mail that is not taken apart; the message names the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Header fields in their order, names in lower case, values as bytes."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def all(self, name: str) -> list[str]:
        """Give every field of a name, decoded."""
        return [mail_decode.header(value) for key, value in self.fields if key == name]

    def raws(self, name: str) -> list[str]:
        """Give every field of a name as it stands, for what has its own structure."""
        return [mail_decode.text(value, "") for key, value in self.fields if key == name]

    def one(self, name: str) -> str:
        """Give the first field of a name; empty if there is none."""
        return next((mail_decode.header(value) for key, value in self.fields if key == name), "")

    def raw(self, name: str) -> str:
        """Give the first field of a name as it stands, for what has its own structure."""
        return next((mail_decode.text(value, "") for key, value in self.fields if key == name), "")

    def has(self, name: str) -> bool:
        """Say whether there is a field of this name."""
        return any(key == name for key, _ in self.fields)


@dataclass(slots=True, kw_only=True)
class Part:
    """One part: what it says of itself, where its body stands, and which multiparts it is inside of."""

    headers: Headers
    kind: str
    parameters: dict[str, str]
    start: int
    inside: tuple[str, ...]  # the kinds around it, the outermost first
    group: int = -1  # parts of one multipart/alternative have one number
    end: int = -1
    disposition: str = ""
    filename: str = ""

    def data(self, raw: bytes, limit: int = TEXT_BYTES) -> bytes:
        """Give the decoded body, at most about `limit` bytes of it."""
        encoding = self.headers.raw("content-transfer-encoding")
        return mail_decode.transfer(raw[self.start : min(self.end, self.start + limit * 3 // 2)], encoding)[:limit]

    def size(self, raw: bytes) -> int:
        """Tell how large the decoded body is, about, without decoding it."""
        length = self.end - self.start
        coded = self.headers.raw("content-transfer-encoding").strip().lower() == "base64"
        return (length - raw.count(b"\n", self.start, self.end)) * 3 // 4 if coded else length

    @property
    def is_text(self) -> bool:
        """Say whether this part is shown as text rather than handed over as a file."""
        return self.kind in {"text/plain", "text/html"} and self.disposition != "attachment" and not self.filename


@dataclass(slots=True)
class _Level:
    boundary: bytes
    kinds: tuple[str, ...]
    group: int
    whole: Part
    parts: int = 0


@dataclass(slots=True)
class _Reader:
    raw: bytes
    parts: list[Part] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    active: dict[bytes, int] = field(default_factory=dict)  # the level of each open boundary, the innermost counts
    current: Part | None = None


def check(raw: bytes) -> None:
    """Refuse by the bytes alone. Raises TooMuch."""
    if len(raw) > BYTES_LIMIT:
        raise TooMuch("bytes")
    if raw.count(b"boundary=") + raw.count(b"Boundary=") + raw.count(b"BOUNDARY=") > BOUNDARIES_LIMIT:
        raise TooMuch("boundaries")
    if raw.count(b"message/rfc822") > BOUNDARIES_LIMIT:
        raise TooMuch("messages")
    if raw.count(b"\n--") > DASHES_LIMIT and b"multipart/" in raw.lower():
        raise TooMuch("parts")


def headers(raw: bytes) -> Headers:
    """Read the headers of a mail alone, as much of them as the limit allows. Never raises."""
    return _header_fields(raw[: 2 * HEADER_LIMIT], 0, ())[0]


def read(raw: bytes) -> list[Part]:
    """Take a mail apart; the first part holds the mail's own headers and what is no part. Raises TooMuch."""
    check(raw)
    raw = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    reader, seek = _Reader(raw), Finder(raw)
    position = _begin_part(reader, 0)
    while reader.levels and (start := _next_dashes(seek, position)) >= 0:
        position = _at_dashes(reader, seek, start)
    _end_part(reader, len(raw))
    _close_levels(reader, 0, len(raw))
    return reader.parts


def _next_dashes(seek: Finder[bytes], position: int) -> int:
    if seek.text.startswith(b"--", position) and (position == 0 or seek.text[position - 1 : position] == b"\n"):
        return position
    found = seek.find(b"\n--", position)
    return found + 1 if found >= 0 else -1


def _at_dashes(reader: _Reader, seek: Finder[bytes], start: int) -> int:
    """Look at a line of dashes: a boundary ends the part before it and, unless it is the last, begins another."""
    end = seek.find(b"\n", start)
    end = len(reader.raw) if end < 0 else end
    line = reader.raw[start + 2 : min(end, start + 300)].rstrip()
    opens = line in reader.active
    if not opens and not _is_boundary(line, reader.active):
        return end
    level = reader.active[line if opens else line[:-2]]
    _end_part(reader, start)
    _close_levels(reader, level + 1, start)
    if not opens:
        _close_levels(reader, level, start)
        return end
    reader.levels[level].parts += 1
    if len(reader.parts) >= PARTS_LIMIT:
        raise TooMuch("parts")
    return _begin_part(reader, min(end + 1, len(reader.raw)))


def _begin_part(reader: _Reader, start: int) -> int:
    """Read a part's headers; a multipart opens a level of its own. Give where the body begins."""
    given, body = _header_fields(reader.raw, start, reader.active)
    if body - start > HEADER_LIMIT or reader.raw.count(b"\n", start, body) >= LINES_LIMIT:
        raise TooMuch("header")
    part = _described(given, body, reader.levels[-1] if reader.levels else None)
    boundary = part.parameters.get("boundary", "").strip().encode("utf-8", "replace")
    if not part.kind.startswith("multipart/") or not boundary:
        part.kind = "text/plain" if part.kind.startswith("multipart/") else part.kind
        reader.current = part
        return body
    if len(reader.levels) >= DEPTH_LIMIT:
        raise TooMuch("depth")
    group = len(reader.parts) if part.kind == "multipart/alternative" else part.group
    reader.levels.append(_Level(boundary, (*part.inside, part.kind), group, part))
    reader.active[boundary] = len(reader.levels) - 1
    reader.parts.append(part)
    return body


def _described(given: Headers, body: int, level: _Level | None) -> Part:
    kind, parameters = mail_decode.parameters(given.raw("content-type"))
    disposition, more = mail_decode.parameters(given.raw("content-disposition"))
    around = level.kinds if level else ()
    if "/" not in kind:
        kind = "message/rfc822" if around and around[-1] == "multipart/digest" else "text/plain"
    filename = more.get("filename") or parameters.get("name") or ""
    return Part(
        headers=given,
        kind=kind,
        parameters=parameters,
        start=body,
        inside=around,
        group=level.group if level else -1,
        disposition=disposition,
        filename=mail_decode.words(filename) if "=?" in filename else filename,
    )


def _end_part(reader: _Reader, end: int) -> None:
    if reader.current is not None:
        reader.current.end = max(reader.current.start, end)
        reader.parts.append(reader.current)
        reader.current = None


def _close_levels(reader: _Reader, depth: int, end: int) -> None:
    """Leave multiparts. One whose boundary was never seen is taken as text."""
    while len(reader.levels) > depth:
        level = reader.levels.pop()
        reader.active = {other.boundary: at for at, other in enumerate(reader.levels)}
        level.whole.end = max(level.whole.start, end)
        if not level.parts:
            level.whole.kind = "text/plain"


def _header_fields(raw: bytes, start: int, boundaries: Container[bytes]) -> tuple[Headers, int]:
    """Read header fields; give them and where the body begins. A line that is no header begins the body."""
    fields: list[tuple[str, list[bytes]]] = []
    position = start
    for line in _lines(raw, start):
        if not line.strip() or (line.startswith(b"--") and _is_boundary(line[2:].rstrip(), boundaries)):
            break
        name, colon, value = line.partition(b":")
        if line[:1] in b" \t":
            if fields:
                fields[-1][1].append(line)
        elif colon and name.strip() and b" " not in name.strip():
            fields.append((name.strip().lower().decode("ascii", "replace"), [value]))
        elif position or not line.startswith((b"From ", b">From ")):
            break
        position += len(line)
    return Headers(fields=tuple((name, b"".join(value)) for name, value in fields)), _past_blank(raw, position)


def _lines(raw: bytes, start: int) -> Iterator[bytes]:
    """Give lines with their ends, until there are too many or they are too long for a header."""
    position = start
    for _ in range(LINES_LIMIT):
        if position >= len(raw) or position - start > HEADER_LIMIT:
            break
        end = raw.find(b"\n", position) + 1 or len(raw)
        yield raw[position:end]
        position = end


def _is_boundary(line: bytes, boundaries: Container[bytes]) -> bool:
    return line in boundaries or (line.endswith(b"--") and line[:-2] in boundaries)


def _past_blank(raw: bytes, position: int) -> int:
    if raw.startswith(b"\r\n", position):
        return position + 2
    return position + 1 if raw.startswith(b"\n", position) else position


def texts(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Give the text parts that a reader sees, those that are alternatives of each other together."""
    groups: dict[int, list[Part]] = {}
    for number, part in enumerate(parts):
        if part.end < 0 or not part.is_text or "message/rfc822" in part.inside:
            continue
        key = part.group if part.group >= 0 else -2 - number
        groups.setdefault(key, []).append(part)
    yield from groups.values()
