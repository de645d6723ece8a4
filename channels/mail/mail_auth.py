"""Who vouches for the `From` of a mail: our own mail server's word, or our own check of its signature. Decides no more.

`From` is a claim. It counts as proven only for the domain of its one mailbox, and only by one of these:

- `Authentication-Results`, the topmost header of that name, when it bears our own server's id (`EMAIL_AUTHSERV_ID`):
  `dmarc=pass` for this very domain, or `dkim=pass` or `spf=pass` for a domain that belongs with it. A `dmarc=fail`
  there outweighs both. Any other header of that name is anybody's word, one with our id further down too.
- Without that setting, and with the extra `requirements/mail-auth.txt`: a valid DKIM signature over the whole body by
  a domain that belongs with it (strictly, when the domain's DMARC record asks for that). The extra is imported here
  only, and its network is a function that tests replace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog

from channels.mail import mail_address
from channels.mail.reading.mail_mime import BYTES_LIMIT
from channels.mail.reading.mail_verdicts import AuthResults, Verdict

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MOST_SIGNATURES = 3
DNS_S = 4.0
CHECK_S = 6.0  # of asking name servers for one mail, which may be the sender's own and slow on purpose
CHECKS_AT_ONCE = 3
WAIT_S = 20.0
BLANKS = b" " * 1_000

Lookup = Callable[[str], bytes | None]  # the TXT record of a name; raises OSError when nobody answers
log = structlog.get_logger()


# --- what our server says


def stated(results: Sequence[AuthResults], *, server: str, domain: str) -> bool:
    """Say whether our own mail server vouches for a domain. `results`: as they stand in the mail, the topmost first."""
    if not results or not server or results[0].server != server.strip().lower():
        return False
    dmarc = [verdict.result for verdict in results[0].verdicts if verdict.method == "dmarc"]
    if any(result not in {"pass", *_UNDECIDED} for result in dmarc):
        return False
    return any(_vouches(verdict, domain) for verdict in results[0].verdicts)


_UNDECIDED = frozenset({"none", "bestguesspass"})  # no policy was found: it says nothing either way
_SENT_BY = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.from")}


def _vouches(verdict: Verdict, domain: str) -> bool:
    if verdict.result != "pass":
        return False
    properties = dict(reversed(verdict.properties))  # of two with one name the first
    if verdict.method == "dmarc":
        return _domain_of(properties.get("header.from", "")) == domain
    given = next((properties[name] for name in _SENT_BY.get(verdict.method, ()) if name in properties), "")
    return aligned(domain, _domain_of(given))


def _domain_of(value: str) -> str:
    return mail_address.host(value.rpartition("@")[2].strip())


# --- which domains belong together


def can_check() -> bool:
    """Say whether the extra is installed."""
    return all(find_spec(name) is not None for name in ("dkim", "dns", "publicsuffixlist"))


def aligned(domain: str, other: str) -> bool:
    """Say whether two domains belong to one organisation.

    Without the list of public suffixes only the same domain and one above it do: `mail.a.example` is `a.example`'s.
    """
    if not domain or not other:
        return False
    if domain == other:
        return True
    if can_check():
        organisation = _organisation(domain)
        return bool(organisation) and organisation == _organisation(other)
    return "." in other and domain.endswith(f".{other}")


def _organisation(domain: str) -> str:
    return str(_suffixes().privatesuffix(domain) or "")


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


# --- our own check


async def checked(raw: bytes, *, domain: str, lookup: Lookup | None = None) -> bool:
    """Say whether a mail bears a valid signature of its sender's organisation. Never raises for what is in it.

    When too many mails wait for their check, one is not checked: it is taken in as a claim, and soon.
    """
    if not can_check():
        return False
    gate = _gate()
    try:
        async with asyncio.timeout(WAIT_S):
            await gate.acquire()
    except TimeoutError:
        log.warning("mail_not_checked", reason="too many at once")
        return False
    try:
        return await asyncio.to_thread(_has_valid_signature, raw, domain, _in_time(lookup or dns_txt))
    finally:
        gate.release()


def _in_time(lookup: Lookup) -> Lookup:
    """Ask no more when the time for one mail is over."""
    end = time.monotonic() + CHECK_S

    def ask(name: str) -> bytes | None:
        if time.monotonic() > end:
            raise OSError("the name servers take too long")
        return lookup(name)

    return ask


def _gate() -> asyncio.Semaphore:
    """Give this loop's gate: a check takes a thread, and the network."""
    loop = asyncio.get_running_loop()
    return _GATES.setdefault(loop, asyncio.Semaphore(CHECKS_AT_ONCE))


_GATES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _is_harmless(raw: bytes) -> bool:
    """Keep away what would take the library long: it looks for blanks before line ends in quadratic time."""
    return len(raw) <= BYTES_LIMIT and BLANKS not in raw.replace(b"\t", b" ") and b"dkim-signature" in raw.lower()


def _has_valid_signature(raw: bytes, domain: str, lookup: Lookup) -> bool:
    import dkim

    if not _is_harmless(raw):
        return False
    try:
        mail = dkim.DKIM(raw, minkey=1024, timeout=int(DNS_S))
        if sum(name.lower() == b"from" for name, _ in mail.headers) != 1:
            return False
        count = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
    except _FAULTS:
        return False
    return any(_is_valid(raw, index, domain, lookup) for index in range(min(count, MOST_SIGNATURES)))


_FAULTS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError)


def _is_valid(raw: bytes, index: int, domain: str, lookup: Lookup) -> bool:
    """Check one signature: of a domain that belongs with the sender's, over `From` and all of the body."""
    import dkim

    def txt(name: bytes, timeout: float = DNS_S) -> bytes | None:  # noqa: ARG001 - the library's call
        return lookup(name.decode("ascii", "replace").rstrip("."))

    try:
        mail = dkim.DKIM(raw, minkey=1024, timeout=int(DNS_S))
        found = mail.verify_headerprep(index)
        if not found:
            return False
        fields, signed, _ = found
        signer = fields[b"d"].decode("ascii", "replace").rstrip(".").lower()
        if b"from" not in signed or b"l" in fields or not aligned(domain, signer):
            return False
        if signer != domain and _wants_the_same(domain, lookup):
            return False
        return bool(dkim.DKIM(raw, minkey=1024, timeout=int(DNS_S)).verify(index, dnsfunc=txt))
    except (dkim.DKIMException, OSError, *_FAULTS) as error:
        log.info("mail_signature_refused", error=type(error).__name__)
        return False


def _wants_the_same(domain: str, lookup: Lookup) -> bool:
    """Say whether a domain's DMARC record, or its organisation's, asks that the signer be exactly the sender."""
    for name in dict.fromkeys((domain, _organisation(domain))):
        record = (lookup(f"_dmarc.{name}") or b"").decode("ascii", "replace").lower()
        if record.startswith("v=dmarc1"):
            tags = dict(piece.strip().partition("=")[::2] for piece in record.split(";"))
            return tags.get("adkim", "r").strip() == "s"
    return False


def dns_txt(name: str) -> bytes | None:
    """Ask the system's name server for a TXT record; None when there is none. Raises OSError when nobody answers."""
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=DNS_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    except dns.exception.DNSException as error:
        raise OSError(f"the name server does not answer: {type(error).__name__}") from error
    return next((b"".join(entry.strings) for entry in answer), None)
