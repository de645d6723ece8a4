"""How Twilio signs a webhook: the URL, then every parameter sorted, keyed with the account's token. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping


def sign(
    url: str,
    params: Mapping[str, str] | Iterable[tuple[str, str]],
    *,
    token: str,
    algorithm: str = "HMAC_SHA1",
) -> str:
    """Sign a form post as Twilio does; the URL is the one Twilio was told, without its fragment."""
    pairs = params.items() if isinstance(params, Mapping) else params
    text = url + "".join(key + value for key, value in sorted(set(pairs)))
    digest = hashlib.sha256 if algorithm == "HMAC_SHA256" else hashlib.sha1
    return base64.b64encode(hmac.new(token.encode(), text.encode(), digest).digest()).decode()
