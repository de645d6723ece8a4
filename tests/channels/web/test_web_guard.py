"""Which host a request counts for: the peer, or what our own proxy says of it."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request

from channels.web.web_guard import host_of


@pytest.mark.parametrize(
    "peer, forwarded, expected",
    [
        ("9.9.9.9", None, "9.9.9.9"),
        ("8.8.8.8", "203.0.113.9", "8.8.8.8"),
        ("2606:4700::1", None, "2606:4700::1"),
        ("127.0.0.1", None, None),
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "x" * 500, "x" * 64),
        ("", "203.0.113.9", None),
        ("/run/socket", None, None),
    ],
)
def test_the_nearest_address_that_can_be_believed(peer: str, forwarded: str | None, expected: str | None) -> None:
    """From a public peer the header is anybody's word; from a private one it is our proxy's, at its end."""
    transport = Mock()
    transport.get_extra_info.return_value = (peer, 1234) if peer else None
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/chat/ws", headers=headers, transport=transport)
    assert expected == host_of(request)
