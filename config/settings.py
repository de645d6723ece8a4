"""Every setting of the server, typed, read once and frozen. Wrong ones are refused together, one line each."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from config import keys, outside, rules, values
from config import tuning as tuning_file
from config.outside import Outside
from config.tuning import Tuning

SHIPPED = Path(__file__).resolve().parent
SECRET_NAMES = frozenset({
    "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "INDEX_KEY", "AUDIT_KEY", "API_TOKEN",
    "OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "TWILIO_SIGNING_KEYS", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN", "EMAIL_INBOUND_TOKEN", "EMAIL_SIGNING_KEY", "SMTP_URL", "IMAP_URL", "WEB_IDENTITY_SECRET",
    "ACME_API_TOKEN",
})  # fmt: skip

_Kind = TypeVar("_Kind", bound="Settings")


class SettingsError(Exception):
    """The settings are wrong; each problem is one line that names the setting and the remedy."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Take one line per problem."""
        super().__init__("\n".join(problems))
        self.problems = problems


class Availability(NamedTuple):
    """Whether a channel or a backend is on, and why."""

    name: str
    on: bool
    why: str


class Settings(BaseModel):
    """The settings by their environment names in lower case; `derived` names those the playground filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: values.Host = "127.0.0.1"  # this machine alone; a container sets 0.0.0.0
    port: values.Port = 8080
    public_url: values.HttpUrl
    database_url: values.DatabaseUrl = Field("sqlite:///var/throughline.db", repr=False)
    redis_url: values.RedisUrl | None = Field(None, repr=False)
    secret_key: SecretStr
    encryption_keys: values.NamedKeys
    index_key: SecretStr
    audit_key: SecretStr | None = None
    api_token: SecretStr
    playground: values.Flag
    log_level: values.LogLevel = "info"

    config_dir: values.Folder | None = None
    tool_packs: values.Modules = ()
    model_backend: values.Backend
    openai_api_key: SecretStr | None = None
    openai_base_url: values.HttpUrl | None = None
    openai_model: str = "gpt-6.1-terra"
    openai_model_small: str

    twilio_account_sid: values.AccountSid | None = None
    twilio_auth_token: values.Secrets = ()
    twilio_whatsapp_from: values.WhatsAppSender | None = None
    twilio_signing_keys: values.NamedSecrets = ()
    twilio_api_base: values.HttpUrl = "https://api.twilio.com"

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_support_channel: str | None = None
    slack_api_base: values.HttpUrl = "https://slack.com/api"

    email_address: values.EmailAddress | None = None
    email_inbound_token: SecretStr | None = None
    email_signing_key: SecretStr | None = None
    email_smtp_listen: values.Listen | None = None
    email_authserv_id: values.AuthservId | None = None
    smtp_url: values.SmtpUrl | None = None
    imap_url: values.ImapUrl | None = None

    web_allowed_origins: values.Origins = ()
    web_identity_secret: values.Secrets = ()

    acme_api_base: values.HttpUrl | None = None
    acme_api_token: SecretStr | None = None

    tuning: Tuning = Field(default_factory=Tuning)
    outside: Outside = Field(default_factory=Outside, repr=False)
    derived: frozenset[str] = frozenset()
    root: Path = Path()

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None, *, root: Path | None = None) -> Self:
        """Read the environment, and `.env` in development; a given `env` is all that is read.

        Raises SettingsError with every problem at once.
        """
        root = root or Path.cwd()
        source = {**keys.read_env_file(root / ".env"), **os.environ} if env is None else env
        named, problems = keys.resolve_files({n: t for n, t in source.items() if _is_ours(n)}, SECRET_NAMES)
        playground = _wants_playground(named)
        problems += rules.incomplete(named, playground=playground) + rules.backend_problems(named)
        filled = dict(named)
        if playground:
            problems += _fill(filled, root)
        else:
            problems += rules.production_problems(named)
        _default(filled, playground=playground)
        given = _read_outside(filled, source, problems)
        derived = frozenset(filled) - frozenset(named)
        settings = _build(cls, filled, problems, outside=given, derived=derived, root=root)
        if settings is None or problems:
            raise SettingsError(tuple(problems))
        return settings

    def derive(self, label: str) -> bytes:
        """Derive 32 bytes from SECRET_KEY for one purpose, such as signing visitor tokens."""
        return keys.derive(self.secret_key.get_secret_value(), label)

    @property
    def twilio_emulated(self) -> bool:
        """Whether the playground stands in for Twilio."""
        return "TWILIO_AUTH_TOKEN" in self.derived

    @property
    def slack_emulated(self) -> bool:
        """Whether the playground stands in for Slack."""
        return "SLACK_BOT_TOKEN" in self.derived

    @property
    def mail_emulated(self) -> bool:
        """Whether the playground's mail server stands in for the world's."""
        return "SMTP_URL" in self.derived

    @property
    def workflows_dir(self) -> Path:
        """The folder of workflows: CONFIG_DIR's, if it has one, instead of ours."""
        return self.config_file("workflows")

    def config_file(self, name: str) -> Path:
        """Find a configuration file or folder in CONFIG_DIR, else among those that ship."""
        return _config_file(self.config_dir, name)

    def origins(self) -> frozenset[str]:
        """The origins whose pages may open the web chat."""
        own = {values.origin_of(self.public_url), *self.web_allowed_origins}
        local = {f"http://{host}:{self.port}" for host in ("localhost", "127.0.0.1")} if self.playground else set()
        return frozenset(own | local)

    def playground_path(self) -> Path:
        """The playground's own database: beside our SQLite file, else under var, one per database name."""
        scheme, _, rest = self.database_url.partition("://")
        if scheme == "sqlite" and rest != "/:memory:":
            return self.root / Path(rest[1:].partition("?")[0]).parent / "playground.db"
        name = Path(urlsplit(self.database_url).path).name if scheme == "postgresql" else ""
        return self.root / "var" / (f"playground-{name}.db" if name else "playground.db")

    def channels(self) -> list[Availability]:
        """Say for every channel whether it is on, and why."""
        rows = [Availability("web", on=True, why="needs no settings")]
        emulated = {"whatsapp": self.twilio_emulated, "slack": self.slack_emulated, "email": self.mail_emulated}
        on = {"whatsapp": self.twilio_account_sid, "slack": self.slack_bot_token, "email": self.email_address}
        for part in rules.CHANNELS:
            if emulated[part.name]:
                rows.append(Availability(part.name, on=True, why=f"the playground stands in for {part.provider}"))
            elif on[part.name]:
                rows.append(Availability(part.name, on=True, why="its settings are complete"))
            else:
                rows.append(Availability(part.name, on=False, why=f"not set: {rules.in_words(part.needs)}"))
        return rows

    def backends(self) -> list[Availability]:
        """Say for every model backend whether it is in use, and why."""
        rows = [Availability("offline", on=True, why="needs no key; also answers when another backend is down")]
        for name in get_args(get_args(values.Backend)[0])[1:]:
            if self.model_backend == name:
                where = self.openai_base_url or "OpenAI"
                rows.append(Availability(name, on=True, why=f"model {self.openai_model} at {where}"))
            elif self.openai_api_key or self.openai_base_url:
                rows.append(Availability(name, on=False, why=f"MODEL_BACKEND is {self.model_backend}"))
            else:
                rows.append(Availability(name, on=False, why="not set: OPENAI_API_KEY"))
        return rows

    def secret_texts(self) -> frozenset[str]:
        """Collect every secret in clear, so that the log can leave them out."""
        found = {secret.get_secret_value() for secret in (*_secrets_in(self), *self.outside.secrets())}
        found |= {base64.b64encode(key.material).decode() for key in self.encryption_keys}
        urls = [
            self.database_url,
            self.redis_url,
            *(s.get_secret_value() for s in (self.smtp_url, self.imap_url) if s),
        ]
        found |= {password for url in urls if url and (password := urlsplit(url).password)}
        return frozenset(found - {url for url in urls if url and not urlsplit(url).password})


OWN_FIELDS = frozenset({"tuning", "outside", "derived", "root"})
NAMES = frozenset(name.upper() for name in Settings.model_fields if name not in OWN_FIELDS)


def _build(
    kind: type[_Kind],
    filled: Mapping[str, str],
    problems: list[str],
    *,
    outside: Outside,
    derived: frozenset[str],
    root: Path,
) -> _Kind | None:
    """Make the settings, or add to the problems and make none."""
    found: dict[str, Any] = {name.lower(): text for name, text in filled.items()}
    try:
        return kind(**found, tuning=_read_tuning(filled, problems), outside=outside, derived=derived, root=root)
    except ValidationError as error:
        problems += _explain(error, derived, already="\n".join(problems))
        return None


def _is_ours(name: str) -> bool:
    return name in NAMES or name.removesuffix("_FILE") in SECRET_NAMES


def _wants_playground(named: Mapping[str, str]) -> bool:
    """On when asked for, or when nobody has set a provider's key; a wrong value is refused later, by its type."""
    if "PLAYGROUND" not in named:
        return not any(name in named for name in rules.PROVIDER_KEYS)
    try:
        return values.parse_flag(named["PLAYGROUND"])
    except ValueError:
        return True


def _fill(filled: dict[str, str], root: Path) -> list[str]:
    """Add what the playground derives from SECRET_KEY, which it makes once if nobody gave it."""
    if not all(filled.get(name) for name in keys.MADE_ONCE):
        try:
            made = keys.made_once(root)
        except OSError as error:
            return [f"SECRET_KEY: {keys.DEV_ENV} cannot be kept ({error.strerror}); set SECRET_KEY and API_TOKEN"]
        for name in keys.MADE_ONCE:
            filled.setdefault(name, made[name])
    for name, text in _playground_values(filled).items():
        filled.setdefault(name, text)
    return []


def _playground_values(named: Mapping[str, str]) -> dict[str, str]:
    secret = named["SECRET_KEY"]
    base = f"http://{_own_address(named.get('HOST', ''))}:{named.get('PORT', '8080')}/playground"
    found = {
        name: keys.derive(secret, f"setting/{name}").hex()
        for name in ("INDEX_KEY", "AUDIT_KEY", "WEB_IDENTITY_SECRET", "ACME_API_TOKEN")
    }
    found["ENCRYPTION_KEYS"] = "playground:" + base64.b64encode(keys.derive(secret, "setting/ENCRYPTION_KEYS")).decode()
    found["ACME_API_BASE"] = f"{base}/acme"
    if not rules.WHATSAPP.touched(named):
        account = keys.derive(secret, "setting/TWILIO_ACCOUNT_SID").hex()
        found["TWILIO_ACCOUNT_SID"] = f"AC{account[:16]:0>32}"  # the zeros tell a person that it is pretended
        found["TWILIO_AUTH_TOKEN"] = keys.derive(secret, "setting/TWILIO_AUTH_TOKEN").hex()[:32]
        found["TWILIO_WHATSAPP_FROM"] = "whatsapp:+15550100000"
        found["TWILIO_API_BASE"] = f"{base}/twilio"
    if not rules.SLACK.touched(named):
        found["SLACK_BOT_TOKEN"] = keys.derive(secret, "setting/SLACK_BOT_TOKEN").hex()[:40]
        found["SLACK_SIGNING_SECRET"] = keys.derive(secret, "setting/SLACK_SIGNING_SECRET").hex()[:32]
        found["SLACK_SUPPORT_CHANNEL"] = "C0SUPPORT1"
        found["SLACK_API_BASE"] = f"{base}/slack/api"
    return found | _playground_mail(named, secret)


def _playground_mail(named: Mapping[str, str], secret: str) -> dict[str, str]:
    """The pretended mail server, unless there is a real one: it takes what we send, and brings what customers write."""
    if "SMTP_URL" in named or (rules.EMAIL.touched(named) and "EMAIL_ADDRESS" not in named):
        return {}
    return {
        "SMTP_URL": f"smtp://127.0.0.1:{playground_smtp_port(named.get('PORT', '8080'))}",
        "EMAIL_ADDRESS": "support@acme.example",
        "EMAIL_INBOUND_TOKEN": keys.derive(secret, "setting/EMAIL_INBOUND_TOKEN").hex()[:40],
        "EMAIL_AUTHSERV_ID": "mx.acme.example",
    }


def playground_smtp_port(port: str) -> int:
    """Where the playground's mail server listens: beside the server's own port, the same at every start."""
    number = int(port) if port.isascii() and port.isdigit() else 8080
    return number + 445 if number + 445 < 65536 else number - 445


def _own_address(host: str) -> str:
    """The address at which this process reaches itself."""
    if host in {"", "0.0.0.0", "localhost"}:  # noqa: S104  # compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def _default(filled: dict[str, str], *, playground: bool) -> None:
    """Add the defaults that depend on other settings."""
    filled["PLAYGROUND"] = filled.get("PLAYGROUND", "1" if playground else "0")
    filled.setdefault("PUBLIC_URL", f"http://localhost:{filled.get('PORT', '8080')}")
    filled.setdefault("MODEL_BACKEND", "openai_responses" if "OPENAI_API_KEY" in filled else "offline")
    if "OPENAI_MODEL" in filled or "OPENAI_BASE_URL" in filled:  # another server need not have OpenAI's small model
        filled.setdefault("OPENAI_MODEL_SMALL", filled.get("OPENAI_MODEL", "gpt-6.1-terra"))
    filled.setdefault("OPENAI_MODEL_SMALL", "gpt-6-luna")


def _config_file(config_dir: Path | None, name: str) -> Path:
    theirs = config_dir / name if config_dir else None
    return theirs if theirs and theirs.exists() else SHIPPED / name


def _read_outside(filled: Mapping[str, str], source: Mapping[str, str], problems: list[str]) -> Outside:
    """Read tools.yaml with the secrets that it names."""
    path = _config_file(_own_folder(filled), "tools.yaml")
    try:
        found, missing = outside.load(path, source)
    except ValueError as error:
        problems.append(str(error))
        return Outside()
    problems += missing
    return found


def _own_folder(named: Mapping[str, str]) -> Path | None:
    return Path(named["CONFIG_DIR"]) if "CONFIG_DIR" in named else None


def _read_tuning(named: Mapping[str, str], problems: list[str]) -> Tuning:
    path = _config_file(_own_folder(named), "bot.toml")
    try:
        return tuning_file.parse(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        problems += [f"{path} {_place(item)}: {_message(item)}" for item in error.errors()]
    except (OSError, ValueError) as error:
        problems.append(f"{path}: cannot be read: {error}")
    return Tuning()


def _explain(error: ValidationError, derived: frozenset[str], *, already: str) -> list[str]:
    """Turn pydantic's findings into our lines; what we derived or an earlier line has named is no second problem."""
    lines = []
    for item in error.errors():
        name = str(item["loc"][0]).upper()
        if item["type"] == "missing" and name not in already:
            lines.append(f"{name}: missing; set it")
        elif item["type"] != "missing" and name not in derived:
            lines.append(f"{name}: {_message(item)}")
    return lines


def _place(item: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in item["loc"]) or "as a whole"


def _message(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "is not known; correct its name or remove it"
    text = str(item["msg"]).removeprefix("Value error, ")
    return text[0].lower() + text[1:]


def _secrets_in(settings: Settings) -> list[SecretStr]:
    found: list[SecretStr] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for entry in value if isinstance(value, tuple) else (value,):
            inner = entry.secret if isinstance(entry, values.NamedSecret) else entry
            if isinstance(inner, SecretStr):
                found.append(inner)
    return found
