"""The settings as the README tells them: all are named, with their defaults; the examples turn on what they say."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from bot import functions, workflows
from config.settings import NAMES, SECRET_NAMES, Settings, SettingsError
from state import errors
from tests.docs.examples import PAGES, ROOT, example, rows, settings_of
from tests.docs.running import shell
from tools.catalog import Catalog

README = "README.md"
ACME = {"ACME_API_BASE": "https://billing.example.com", "ACME_API_TOKEN": "a-token-of-the-billing-system"}


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    """What the README's command writes into `.env`."""
    shell(example(README, "secrets"), cwd=tmp_path)
    path = tmp_path / ".env"
    assert 0o600 == path.stat().st_mode & 0o777
    return settings_of(path.read_text())


def test_every_setting_is_in_the_table() -> None:
    """Nothing is undocumented, and nothing is documented that is not there."""
    assert sorted(NAMES) == sorted(row[0].strip("`") for row in rows(README, "setting"))


def test_the_defaults_are_the_code_s() -> None:
    """Where a setting has a fixed default, the table's first word in code is it."""
    fixed = {
        name.upper(): str(field.default)
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, str | int) and name.upper() in NAMES
    }
    told = {row[0].strip("`"): row[1].strip("`") for row in rows(README, "setting")}
    assert fixed == {name: told[name] for name in fixed}


def test_what_is_off_when_not_set_is_off() -> None:
    """`none` and `off` mean that nothing is there."""
    settings = Settings.load({"PLAYGROUND": "0", **_production()}, root=Path("/nowhere"))
    for name, default, *_ in rows(README, "setting"):
        if default in {"none", "off"}:
            assert not getattr(settings, name.strip("`").lower()), name


def _production() -> dict[str, str]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return {
        "ENCRYPTION_KEYS": "k1:" + base64.b64encode(hashlib.sha256(letters.encode()).digest()).decode(),
        **{name: f"{name}-{letters}" for name in ("SECRET_KEY", "API_TOKEN", "INDEX_KEY")},
    }


def test_secrets_suffice_for_production(secrets: dict[str, str]) -> None:
    """With what the command makes, the server starts without the playground."""
    settings = Settings.load({**secrets, "PLAYGROUND": "0"})
    assert not settings.playground
    assert settings.web_identity_secret


@pytest.mark.parametrize("name, backend", [("openai", "openai_responses"), ("compatible", "openai_chat")])
def test_language_models(secrets: dict[str, str], name: str, backend: str) -> None:
    """Each block picks its backend."""
    settings = Settings.load({**secrets, **ACME, **settings_of(example(README, name))})
    assert backend == settings.model_backend


def test_a_database_server(secrets: dict[str, str]) -> None:
    """The block for several processes is understood."""
    settings = Settings.load({**secrets, **ACME, **settings_of(example(README, "scaled"))})
    assert settings.database_url.startswith("postgresql://")
    assert settings.redis_url


def test_a_provider_s_key_turns_the_playground_off(tmp_path: Path) -> None:
    """With a key alone the server asks for its secrets, one line each; PLAYGROUND=1 keeps everything on."""
    key = settings_of(example(README, "openai"))
    assert Settings.load({}, root=tmp_path).playground
    with pytest.raises(SettingsError) as refused:
        Settings.load(key, root=tmp_path)
    assert ["SECRET_KEY", "API_TOKEN", "ENCRYPTION_KEYS", "INDEX_KEY"] == [
        line.partition(":")[0] for line in refused.value.problems
    ]
    assert Settings.load({**key, "PLAYGROUND": "1"}, root=tmp_path).playground


def test_the_shipped_workflows_want_a_billing_system() -> None:
    """Without the playground and without Acme's address the start is refused, and the line names the settings."""
    with pytest.raises(errors.BadInput, match="ACME_API_BASE and ACME_API_TOKEN"):
        functions.check(workflows.load(ROOT / "config/workflows"), Catalog.load(built_in=()))


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """NAME_FILE works for what the README calls a secret."""
    path = tmp_path / "token"
    path.write_text("a-token-in-a-file\n")
    assert "NAME_FILE=" in PAGES[0].read_text()
    assert "API_TOKEN" in SECRET_NAMES
    assert (
        "a-token-in-a-file" == Settings.load({"API_TOKEN_FILE": str(path)}, root=tmp_path).api_token.get_secret_value()
    )
