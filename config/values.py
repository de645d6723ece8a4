"""The types of single settings: each refuses a wrong value and says what a right one looks like. Reads nothing."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKey:
    """A 32-byte key with the id that is stored beside what it encrypts."""

    id: str
    material: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSecret:
    """A provider's secret with the id under which the provider names it."""

    id: str
    secret: SecretStr


def split_list(value: str) -> tuple[str, ...]:
    """Split a comma list, dropping blanks around and empty entries."""
    return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)


def parse_flag(value: str) -> bool:
    """Read 1/0, true/false, yes/no, on/off."""
    if (word := value.casefold()) in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise ValueError("must be 1 or 0")


def origin_of(url: str) -> str:
    """Reduce a URL to the origin that a browser sends: scheme, host and a port that is not the default."""
    parts = _split_url(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {None, default} else "")


def parse_keys(value: str) -> tuple[NamedKey, ...]:
    """Read `id:base64-of-32-bytes[,…]`; the first key writes, all read."""
    keys = tuple(_parse_key(entry) for entry in split_list(value))
    if len({key.id for key in keys}) != len(keys):
        raise ValueError("names the same key id twice; give every key an id of its own")
    return keys


def _parse_key(entry: str) -> NamedKey:
    name, colon, text = entry.partition(":")
    if not (colon and name and len(name) <= 32 and name.replace("-", "").replace("_", "").isalnum()):
        raise ValueError("must be id:base64-of-32-bytes, the id made of letters, digits, - and _")
    try:
        material = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"has no valid base64 after {name}:; make a key with: openssl rand -base64 32") from None
    if len(material) != KEY_BYTES:
        raise ValueError(f"key {name} has {len(material)} bytes, not 32; make one with: openssl rand -base64 32")
    return NamedKey(id=name, material=material)


def _parse_signing_keys(value: str) -> tuple[NamedSecret, ...]:
    pairs = [entry.partition(":") for entry in split_list(value)]
    if not all(name and secret for name, _, secret in pairs):
        raise ValueError("must be id:secret[,id:secret]")
    return tuple(NamedSecret(id=name, secret=SecretStr(secret)) for name, _, secret in pairs)


def _split_url(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError("must be a valid URL") from error
    return parts


def _http_url(value: str) -> str:
    parts = _split_url(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be a web address such as https://bot.example.com")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    scheme = "postgresql" if scheme == "postgres" else scheme  # what some hosting platforms still say
    if "+" in scheme:
        raise ValueError(f"must not name a driver; write {scheme.partition('+')[0]}://…")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return f"{scheme}://{rest}"
    if scheme == "postgresql" and rest:
        _split_url(value)
        return f"{scheme}://{rest}"
    raise ValueError("must be sqlite:///path/to/file.db or postgresql://user:password@host/name")


def _redis_url(value: str) -> str:
    if _split_url(value).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must be redis://host:6379/0, or rediss:// for TLS")
    return value


def _mail_url(scheme: str, *, log_in: bool) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        parts = _split_url(value.get_secret_value())
        known = not log_in or (parts.username and parts.password)
        if parts.scheme not in {scheme, scheme + "s"} or not parts.hostname or not known:
            raise ValueError(f"must be {scheme}s://user:password@host:port, with %40 for an @ in the user's name")
        return value

    return AfterValidator(check)


def _email_address(value: str) -> str:
    local, _, domain = value.rpartition("@")
    if not (local and domain) or len(local) > 40 or not value.isprintable() or _NOT_IN_ADDRESSES.intersection(value):
        raise ValueError("must be an address such as support@example.com, of at most 40 characters before the @")
    return value


_NOT_IN_ADDRESSES = frozenset(' <>()[],;:\\"?')


def _authserv_id(value: str) -> str:
    if not value.isascii() or any(char.isspace() or char in ";()=" for char in value):
        raise ValueError("must be the name that your mail server writes into Authentication-Results, mx.example.com")
    return value


def _origins(value: str) -> tuple[str, ...]:
    for entry in split_list(value):
        parts = _split_url(entry)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("must list origins such as https://www.example.com, without a path or *")
    return tuple(origin_of(entry) for entry in split_list(value))


def _whatsapp_sender(value: str) -> str:
    if value.startswith("MG") and value.isalnum():
        return value
    number = value.removeprefix("whatsapp:")
    if not (number.startswith("+") and number[1:].isdigit() and 7 <= len(number) <= 16):
        raise ValueError("must be whatsapp:+15551234567, or a messaging service id (MG…)")
    return f"whatsapp:{number}"


def _account_sid(value: str) -> str:
    if not (value.startswith("AC") and value.isalnum()):
        raise ValueError("must be the account's id, which starts with AC")
    return value


def _modules(value: str) -> tuple[str, ...]:
    names = split_list(value)
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError("must list importable modules such as acme_tools,acme_more.tools")
    return names


def _secrets(value: str) -> tuple[SecretStr, ...]:
    return tuple(SecretStr(part) for part in split_list(value))


def _listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("must be host:port, such as 127.0.0.1:2525")
    return value


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise ValueError("must be a number from 1 to 65535")
    return int(value)


def _host(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        if value.isascii() and all(label.replace("-", "").replace("_", "").isalnum() for label in value.split(".")):
            return value
        raise ValueError("must be an address or a host name: 127.0.0.1 for this machine, 0.0.0.0 for all") from None


def _folder(value: str) -> Path:
    if not (path := Path(value)).is_dir():
        raise ValueError("must be a folder that exists")
    return path.resolve()


def _choice(*names: str) -> BeforeValidator:
    def check(value: str) -> str:
        if (name := value.casefold()) not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return name

    return BeforeValidator(check)


def _parsed(parse: Any) -> BeforeValidator:  # noqa: ANN401  # any of the parsers above
    """Parse text; a value of the final type, as code and tests give it, passes untouched."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


Port = Annotated[int, _parsed(_port), Field(ge=1, le=65535)]
Host = Annotated[str, AfterValidator(_host)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], _choice("debug", "info", "warning", "error")]
Backend = Annotated[
    Literal["offline", "openai_responses", "openai_chat"],
    _choice("offline", "openai_responses", "openai_chat"),
]
Folder = Annotated[Path, _parsed(_folder)]
Flag = Annotated[bool, _parsed(parse_flag)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
SmtpUrl = Annotated[SecretStr, _mail_url("smtp", log_in=False)]
ImapUrl = Annotated[SecretStr, _mail_url("imap", log_in=True)]
EmailAddress = Annotated[str, AfterValidator(_email_address)]
AuthservId = Annotated[str, AfterValidator(_authserv_id)]
Origins = Annotated[tuple[str, ...], _parsed(_origins)]
Modules = Annotated[tuple[str, ...], _parsed(_modules)]
Secrets = Annotated[tuple[SecretStr, ...], _parsed(_secrets)]
NamedKeys = Annotated[tuple[NamedKey, ...], _parsed(parse_keys)]
NamedSecrets = Annotated[tuple[NamedSecret, ...], _parsed(_parse_signing_keys)]
AccountSid = Annotated[str, AfterValidator(_account_sid)]
WhatsAppSender = Annotated[str, AfterValidator(_whatsapp_sender)]
Listen = Annotated[str, AfterValidator(_listen)]
