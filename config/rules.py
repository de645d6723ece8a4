"""What must hold between settings: complete channels, production secrets. Pure: names and texts in, problems out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config import values

SHORTEST = 32
FEWEST_CHARACTERS = 5  # different ones; "xxxx…" is long and worthless
PLACEHOLDERS = (
    "changeme",
    "replace",
    "yoursecret",
    "yourkey",
    "yourtoken",
    "example",
    "insecure",
    "placeholder",
    "default",
)
OUR_SECRETS = ("SECRET_KEY", "API_TOKEN", "INDEX_KEY", "AUDIT_KEY", "WEB_IDENTITY_SECRET")
DOORS = ("EMAIL_INBOUND_TOKEN", "EMAIL_SIGNING_KEY")  # whoever knows one may post mails in anybody's name
SHORTEST_DOOR = 16
NEEDED_IN_PRODUCTION = ("SECRET_KEY", "API_TOKEN", "ENCRYPTION_KEYS", "INDEX_KEY")
MAKE = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
MAKE_KEY = "echo k1:$(openssl rand -base64 32)"

Raw = Mapping[str, str]
AnyOf = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """What turns one part on: every entry needs one of its names; `extra` names belong to it but are optional.

    `provider`: whose place the playground takes.
    """

    name: str
    provider: str = ""
    needs: tuple[AnyOf, ...] = ()
    extra: AnyOf = ()

    def missing(self, raw: Raw) -> tuple[AnyOf, ...]:
        """List the needs that no setting meets."""
        return tuple(need for need in self.needs if not any(name in raw for name in need))

    def touched(self, raw: Raw) -> bool:
        """Say whether any setting of this part is there."""
        return any(name in raw for need in (*self.needs, self.extra) for name in need)


WHATSAPP = Complete(
    name="whatsapp",
    provider="Twilio",
    needs=(("TWILIO_ACCOUNT_SID",), ("TWILIO_AUTH_TOKEN",), ("TWILIO_WHATSAPP_FROM",)),
    extra=("TWILIO_SIGNING_KEYS",),
)
SLACK = Complete(
    name="slack",
    provider="Slack",
    needs=(("SLACK_BOT_TOKEN",), ("SLACK_SUPPORT_CHANNEL",), ("SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN")),
)
EMAIL = Complete(
    name="email",
    provider="the mail servers",
    needs=(("EMAIL_ADDRESS",), ("EMAIL_INBOUND_TOKEN", "EMAIL_SMTP_LISTEN", "IMAP_URL"), ("SMTP_URL",)),
    extra=("EMAIL_SIGNING_KEY", "EMAIL_AUTHSERV_ID"),
)
EMAIL_PLAYGROUND = Complete(name="email", needs=EMAIL.needs[:2], extra=(*EMAIL.extra, "SMTP_URL"))
ACME = Complete(name="the Acme tools", needs=(("ACME_API_BASE",), ("ACME_API_TOKEN",)))
CHANNELS = (WHATSAPP, SLACK, EMAIL)
PROVIDER_KEYS = (
    "OPENAI_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN", "EMAIL_INBOUND_TOKEN", "EMAIL_SIGNING_KEY", "SMTP_URL", "IMAP_URL", "ACME_API_TOKEN",
)  # fmt: skip


def in_words(needs: Sequence[AnyOf]) -> str:
    """Name what is missing: `A, B and one of C, D`."""
    single = [need[0] for need in needs if len(need) == 1]
    choices = [f"one of {', '.join(need)}" for need in needs if len(need) > 1]
    *head, last = single + choices
    return f"{', '.join(head)} and {last}" if head else last


def incomplete(raw: Raw, *, playground: bool) -> list[str]:
    """Name every part of which some settings are there and some are not."""
    # with the playground on, its own mailbox and its own Acme take the place of what is missing
    parts = (WHATSAPP, SLACK, EMAIL_PLAYGROUND) if playground else (WHATSAPP, SLACK, EMAIL, ACME)
    return [
        f"{in_words(part.missing(raw))}: missing, while other settings of {part.name} are there; "
        f"set what is missing, or remove all of {part.name}'s settings to turn it off"
        for part in parts
        if part.touched(raw) and part.missing(raw)
    ]


def backend_problems(raw: Raw) -> list[str]:
    """Refuse a model backend that has nothing to talk to."""
    backend = raw.get("MODEL_BACKEND", "")
    if backend.startswith("openai_") and not ("OPENAI_API_KEY" in raw or "OPENAI_BASE_URL" in raw):
        problem = (
            f"OPENAI_API_KEY: missing, while MODEL_BACKEND is {backend}; set it (or OPENAI_BASE_URL for a server "
            "that needs no key), or remove MODEL_BACKEND to use the offline model"
        )
        return [problem]
    return []


def production_problems(raw: Raw) -> list[str]:
    """Refuse to run without the playground on missing, short, guessable or shared secrets."""
    problems = [
        f"{name}: missing; without the playground it must be set (make one with: "
        f"{MAKE_KEY if name == 'ENCRYPTION_KEYS' else MAKE}), or set PLAYGROUND=1 to try things out"
        for name in NEEDED_IN_PRODUCTION
        if name not in raw
    ]
    return problems + _weak(raw) + _weak_doors(raw) + _weak_keys(raw) + _shared(raw)


def _weak(raw: Raw) -> list[str]:
    problems = []
    for name in OUR_SECRETS:
        for secret in _entries(name, raw):
            if len(secret) < SHORTEST or len(set(secret)) < FEWEST_CHARACTERS or _is_placeholder(secret):
                problems.append(
                    f"{name}: too short or too easy to guess; without the playground it needs at least {SHORTEST} "
                    f"mixed characters; make one with: {MAKE}"
                )
                break
    return problems


def _weak_doors(raw: Raw) -> list[str]:
    """Refuse what lets mails in and is easily guessed; a provider's own key is longer than that."""
    return [
        f"{name}: too short or too easy to guess; without the playground it needs at least {SHORTEST_DOOR} mixed "
        f"characters; make one with: {MAKE}"
        for name in DOORS
        if name in raw and (len(raw[name]) < SHORTEST_DOOR or len(set(raw[name])) < FEWEST_CHARACTERS)
    ]


def _is_placeholder(secret: str) -> bool:
    """Say whether it is a word from somebody's instructions, which everybody knows."""
    plain = "".join(letter for letter in secret.casefold() if letter.isalpha())
    return any(word in plain for word in PLACEHOLDERS)


def _weak_keys(raw: Raw) -> list[str]:
    """Refuse keys whose bytes are few different ones; what is no key at all is refused by its type."""
    try:
        found = values.parse_keys(raw.get("ENCRYPTION_KEYS", ""))
    except ValueError:
        return []
    if any(len(set(key.material)) < FEWEST_CHARACTERS for key in found):
        return [f"ENCRYPTION_KEYS: too easy to guess; make a key with: {MAKE_KEY}"]
    return []


def _shared(raw: Raw) -> list[str]:
    owners: dict[str, str] = {}
    problems = []
    for name in OUR_SECRETS:
        for secret in _entries(name, raw):
            first = owners.setdefault(secret, name)
            if first != name:
                problems.append(f"{name}: is the same as {first}; give each its own, made with: {MAKE}")
    return problems


def _entries(name: str, raw: Raw) -> tuple[str, ...]:
    """Split the one of our secrets that may be a list."""
    text = raw.get(name, "")
    parts = text.split(",") if name == "WEB_IDENTITY_SECRET" else [text]
    return tuple(part.strip() for part in parts if part.strip())
