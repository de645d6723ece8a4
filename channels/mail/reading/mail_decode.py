"""Bytes of a mail to text: transfer encodings, character sets, encoded words, addresses, parameters. Pure.

Never fails and never calls a codec by a name that a sender chose: odd labels are guessed, bad bytes are replaced.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote_to_bytes

ADDRESSES_LIMIT = 20_000  # characters of one header that are read for addresses
BOXES_LIMIT = 1_000
FOOTER_LIMIT, FOOTER_BELOW = 2_000, 20_000  # bytes of it, lines above it
_WORD_LIMIT = 100_000
_IDS_LIMIT = 100

_SIGNS = frozenset("<>,;:")
_APART = {ord(sign): f"\0{sign}\0" for sign in '<>,;:()"\\'} | {0: ""}
_LATIN = "cp1252"  # what programs mean by Latin 1, as browsers read it
_GUESS = ""
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8", "utf8mb4"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin1", "iso8859-1", "iso_8859-1", "l1"), _LATIN),
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{number}": f"cp{number}" for number in (874, *range(1250, 1259))},
    **{f"cp{number}": f"cp{number}" for number in (437, 850, 852, 866, 874, *range(1250, 1259))},
    "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "latin2": "iso8859-2",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8", "iso-8859-6-i": "iso8859-6", "iso-8859-6-e": "iso8859-6", "logical": "iso8859-8",
    "koi8-r": "koi8-r", "koi8-u": "koi8-u", "macintosh": "mac-roman", "x-mac-roman": "mac-roman", "ibm850": "cp850",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "euc-cn": "gb18030", "gb_2312-80": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950", "big5-hkscs": "big5hkscs", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949",
    "cp949": "cp949", "iso-2022-kr": "iso2022_kr", "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932",
    "sjis": "cp932", "cp932": "cp932", "windows-31j": "cp932", "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp_ext",
    "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "utf-32": "utf-32",
}  # fmt: skip
_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso2022_jp_ext", "iso2022_kr", "hz"})
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_SPACE = b" \t\r\n"
_HOLES = bytes.maketrans(b"\x81\x8d\x8f\x90\x9d", b"?" * 5)  # what cp1252 leaves open: five bytes, each an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A name and an address as a header claims them."""

    name: str
    address: str


def text(data: bytes, charset: str) -> str:
    """Decode text by its label as far as the bytes agree; else guess."""
    codec = _CODECS.get(charset.strip(" '\"").lower().replace("_8859", "-8859"), _GUESS)
    if codec in _WIDE:
        return data.decode(codec, "replace")
    if data.isascii():
        return data.decode("ascii")
    try:
        return data.decode("utf-8")  # bytes of another set hardly ever form it, whatever the label says
    except UnicodeDecodeError:
        pass
    if codec not in {"utf-8", _GUESS, _LATIN}:
        return data.decode(codec, "replace")
    return _mended(data) if codec == "utf-8" else _latin(data)


def _latin(data: bytes) -> str:
    return data.translate(_HOLES).decode(_LATIN)


def _mended(data: bytes) -> str:
    """Tell UTF-8 with damage from another set under its name."""
    replaced = data.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    good = sum(1 for char in replaced[:10_000] if char > "\x7f" and char != "\ufffd")
    return replaced if good >= bad else _latin(data)


def transfer(data: bytes, encoding: str) -> bytes:
    """Undo a transfer encoding; what is not in it is left as it is."""
    encoding = encoding.strip().lower()
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    return base64(data) if encoding == "base64" else data


def base64(data: bytes) -> bytes:
    """Decode as much as can be decoded; text that only claims to be encoded stays text."""
    kept = data.translate(None, _NOT_BASE64)
    strange = len(data.translate(None, _SPACE + b"=")) - len(kept) + data.strip().count(b" ")
    if strange and (end := _footer(data)):
        return base64(data[:end]) + b"\n\n" + data[end:]
    if strange * 10 > len(kept):
        return data
    return binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")


def _footer(data: bytes) -> int:
    """Tell where a text begins that some list put below an encoded one; 0 if none does."""
    position = 0
    for row in data.split(b"\n", FOOTER_BELOW):
        if row.translate(None, _BASE64 + b"=\r") or not row:
            break
        position += len(row) + 1
    below = data[position : position + FOOTER_LIMIT + 1]
    is_text = any(sign in below for sign in (b" ", b"://", b"__", b"--"))
    return position if is_text and len(below) <= FOOTER_LIMIT else 0


def header(value: bytes) -> str:
    """Give a header's value in one line, encoded words read."""
    line = text(value.replace(b"\r", b"").replace(b"\n", b""), "")
    return words(line[:_WORD_LIMIT]) if "=?" in line else line.strip()


def words(line: str) -> str:
    """Read encoded words. Characters may be torn over neighbours of one set, so these are joined as bytes first."""
    out: list[str] = []
    held, charset = bytearray(), ""
    for plain, label, data in _pieces(line):
        if held and (plain.strip() or label != charset):
            out.append(text(bytes(held), charset))
            held.clear()
        if plain.strip() or not (data and charset):
            out.append(plain)
        held += data
        charset = label
    out.append(text(bytes(held), charset))
    return "".join(out).strip()


def _pieces(line: str) -> Iterator[tuple[str, str, bytes]]:
    """Give each stretch of plain text with the encoded word that follows it."""
    position = begin = 0
    while (start := line.find("=?", position)) >= 0:
        head = line[start + 2 : start + 60].split("?", 2)
        if len(head) < 3 or head[1].lower() not in {"b", "q"}:
            position = start + 2
            continue
        inside = start + 2 + len(head[0]) + 3
        if (end := line.find("?=", inside)) < 0:
            break
        yield line[begin:start], head[0].split("*", 1)[0].lower() or "utf-8", _word(head[1].lower(), line[inside:end])
        position = begin = end + 2
    yield line[begin:], "", b""


def _word(encoding: str, inside: str) -> bytes:
    data = inside.encode("utf-8", "replace")
    return base64(data) if encoding == "b" else binascii.a2b_qp(data.replace(b" ", b"=20"), header=True)


def ids(value: str) -> tuple[str, ...]:
    """Give the message ids of a header, without their brackets, and whole where a server folded them inside."""
    found = ["".join(piece.partition(">")[0].split()) for piece in value.split("<")[1:]] or value.split()
    return tuple(piece for piece in found if piece)[-_IDS_LIMIT:]


def mailboxes(value: str) -> tuple[Mailbox, ...]:
    """Read the addresses of a header: groups, comments and quoted names too. What is no address is left out."""
    found = (_mailbox(entry) for entry in _entries(value[:ADDRESSES_LIMIT]))
    return tuple(islice((mailbox for mailbox in found if mailbox), BOXES_LIMIT))


def _entries(value: str) -> Iterator[tuple[str, str]]:
    """Split at commas outside of quotes, brackets and comments; give the plain text and what stood in brackets."""
    plain: list[str] = []
    inside: list[str] = []
    within = plain
    for piece, special in _specials(value):
        if not special:
            within.append(piece)
        elif piece == "<":
            inside.clear()
            within = inside
        elif piece == ">":
            within = plain
        elif within is plain or piece == ";":
            if piece != ":" and (plain or inside):  # the text before a colon is the name of a group
                yield "".join(plain), "".join(inside)
            plain.clear()
            inside.clear()
            within = plain
    yield "".join(plain), "".join(inside)


def _specials(value: str) -> Iterator[tuple[str, bool]]:
    """Give the pieces outside of comments, and whether each is a sign with its special meaning."""
    quoted = escaped = False
    comment = 0
    for piece in value.translate(_APART).split("\0"):
        if not piece:
            continue
        if escaped:
            escaped = False
            if not comment:
                yield piece, False
        elif piece == "\\":
            escaped = True
        elif piece == '"' and not comment:
            quoted = not quoted
        elif piece in {"(", ")"} and not quoted:
            comment = max(0, comment + (1 if piece == "(" else -1))
        elif not comment:
            yield piece, not quoted and piece in _SIGNS


def _mailbox(entry: tuple[str, str]) -> Mailbox | None:
    name, address = entry
    if not address.strip():
        name, address = "", name
    local, at, domain = address.strip().rpartition("@")
    if not at or not local or not domain or not address.strip().isprintable() or " " in address.strip():
        return None
    return Mailbox(name=" ".join(name.split()), address=f"{local}@{domain.lower()}")


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split a structured header into its word and its parameters, continued and encoded ones (RFC 2231) included."""
    first, *rest = _segments(value[:ADDRESSES_LIMIT])
    given: dict[str, str] = {}
    for piece in rest[:100]:
        name, equals, content = piece.partition("=")
        if equals:
            given.setdefault(name.strip().lower(), content.strip().strip('"'))
    return first.strip().lower(), _continued(given)


def _segments(value: str) -> list[str]:
    """Split at semicolons outside of quotes."""
    pieces: list[str] = []
    for index, part in enumerate(value.split('"')):
        if index % 2:
            pieces[-1] += part
            continue
        first, *more = part.split(";")
        if pieces:
            pieces[-1] += first
        else:
            pieces.append(first)
        pieces += more
    return pieces


def _continued(given: dict[str, str]) -> dict[str, str]:
    plain = {name: value for name, value in given.items() if "*" not in name}
    for base in {name.split("*", 1)[0] for name in given if "*" in name}:
        pieces = [given.get(f"{base}*")] if f"{base}*" in given else []
        numbered = (given.get(f"{base}*{n}*", given.get(f"{base}*{n}")) for n in range(20))
        encoded = f"{base}*" in given or f"{base}*0*" in given
        whole = "".join(piece for piece in (*pieces, *numbered) if piece)
        plain[base] = _percent(whole) if encoded else whole
    return plain


def _percent(value: str) -> str:
    charset, _, rest = value.partition("'")
    _, quote, content = rest.partition("'")
    if not quote:
        charset, content = "utf-8", value
    return text(unquote_to_bytes(content.encode("utf-8", "replace")), charset)
