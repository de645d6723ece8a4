"""Recognises what stands around a text that nobody wrote by hand, or that signs it. Pure, linear.

Lines that programs add, closings, contact lines, legal notices, warnings above a mail; every look at a line is bounded.
"""

from __future__ import annotations

from channels.mail.reading import mail_words as words
from channels.mail.reading.mail_marks import LINE_LIMIT
from channels.mail.reading.mail_patterns import compiled, has

_MACHINE = compiled(f"^(?:{words.MACHINE})$")
_CLOSING = compiled(f"^(?:{words.CLOSINGS})$")
_CONTACT, _SURE_CONTACT = compiled(words.CONTACT), compiled(words.SURE_CONTACT)
_REFERENCE = compiled(words.REFERENCES)
_SECRECY = compiled(words.SECRECY)
_NOTICE = tuple(compiled(group) for group in words.NOTICE)
_SELF = compiled(words.SELF)
_MINE = compiled(rf"(?:^|[^\pL])(?:{words.MINE})(?:[^\pL']|$)")
_CAPITALS = compiled(rf"(?:^|[^\pL])(?:{words.CAPITALS})(?:[^\pL']|$)")
_MODEL = compiled(r"^(?:Sent|Posted|Written) from my \p{Lu}[^ ]*(?: [\p{Lu}0-9][^ ]*){0,4}$")
_ADVERT = compiled(words.ADVERT)
_SIGNED = compiled(r"^-{1,2}\p{Lu}[\pL.']+(?: (?:de|van|von|der|den|la|le|di|da|dos|y)){0,2}(?: \p{Lu}[\pL.'-]*){1,3}$")
_SCANNED = compiled(words.SCANNED)
_HEADINGS = frozenset(words.HEADINGS.split("|"))
_BANNER = compiled(words.BANNER)
_BANNER_GROUPS = tuple(compiled(group) for group in words.BANNER_GROUPS)
_LINK_END = compiled(r" ?[<\[(]?https?://[^ ]{1,300}[>\])]?")


def is_machine_made(line: str) -> bool:
    """Say whether a mail program wrote this line below the text: "Sent from my iPhone"."""
    if len(line) > LINE_LIMIT:
        return False
    bare = _LINK_END.sub("", line).replace("[", "").replace("]", "") if "http" in line else line
    linked = len(bare) < len(line) and ("<http" in line or "(http" in line)
    bare = " ".join(bare.split()).strip("\"'*_ ()<>[]").rstrip(".!")
    if line == "\u1427" or (len(bare) < 80 and has(_MODEL, bare)):  # the former: a tracker's
        return True
    bare = bare.lower()
    return 4 < len(bare) <= 160 and (has(_MACHINE, bare) or (linked and has(_ADVERT, bare)))


def is_closing(line: str) -> bool:
    """Say whether a line is nothing but a closing: "Kind regards,"."""
    if len(line) >= 60:
        return False
    bare = line.strip()
    while bare and not bare[-1].isalnum():
        bare = bare[:-1]  # commas, and pictures
    return bool(bare) and has(_CLOSING, bare.lower())


def is_contact(line: str) -> bool:
    """Say whether a line holds a phone number, an address, a company's form or register."""
    return has(_CONTACT, line[:200].lower())


def is_sure_contact(line: str) -> bool:
    """Say whether a line holds one for sure: a number that begins with 0 may be any number."""
    return has(_SURE_CONTACT, line[:200].lower())


def is_prose(line: str) -> bool:
    """Say whether a line reads like a sentence to us rather than like part of a signature."""
    if len(line) > 120 or line.endswith("?") or has(_REFERENCE, line[:200].lower()):
        return True
    return len(line.split()) >= 8 and line.endswith((".", "!", ":", ","))


def is_signed_name(line: str) -> bool:
    """Say whether a line is a dash and a name of two words or more: "-Kim Meyer"."""
    return len(line) < 60 and has(_SIGNED, line.replace("\u2019", "'"))


def is_heading(line: str) -> bool:
    """Say whether a line is nothing but the heading of a legal notice."""
    return line.strip("*_ :.").lower() in _HEADINGS


def is_banner(paragraph: str) -> bool:
    """Say whether a mail server wrote this above a mail from outside: where it is from, and to take care."""
    if not 60 <= len(paragraph) <= 800 or is_personal(paragraph):
        return False
    lower = paragraph.strip("[]*_ ").lower()
    return has(_BANNER, lower) and all(has(group, lower) for group in _BANNER_GROUPS)


def is_personal(text: str) -> bool:
    """Say whether somebody speaks of themselves."""
    return has(_CAPITALS, text) or has(_MINE, text.lower())


def is_told(line: str) -> bool:
    """Say whether a line inside a signature is a sentence in which somebody speaks of themselves."""
    return 30 < len(line) <= LINE_LIMIT and is_prose(line) and is_personal(line)


def is_meant(line: str) -> bool:
    """Say whether a line speaks of its writer, or names what our work is about: an order, an invoice."""
    return is_personal(line[:LINE_LIMIT]) or has(_REFERENCE, line[:LINE_LIMIT].lower())


def is_notice(paragraph: str) -> bool:
    """Say whether a paragraph is a legal notice: about secrecy, two more things at least, and never "me"."""
    if not 90 <= len(paragraph) <= 5_000:
        return False
    lower = paragraph.lower()
    if has(_SCANNED, lower):
        return True
    if not has(_SECRECY, lower) or not has(_SELF, lower) or is_personal(paragraph):
        return False
    return sum(has(group, lower) for group in _NOTICE) >= 2
