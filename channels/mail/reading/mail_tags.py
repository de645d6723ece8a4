"""What an HTML tag means for the text inside it: hidden, quoted, a signature, an attribution. Pure; keeps nothing."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from channels.mail.reading.mail_patterns import compiled, has

TAG_LIMIT = 4_000
OPEN, CLOSE, EMPTY, BREAK, PICTURE, ITEM, IGNORED, RAW_TEXT = range(8)
HIDDEN, QUOTE, CITE, SIGNATURE, ATTRIBUTION, PRE, CUT, TIGHT, REPLY, IN_REPLY, RULED = (1 << bit for bit in range(11))
LASTING = HIDDEN | QUOTE | CITE | SIGNATURE | ATTRIBUTION | PRE | REPLY  # what holds for everything inside

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_RAW = frozenset({"script", "style", "title", "textarea", "template", "noembed", "noframes", "iframe", "xmp"})
ENDS = {name: (f"</{name}", f"</{name.upper()}", f"</{name.title()}") for name in _RAW}
_BLOCKS = frozenset({
    "address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figure", "footer",
    "form", "header", "hr", "html", "legend", "li", "main", "nav", "section", "table", "tbody", "tfoot", "thead", "tr",
})  # fmt: skip
_APART = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "ul"})
_ITEMS = frozenset({"ol", "ul", "li", "td", "th", "tr", "table"})
_UNSEEN = frozenset({"select", "datalist", "svg", "math", "audio", "video", "canvas"})


_NONE = r"(?:px|pt|em|rem|%)?(?:[;! ]|$)"
_NAMES = ("style", "class", "id", "name", "type", "alt")
_INVISIBLE = compiled(
    rf"display:none|visibility:(?:hidden|collapse)|font-size:[01]{_NONE}|opacity:0(?:\.0+)?(?:[;! ]|$)|mso-hide:all"
    r"|(?:^|;)color:transparent|text-indent:-[0-9]{3}|(?:^|;)(?:left|top|right):-[0-9]{3}"
    rf"|(?:height|width):0{_NONE}.*overflow:hidden|overflow:hidden.*(?:height|width):0{_NONE}"
)
# No tag without one of these has a meaning of its own, and most have none: this saves reading their attributes.
_TELLING = compiled(
    r"(?i)hidden|display|visib|font-size|opacity|mso|transparent|indent|left|top|right|overflow|margin|gmail|moz-|yahoo"
    r"|border-top|proton|outlook|signature|quote|cite|reply|rply|olk_|mail-editor|iosymail|\bqt\b"
)
_BORDER = compiled(r"border-left:[^;]*(?:solid|[1-9])|border-left-width:[1-9]")
_RULE = compiled(r"border(?:-left)?:(?:none|medium none).*border-top:[^;]*solid")
_NO_MARGIN = compiled(r"(?:^|;)margin(?:-top|-bottom)?:0[a-z]*(?:[ ;]|$)")
_CLASSES = {
    "gmail_quote": REPLY, "gmail_quote_container": REPLY,
    "gmail_attr": ATTRIBUTION, "moz-cite-prefix": ATTRIBUTION, "yahoo-quoted-begin": ATTRIBUTION,
    "gmail_signature": SIGNATURE, "gmail_signature_prefix": SIGNATURE, "moz-signature": SIGNATURE,
    "protonmail_signature_block": SIGNATURE, "yahoo-signature": SIGNATURE, "ms-outlook-mobile-signature": SIGNATURE,
    "outlookmessageheader": CUT, "ms-outlook-mobile-reference-message": CUT,
    "msonormal": TIGHT, "msoplaintext": TIGHT, "msolistparagraph": TIGHT,
}  # fmt: skip
_IDS = {
    "divrplyfwdmsg": CUT, "olk_src_body_section": CUT, "mail-editor-reference-message-container": CUT,
    "reply-intro": ATTRIBUTION, "signature": SIGNATURE, "ms-outlook-mobile-signature": SIGNATURE,
    "composer_signature": SIGNATURE, "applemailsignature": SIGNATURE, "qt": CITE, "blockquote_zmail": CITE,
}  # fmt: skip


class Tag(NamedTuple):
    """A tag that has been read: what to do, for which element, with which flags and how much space around it."""

    action: int
    name: str
    flags: int = 0
    gap: int = 0
    alt: str = ""


def read(tag: str, hidden: AbstractSet[str], *, closely: bool = True) -> Tag:
    """Read the inside of a tag. `hidden`: selectors that a style sheet hides; `closely`: its attributes too."""
    if tag[:1] in {"!", "?"}:
        return Tag(IGNORED, "")
    name = _name_of(tag)
    gap = 2 if name in _APART else 1 if name in _BLOCKS else 0
    if tag[:1] == "/":
        return Tag(CLOSE, name, gap=gap)
    if name in _RAW or name == "br":
        return Tag(RAW_TEXT if name in _RAW else BREAK, name)
    return _opening(tag, name, gap, hidden, closely=closely)


def _opening(tag: str, name: str, gap: int, hidden: AbstractSet[str], *, closely: bool) -> Tag:
    empty = name in _VOID or (tag.endswith("/") and ":" in name)
    if not closely or not (hidden or has(_TELLING, tag) or (name == "img" and not tag.isascii())):
        return _plain(name, gap, empty=empty)
    given = _attributes(tag)
    if name == "img":
        return Tag(PICTURE, name, alt=_emoji(given.get("alt", "")))
    flags = _meaning(name, given, hidden)
    gap = min(gap, 1) if flags & TIGHT else gap
    return Tag(EMPTY, name, 0, gap) if empty else Tag(ITEM if name in _ITEMS else OPEN, name, flags & ~TIGHT, gap)


@lru_cache(maxsize=512)
def _plain(name: str, gap: int, *, empty: bool) -> Tag:
    """Give the tag without attributes."""
    return (
        Tag(EMPTY, name, 0, gap)
        if empty
        else Tag(ITEM if name in _ITEMS else OPEN, name, _meaning(name, {}, frozenset()), gap)
    )


def _name_of(tag: str) -> str:
    head = tag[:24].split(None, 1)
    return head[0].strip("/").lower() if head else ""


def _emoji(alt: str) -> str:
    """Keep what stands for a character; other words in a picture nobody sees."""
    return alt if len(alt) <= 8 and not alt.isascii() and not any(char.isalnum() for char in alt) else ""


def _attributes(tag: str) -> dict[str, str]:
    """Give those attributes that matter here; of two with one name the first, as browsers do."""
    tag = _lower(tag[:TAG_LIMIT]).replace("\n", " ").replace(" =", "=").replace("= ", "=")
    found = {name: value for name in _NAMES if (value := _value(tag, f" {name}="))}
    if " hidden" in tag and (f"{tag} ".replace("/", " ").replace("=", " ").find(" hidden ") > 0):
        found["hidden"] = ""
    return found


def _value(tag: str, mark: str) -> str:
    start = tag.find(mark) + len(mark)
    if start < len(mark):
        return ""
    quote = tag[start : start + 1]
    if quote in {'"', "'"}:
        return tag[start + 1 :].split(quote, 1)[0]
    return tag[start:].split(" ", 1)[0].rstrip("/")


def _lower(tag: str) -> str:
    """Put ASCII into lower case and leave the rest, whose length could change."""
    return tag.lower() if tag.isascii() else "".join(char.lower() if char.isascii() else char for char in tag)


def _meaning(name: str, given: dict[str, str], hidden: AbstractSet[str]) -> int:
    """Tell what an element makes of the text inside it."""
    flags = HIDDEN if name in _UNSEEN or name in hidden else PRE if name == "pre" else 0
    style = given.get("style", "").replace(": ", ":").replace("; ", ";").replace(" :", ":")
    if "hidden" in given or (style and has(_INVISIBLE, style)) or _selected(given, hidden):
        flags |= HIDDEN
    for word in given.get("class", "").split()[:20]:
        flags |= _CLASSES.get(word.removeprefix("x_"), 0)
    flags |= _IDS.get(given.get("id", "").removeprefix("x_"), 0)
    if "yahoo_quoted" in given.get("class", "") or "yahoo_quoted" in given.get("id", ""):
        flags |= CITE  # behind a prefix that changes
    if name == "blockquote":
        flags = flags & ~REPLY | _blockquote(given, style)
    elif name == "div" and given.get("name") == "quote":
        flags |= CITE
    elif name == "div" and "border-top:" in style and has(_RULE, style):
        flags |= RULED
    elif name == "p" and style and has(_NO_MARGIN, style):
        flags |= TIGHT
    return flags


def _blockquote(given: dict[str, str], style: str) -> int:
    """Tell a program's quote from one that a person made to indent something."""
    named = given.get("class", "") + given.get("id", "")
    if "gmail_quote" in named:
        return IN_REPLY | QUOTE  # its button for quoting makes the same
    if given.get("type") == "cite" or "quote" in named or "cite" in named or "iosymail" in named:
        return CITE
    return CITE if style and has(_BORDER, style) else QUOTE


def _selected(given: dict[str, str], hidden: AbstractSet[str]) -> bool:
    classes = [f".{word}" for word in given.get("class", "").split()[:20]]
    return any(mark in hidden for mark in (*classes, f"#{given.get('id', '')}"))


def hidden_by(sheet: str) -> set[str]:
    """Give the plain selectors (`.a`, `#b`, `p`) that a style sheet hides; what stands inside @media is left out."""
    found: set[str] = set()
    depth, selector = 0, ""
    for piece in sheet.lower().replace("}", "\0}\0").replace("{", "\0{\0").split("\0")[:2_000]:
        if piece in {"{", "}"}:
            depth = max(0, depth + (1 if piece == "{" else -1))
        elif depth == 0:
            selector = piece
        elif depth == 1 and "@" not in selector and _hides(piece):
            found.update(name for part in selector.split(",") if (name := part.strip()) and " " not in name)
    return found - {"body", "html", "div", "p", "span", "td", "table"}


def _hides(rules: str) -> bool:
    return has(_INVISIBLE, rules[:TAG_LIMIT].replace(": ", ":").replace("; ", ";").strip())
