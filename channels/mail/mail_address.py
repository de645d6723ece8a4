"""The spelling of an e-mail address by which a person is known. Pure; proves nothing about who writes."""

from __future__ import annotations

import idna

LONGEST = 254
LONGEST_LOCAL = 64
UNPROVEN = "?"  # before an address that nobody has proven: an identity of its own, never the real owner's


def normal(address: str) -> str | None:
    """Give an address in lower case with its domain in IDNA form, None for what is no address.

    One with a second `@` is none: mail servers do not agree whose it is. Letters outside ASCII in the local part stay
    as they are, since some of them would turn into ASCII ones.
    """
    local, _, domain = address.strip().rpartition("@")
    local = local.lower() if local.isascii() else local
    named = host(domain)
    found = f"{local}@{named}"
    if not local or not named or len(found) > LONGEST or not found.isprintable():
        return None
    return None if "@" in local or _BAD.intersection(found) else found


_BAD = frozenset(' <>()[],;:\\"?')  # "?" is ours; as part of a real address nobody uses it


def host(domain: str) -> str:
    """Give a domain in lower case and IDNA form; empty for what is none."""
    domain = domain.rstrip(".")
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""


def split(address: str) -> tuple[str, str]:
    """Give local part and domain."""
    local, _, domain = address.rpartition("@")
    return local, domain


def claimed(address: str) -> str:
    """Give the name under which somebody is known who only says that this is their address."""
    return f"{UNPROVEN}{address}"


def real(address: str) -> str:
    """Give the address to write to, for a proven and for an unproven name alike."""
    return address.removeprefix(UNPROVEN)


def name(address: str) -> str:
    """Spell an identity's address as it is kept, the mark of an unproven one included; empty for what is none."""
    found = normal(real(address)) or ""
    return claimed(found) if found and address.startswith(UNPROVEN) else found


def plus(address: str, tag: str) -> str:
    """Give one of our address's own sub-addresses."""
    local, domain = split(address)
    return f"{local}+{tag}@{domain}"


def tag(address: str, ours: str) -> str | None:
    """Give what stands behind the plus of a sub-address of ours; empty for our address itself, None for others."""
    local, domain = split(address.strip().lower())
    own, own_domain = split(ours)
    if domain.rstrip(".") != own_domain:
        return None
    if local == own:
        return ""
    return local[len(own) + 1 :] if local.startswith(f"{own}+") else None
