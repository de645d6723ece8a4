"""The wire to an OpenAI-compatible server: one POST, errors named by who must react. Never retries, logs no body.

The only file that imports the SDK. Bodies are sent ready-made: the SDK's own methods walk every message in pure Python,
about half a millisecond each, while its low-level `post` costs the same for two lines as for four hundred.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

import aiohttp
import httpx2
import openai
import orjson

from bot.models import openai_parts
from bot.models.base import ModelDown, ModelRefused, ModelWrong
from config.settings import Settings
from state.errors import BotError

DEFAULT_BASE = "https://api.openai.com/v1"
NO_KEY = "none"  # for servers that need no key; the SDK insists on some text
# a code with one of these words is about money or the account: whatever the status, it does not pass by itself
LASTING = ("quota", "billing", "credit", "spend", "deactivated", "invalid_api_key", "model_not_found")
BUSY = frozenset({408, 409, 429})


class OpenAIClient:
    """A pooled connection to one server. Make it inside a running process; `close` it at the end."""

    def __init__(self, settings: Settings) -> None:
        key, tuning = settings.openai_api_key, settings.tuning
        self._sdk = openai.AsyncOpenAI(
            api_key=key.get_secret_value() if key else NO_KEY,
            base_url=settings.openai_base_url or DEFAULT_BASE,
            max_retries=0,
            http_client=openai.DefaultAioHttpClient(follow_redirects=False),
        )
        # `pool` bounds the wait for a connection with its name look-up, `read` every silence of the other side:
        # the answer is not streamed, so the first byte comes when all of it is there
        self._timeout = httpx2.Timeout(
            connect=tuning.model_connect_s,
            pool=tuning.model_connect_s,
            read=tuning.model_first_byte_s,
            write=tuning.model_between_s,
        )

    async def post(self, path: str, body: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        """Send one ready body and read the JSON object that comes back, all within `timeout` seconds.

        Raises ModelDown (may work later), ModelRefused (never will) or ModelWrong (request or answer is unusable).
        """
        if self._sdk.is_closed():
            raise ModelDown("the connection to the model is closed")
        try:
            async with asyncio.timeout(timeout):
                response = await self._sdk.post(
                    path,
                    cast_to=httpx2.Response,
                    content=orjson.dumps(body),
                    options={"timeout": self._timeout},
                )
        except openai.APIStatusError as error:
            raise _named(error) from error
        except (openai.OpenAIError, httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            raise ModelDown(_lost(error)) from error
        return _decoded(response)

    async def close(self) -> None:
        """Close every connection."""
        await self._sdk.close()


def _decoded(response: httpx2.Response) -> dict[str, Any]:
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise ModelWrong("the model's answer is not JSON") from error
    if not isinstance(found, dict):
        raise ModelWrong("the model's answer is not a JSON object")
    return cast("dict[str, Any]", found)


def _named(error: openai.APIStatusError) -> BotError:
    """Name a refusal by its code first, then its status; the provider's prose may quote our prompt and stays out."""
    status, codes = error.status_code, f"{error.code} {error.type}"
    detail = _detail(error)
    if status in {401, 403, 404} or status < 400 or any(word in codes for word in LASTING):
        return ModelRefused(detail)
    if status in BUSY or status >= 500:
        return ModelDown(detail, after=retry_after(error.response.headers))
    return ModelWrong(detail, again=False)


def _detail(error: openai.APIStatusError) -> str:
    code, param, request = (
        openai_parts.word(said) for said in (error.code or error.type, error.param, error.request_id)
    )
    words = [f"the model's server answered {error.status_code}", code]
    words += [f"({param})" if param else "", f"request {request}" if request else ""]
    return " ".join(word for word in words if word)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds the server asks us to wait: `retry-after-ms`, or `retry-after` as seconds or a date."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds()) if moment.tzinfo else None


def _lost(error: BaseException) -> str:
    """Say why there is no answer, by the causes themselves: the transport renames a lost connection to a timeout.

    Only a class is named, since an error's words may hold addresses or parts of a body.
    """
    chain = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    if any(isinstance(one, TimeoutError) for one in chain):
        return "the model did not answer in time"
    return f"the connection to the model failed: {type(chain[-1]).__name__}"
