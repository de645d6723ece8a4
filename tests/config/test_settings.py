"""Settings: defaults that work without any, every wrong one named with its remedy, and no secret ever shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import settings as module
from config.settings import Settings, SettingsError
from tests.config.given import PRODUCTION, TWILIO, Load, problems


def rows(settings: Settings) -> dict[str, tuple[bool, str]]:
    """Channels and backends by name."""
    return {row.name: (row.on, row.why) for row in settings.channels() + settings.backends()}


def test_nothing_set_is_a_working_playground(load: Load) -> None:
    """Without any setting the server runs on this machine, offline, with the playground in place of every provider."""
    found = load()
    assert ("127.0.0.1", 8080, "http://localhost:8080") == (found.host, found.port, found.public_url)
    assert "sqlite:///var/throughline.db" == found.database_url
    assert found.playground
    assert "offline" == found.model_backend
    assert ("http://127.0.0.1:8080/playground/twilio", "http://127.0.0.1:8080/playground/acme") == (
        found.twilio_api_base,
        found.acme_api_base,
    )
    assert found.twilio_emulated
    assert found.web_identity_secret
    assert found.acme_api_token


def test_what_is_made_once_stays(load: Load, tmp_path: Path) -> None:
    """A second start finds the same keys, in a file that only its owner may read."""
    first, second = load(), load()
    assert first == second
    assert (tmp_path / "var" / "dev.env").stat().st_mode & 0o777 == 0o600


def test_derived_secrets_differ_by_purpose(load: Load) -> None:
    """Every derived secret is its own, and all of them change with SECRET_KEY."""
    one, two = load(SECRET_KEY="a" * 40), load(SECRET_KEY="b" * 40)
    assert not (one.secret_texts() & two.secret_texts()) - {one.api_token.get_secret_value()}
    assert len(one.secret_texts()) == 11
    assert one.derive("x") != one.derive("y")
    assert one.derive("x") == load(SECRET_KEY="a" * 40).derive("x")


def test_no_secret_is_shown(load: Load) -> None:
    """Neither the settings nor their problems print a secret, whether given, derived or inside a URL."""
    found = load(DATABASE_URL="postgresql://u:hunter22@h/d", REDIS_URL="redis://:hunter33@h", PLAYGROUND="1", **TWILIO)
    shown = f"{found!r} {found}"
    assert {"hunter22", "hunter33", "newer", "older"} <= found.secret_texts()
    assert not [secret for secret in found.secret_texts() if secret in shown]
    assert "s3cret" not in "".join(problems(load, ENCRYPTION_KEYS="k1:s3cret", API_TOKEN="s3cret", PLAYGROUND="0"))


@pytest.mark.parametrize(
    "name,value,part",
    [
        ("HOST", "http://localhost", "127.0.0.1"),
        ("HOST", "[::1]", "127.0.0.1"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("PORT", "http", "from 1 to 65535"),
        ("PORT", "²", "from 1 to 65535"),
        ("PUBLIC_URL", "bot.example.com", "https://bot.example.com"),
        ("PUBLIC_URL", "https://bot.example.com/?a=1", "https://bot.example.com"),
        ("DATABASE_URL", "sqlite+aiosqlite:///x.db", "write sqlite://"),
        ("DATABASE_URL", "postgresql+asyncpg://h/d", "write postgresql://"),
        ("DATABASE_URL", "mysql://h/d", "sqlite:///path"),
        ("DATABASE_URL", "sqlite://", "sqlite:///path"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("LOG_LEVEL", "loud", "debug, info"),
        ("PLAYGROUND", "maybe", "1 or 0"),
        ("CONFIG_DIR", "/nowhere/at/all", "folder"),
        ("TOOL_PACKS", "acme-tools", "importable"),
        ("MODEL_BACKEND", "gpt", "offline, openai_responses, openai_chat"),
        ("OPENAI_BASE_URL", "api", "web address"),
        ("ENCRYPTION_KEYS", "AAAA", "id:base64"),
        ("ENCRYPTION_KEYS", "a b:AAAA", "id:base64"),
        ("ENCRYPTION_KEYS", "k1:AAAA", "3 bytes, not 32"),
        ("ENCRYPTION_KEYS", "k1:***", "base64"),
        ("ENCRYPTION_KEYS", ",".join([PRODUCTION["ENCRYPTION_KEYS"]] * 2), "twice"),
        ("WEB_ALLOWED_ORIGINS", "*", "without a path or *"),
        ("WEB_ALLOWED_ORIGINS", "https://a.example/path", "without a path"),
        ("PUBLIC_URL", "http://a:b", "valid URL"),
        ("TWILIO_ACCOUNT_SID", "SK00", "starts with AC"),
        ("TWILIO_WHATSAPP_FROM", "5550100001", "whatsapp:+"),
        ("TWILIO_SIGNING_KEYS", "no-colon", "id:secret"),
        ("EMAIL_SMTP_LISTEN", "2525", "host:port"),
        ("SMTP_URL", "mail.example.com", "smtp"),
        ("IMAP_URL", "smtp://x", "imap"),
        ("IMAP_URL", "imaps://mail.example.com", "user:password"),
        ("EMAIL_ADDRESS", "support", "support@example.com"),
        ("EMAIL_ADDRESS", "Support <support@example.com>", "support@example.com"),
        ("EMAIL_ADDRESS", f"{'s' * 41}@example.com", "at most 40 characters"),
        ("EMAIL_AUTHSERV_ID", "mx.example.com; dmarc=pass", "Authentication-Results"),
        ("ACME_API_BASE", "ftp://x", "web address"),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(load: Load, name: str, value: str, part: str) -> None:
    """One wrong value gives a line that begins with its name and says what a right one looks like."""
    env = {"PLAYGROUND": "1", name: value}
    lines = [line for line in problems(load, **env) if line.startswith(f"{name}: ")]
    assert len(lines) == 1
    assert part in lines[0]


def test_all_problems_come_at_once(load: Load) -> None:
    """Nobody corrects one setting only to hear of the next."""
    lines = problems(load, PORT="x", LOG_LEVEL="y", PLAYGROUND="0", DATABASE_URL="z", SECRET_KEY="short")
    named = {line.partition(":")[0] for line in lines}
    assert named == {"PORT", "LOG_LEVEL", "DATABASE_URL", "SECRET_KEY", "API_TOKEN", "ENCRYPTION_KEYS", "INDEX_KEY"}
    assert len(lines) == len(named)
    assert not [line for line in lines if "\n" in line]


def test_a_complete_channel_is_on(load: Load) -> None:
    """Real settings win over the playground's, and are normalised."""
    found = load(PLAYGROUND="1", **TWILIO)
    assert not found.twilio_emulated
    assert "https://api.twilio.com" == found.twilio_api_base
    assert "whatsapp:+15550100001" == found.twilio_whatsapp_from
    assert ["newer", "older"] == [token.get_secret_value() for token in found.twilio_auth_token]
    assert (True, "its settings are complete") == rows(found)["whatsapp"]


def test_an_absent_channel_is_off_and_says_what_it_needs(load: Load) -> None:
    """In production the doctor can name what would turn a channel on."""
    found = rows(load(**PRODUCTION))
    assert found["web"][0]
    assert (False, "not set: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_WHATSAPP_FROM") == found["whatsapp"]
    assert not found["slack"][0]
    assert not found["email"][0]


def test_an_address_of_ones_own_is_tried_with_the_pretended_mail_server(load: Load) -> None:
    """Without a way out of its own, letters go to the playground, which brings the answers by the webhook."""
    found = load(PLAYGROUND="1", EMAIL_ADDRESS="help@shop.example", EMAIL_SMTP_LISTEN="127.0.0.1:2525")
    assert ("help@shop.example", True) == (found.email_address, found.mail_emulated)
    assert found.email_inbound_token
    real = load(PLAYGROUND="1", EMAIL_ADDRESS="help@shop.example", EMAIL_INBOUND_TOKEN="t" * 20, SMTP_URL="smtp://h:25")
    assert not real.mail_emulated


def test_what_the_playground_stands_in_for_is_said(load: Load) -> None:
    """With real settings a channel is real; the others are the playground's."""
    env = {"SLACK_BOT_TOKEN": "t", "SLACK_SUPPORT_CHANNEL": "C1", "SLACK_APP_TOKEN": "t", "PLAYGROUND": "1"}
    found = load(**env)
    assert (True, "its settings are complete") == rows(found)["slack"]
    assert (True, "the playground stands in for the mail servers") == rows(found)["email"]
    assert (False, True, True) == (found.slack_emulated, found.mail_emulated, found.twilio_emulated)


@pytest.mark.parametrize(
    "env,backend",
    [
        ({}, "offline"),
        ({"OPENAI_API_KEY": "k"}, "openai_responses"),
        ({"OPENAI_API_KEY": "k", "MODEL_BACKEND": "offline"}, "offline"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "MODEL_BACKEND": "openai_chat"}, "openai_chat"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "offline"),
    ],
)
def test_the_backend_follows_the_key(load: Load, env: dict[str, str], backend: str) -> None:
    """Unset means OpenAI's Responses with a key and offline without; the list of backends says the same."""
    found = load(PLAYGROUND="1", **env)
    assert backend == found.model_backend
    assert rows(found)[backend][0]
    assert rows(found)["offline"][0]
    assert {"offline", backend} == {row.name for row in found.backends() if row.on}


@pytest.mark.parametrize(
    "env,small",
    [
        ({}, "gpt-6-luna"),
        ({"OPENAI_MODEL": "m"}, "m"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1"}, "gpt-6.1-terra"),
        ({"OPENAI_MODEL": "m", "OPENAI_MODEL_SMALL": "s"}, "s"),
    ],
)
def test_the_small_model_is_one_that_the_server_has(load: Load, env: dict[str, str], small: str) -> None:
    """OpenAI's small model by default, the one model named elsewhere."""
    assert small == load(**env).openai_model_small


def test_secrets_may_come_from_files(load: Load, tmp_path: Path) -> None:
    """NAME_FILE is read, without the newline at its end."""
    (tmp_path / "token").write_text("from-a-file\n")
    assert load(API_TOKEN_FILE=str(tmp_path / "token")).api_token.get_secret_value() == "from-a-file"


@pytest.mark.parametrize(
    "content,env,part",
    [
        (None, {}, "cannot be read"),
        (b"", {}, "is empty"),
        (b"\xff\xfe", {}, "not UTF-8"),
        (b"x", {"API_TOKEN": "y"}, "keep one"),
    ],
)
def test_a_wrong_secret_file_is_named(
    load: Load, tmp_path: Path, content: bytes | None, env: dict[str, str], part: str
) -> None:
    """A file that is missing, empty, unreadable or one too many is a problem of its own."""
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    (line,) = problems(load, API_TOKEN_FILE=str(tmp_path / "token"), **env)
    assert line.startswith("API_TOKEN")
    assert part in line


def test_env_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In development `.env` fills in what the environment does not say."""
    (tmp_path / ".env").write_text("PORT=9001\nLOG_LEVEL=debug\nUNRELATED=1\n# a comment\nREDIS_URL=\n")
    monkeypatch.setenv("PORT", "9002")
    found = Settings.load(root=tmp_path)
    assert (9002, "debug", None) == (found.port, found.log_level, found.redis_url)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where nothing can be kept, the two secrets must be given."""
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(SettingsError, match=r"SECRET_KEY: var/dev\.env cannot be kept .* set SECRET_KEY and API_TOKEN"):
        Settings.load({}, root=tmp_path)


@pytest.mark.parametrize(
    "host,address",
    [
        ("0.0.0.0", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("10.1.2.3", "10.1.2.3"),
    ],
)
def test_the_playground_is_reached_where_the_server_listens(load: Load, host: str, address: str) -> None:
    """The server's own address follows HOST and PORT."""
    assert load(HOST=host, PORT="9000").acme_api_base == f"http://{address}:9000/playground/acme"


def test_own_origins_are_allowed(load: Load) -> None:
    """PUBLIC_URL's origin always; this machine's names only with the playground."""
    env = {
        "PUBLIC_URL": "https://Bot.Example.com:443/base/",
        "WEB_ALLOWED_ORIGINS": "https://shop.example, http://a:81",
    }
    listed = {"https://bot.example.com", "https://shop.example", "http://a:81"}
    assert load(**PRODUCTION, **env).origins() == listed
    assert load(**env).origins() == listed | {"http://localhost:8080", "http://127.0.0.1:8080"}


@pytest.mark.parametrize(
    "url,path",
    [
        ("sqlite:///var/throughline.db", "var/playground.db"),
        ("sqlite:///data/x/t.db?mode=rwc", "data/x/playground.db"),
        ("sqlite:////abs/t.db", "/abs/playground.db"),
        ("sqlite:///:memory:", "var/playground.db"),
        ("postgresql://u@h:5/shop?ssl=require", "var/playground-shop.db"),
    ],
)
def test_the_playground_keeps_its_state_beside_ours(load: Load, tmp_path: Path, url: str, path: str) -> None:
    """One playground database per database of ours."""
    assert load(DATABASE_URL=url).playground_path() == tmp_path / path


def test_postgres_may_be_spelled_as_platforms_do(load: Load) -> None:
    """`postgres://` is what some platforms hand out."""
    assert load(DATABASE_URL="postgres://u@h/d").database_url == "postgresql://u@h/d"


def test_config_dir_replaces_what_it_has(load: Load, tmp_path: Path) -> None:
    """Its workflows replace ours; what it lacks comes from the files that ship."""
    mine = tmp_path / "mine"
    (mine / "workflows").mkdir(parents=True)
    found = load(CONFIG_DIR=str(mine))
    assert found.workflows_dir == mine / "workflows"
    assert found.config_file("bot.toml") == module.SHIPPED / "bot.toml"
    assert load().workflows_dir == module.SHIPPED / "workflows"


def test_a_wrong_bot_toml_is_named(load: Load, tmp_path: Path) -> None:
    """Its file, its key and what is wrong with it."""
    (tmp_path / "bot.toml").write_text('max_stepz = 3\nlease_s = "long"\n')
    lines = problems(load, CONFIG_DIR=str(tmp_path))
    assert f"{tmp_path}/bot.toml max_stepz: is not known; correct its name or remove it" in lines
    assert any(line.startswith(f"{tmp_path}/bot.toml lease_s: ") for line in lines)
    (tmp_path / "bot.toml").write_text("= broken")
    assert "cannot be read" in problems(load, CONFIG_DIR=str(tmp_path))[0]


@pytest.mark.parametrize("sender", ["+15550100001", "whatsapp:+15550100001", "MG0123"])
def test_a_sender_may_be_a_number_or_a_service(load: Load, sender: str) -> None:
    """A bare number is given its prefix; a messaging service stays as it is."""
    found = load(PLAYGROUND="1", **(TWILIO | {"TWILIO_WHATSAPP_FROM": sender}))
    assert found.twilio_whatsapp_from in {"whatsapp:+15550100001", "MG0123"}


def test_packs_and_listeners_are_read(load: Load) -> None:
    """Lists lose their blanks."""
    found = load(TOOL_PACKS="a.b, c ,", PLAYGROUND="1", TWILIO_SIGNING_KEYS="k:s", **TWILIO)
    assert ("a.b", "c") == found.tool_packs
    assert ["s"] == [key.secret.get_secret_value() for key in found.twilio_signing_keys]


def test_settings_are_frozen(load: Load) -> None:
    """Nothing changes under a running turn."""
    found: Any = load()
    with pytest.raises(ValueError, match="frozen"):
        found.port = 1


@given(st.dictionaries(st.sampled_from(sorted(module.NAMES)), st.text(max_size=40), max_size=8))
def test_no_environment_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> None:
    """Whatever is set, the answer is settings or a list of lines, each of which names a setting."""
    lines: tuple[str, ...] = ("PORT",)
    try:
        Settings.load(env, root=tmp_path_factory.getbasetemp() / "any")
    except SettingsError as error:
        lines = error.problems
    assert lines
    assert not [line for line in lines if not any(name in line for name in module.NAMES) or "\n" in line]
