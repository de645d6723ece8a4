"""Settings to start from: a complete production, a complete Twilio, and what is wrong with others."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from config.settings import Settings, SettingsError

Load = Callable[..., Settings]
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC00test",
    "TWILIO_AUTH_TOKEN": "newer, older",
    "TWILIO_WHATSAPP_FROM": "+15550100001",
}
PRODUCTION = {
    "PLAYGROUND": "0",
    "SECRET_KEY": "one-long-secret-for-tests-0123456789",
    "API_TOKEN": "two-long-secret-for-tests-0123456789",
    "INDEX_KEY": "three-long-secret-for-tests-01234567",
    "ENCRYPTION_KEYS": "k1:" + base64.b64encode(bytes(range(32))).decode(),
}


def problems(load: Load, **env: str) -> tuple[str, ...]:
    """The problems that these settings have."""
    with pytest.raises(SettingsError) as caught:
        load(**env)
    assert "\n".join(caught.value.problems) == str(caught.value)
    return caught.value.problems
