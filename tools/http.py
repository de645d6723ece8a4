"""Clients of outside APIs over one shared HTTP session. Sends every request once; decides no repetition."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import orjson
from yarl import URL

from state import errors
from state.breaker import Breaker
from tools import base, failures, mcp_client
from tools.guard import Guarded
from tools.request import SAFE, Request

if TYPE_CHECKING:
    from config.outside import OutsideSystem
    from config.settings import Settings
    from tools.mcp_client import McpSystem

MAX_BODY = 1_000_000
CONNECT_MAX = 5.0
CONNECT_SHARE = 0.8  # of a request's time; so that "never connected" is known before the whole time is up
MAX_MESSAGE = 300
IN_PROGRESS = ("in_progress", "in_use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an outside API is (no slash at the end), and how it knows us: a bearer token, or headers of its own.

    `key_header`: the header that carries an idempotency key.
    """

    base_url: str
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    key_header: str = "Idempotency-Key"


class Systems:
    """The outside APIs by name. Opens nothing before the first request; `close` ends all connections."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        servers: Mapping[str, McpSystem] | None = None,
        breaker: Callable[[], Breaker] = Breaker,
    ) -> None:
        """Take what is configured; an API that is not here answers AskHuman. `breaker` makes one per API."""
        own = {name: System(name, endpoint, self._session) for name, endpoint in endpoints.items()}
        self._servers = servers or {}
        every: dict[str, base.System] = {**own, **self._servers}
        self._systems = {name: Guarded(name, system, breaker()) for name, system in every.items()}
        self._open: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The APIs that the settings and tools.yaml name."""
        found = {name: _endpoint(system) for name, system in settings.outside.systems.items()}
        if settings.acme_api_base and settings.acme_api_token:
            token = settings.acme_api_token.get_secret_value()
            found["acme"] = Endpoint(base_url=settings.acme_api_base, token=token)
        tuning = settings.tuning
        servers = mcp_client.systems(settings.outside)
        return cls(found, servers, lambda: Breaker(opens_after=tuning.system_failures, pause_s=tuning.system_pause_s))

    def left_alone(self) -> dict[str, float | None]:
        """Every API with the seconds until it is asked again after too many failures; None: it is asked."""
        return {name: system.breaker.left(time.monotonic()) for name, system in self._systems.items()}

    def __getitem__(self, name: str) -> Guarded:
        """One API by name; raises AskHuman when it is not configured."""
        try:
            return self._systems[name]
        except KeyError:
            raise errors.AskHuman(f"{name} is not connected; set {name.upper()}_API_BASE and its token") from None

    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            connector = aiohttp.TCPConnector(limit=100, ttl_dns_cache=60)
            self._open = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
            self._open._retry_connection = False  # noqa: SLF001  it would repeat a GET, PUT or DELETE by itself
        return self._open

    async def close(self) -> None:
        """Close every connection; a later request opens new ones."""
        for server in self._servers.values():
            await server.close()
        session, self._open = self._open, None
        if session is not None:
            await session.close()


def _endpoint(system: OutsideSystem) -> Endpoint:
    return Endpoint(base_url=system.base_url, headers=system.auth.headers(), key_header=system.key_header)


class System:
    """One outside API: JSON over HTTP."""

    def __init__(self, name: str, endpoint: Endpoint, session: Callable[[], aiohttp.ClientSession]) -> None:
        """`session` gives the shared session when it is needed."""
        self.name = name
        self._base = endpoint.base_url.rstrip("/")
        token = {"Authorization": f"Bearer {endpoint.token}"} if endpoint.token else {}
        self._headers = {"Accept": "application/json", **token, **endpoint.headers}
        self._key_header = endpoint.key_header
        self._session = session

    async def get(self, path: str, *, params: Mapping[str, str] | None = None, timeout: float) -> Any:  # noqa: ANN401
        """Read. Raises NotFound, Declined, AskHuman, or Unavailable when it may be tried again."""
        return await self.request(Request(path=path, params=tuple((params or {}).items())), timeout=timeout)

    async def post(self, path: str, body: Mapping[str, Any], *, key: str | None, timeout: float) -> Any:  # noqa: ANN401
        """Write, once. Raises NotSent, Throttled, Uncertain, NotFound, Declined or AskHuman: see `tools.failures`."""
        return await self.request(Request(method="POST", path=path, body=body, key=key), timeout=timeout)

    async def request(self, request: Request, *, timeout: float) -> Any:  # noqa: ANN401  JSON
        """Send one request, once; answers the parsed JSON. Raises as `get` or `post` does, by its method."""
        if timeout <= 0:
            raise failures.NotSent(f"no time was left to ask {self.name}", reason="timeout")
        try:
            return await self._request(request, timeout)
        except failures.Uncertain as error:
            if request.method not in SAFE:
                raise
            # a read has no effect to be uncertain about
            raise failures.Unavailable(str(error), after=error.after, reason=error.reason) from error

    async def _request(self, request: Request, timeout: float) -> Any:  # noqa: ANN401  JSON
        limits = aiohttp.ClientTimeout(total=timeout, connect=min(CONNECT_MAX, timeout * CONNECT_SHARE))
        with _named(self.name):
            async with self._session().request(
                request.method,
                URL(self._base + request.path, encoded=True),
                headers={**self._headers, **request.headers(self._key_header)},
                params=request.params or None,
                data=request.payload(),
                timeout=limits,
                allow_redirects=False,
            ) as response:
                return _answer(self.name, response, await _body(response))


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Name each failure of the transport by whether a byte can have left."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        raise failures.NotSent(f"{name} cannot be reached") from error
    except TimeoutError as error:
        raise failures.Uncertain(f"{name} did not answer in time", reason="timeout") from error
    except (aiohttp.ClientError, OSError) as error:
        raise failures.Uncertain(f"{name} broke off the connection") from error


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read the body up to MAX_BODY; what is longer is no usable answer."""
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(65_536):
        size += len(chunk)
        if size > MAX_BODY:
            raise failures.Uncertain(f"an answer of more than {MAX_BODY} bytes", reason="too_large")
        parts.append(chunk)
    return b"".join(parts)


def _answer(name: str, response: aiohttp.ClientResponse, body: bytes) -> Any:  # noqa: ANN401  JSON
    """The parsed answer of a 2xx; every other status as the failure that says who must react."""
    status = response.status
    if 200 <= status < 300:
        return _parsed(name, body)
    after = retry_after(response.headers.get("Retry-After"))
    if status == 429:
        raise failures.Throttled(f"{name} takes no more requests at the moment", after=after)
    if status >= 500 or status == 408:
        raise failures.Uncertain(f"{name} answered with status {status}", after=after)
    code, message = _said(body)
    if status == 404:
        raise failures.NotFound(message or None)
    if status == 409 and code.endswith(IN_PROGRESS):
        detail = f"{name} is still working on an earlier request with this key"
        raise failures.Uncertain(detail, after=after, reason="busy")
    if status in {302, 303} and response.method not in SAFE:
        raise failures.Uncertain(f"{name} took a write and answered with another address")
    if status in {401, 403} or status < 400:
        raise errors.AskHuman(f"{name} answered with status {status}; its address or token is not right")
    raise failures.Declined(message or None, code=code, conflict=status == 409)


def _parsed(name: str, body: bytes) -> Any:  # noqa: ANN401  JSON
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise failures.Uncertain(f"{name} answered with something that is not JSON") from error


def _said(body: bytes) -> tuple[str, str]:
    """The code and message of an error body, `{"error": {"code", "message"}}`, also without the outer object."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    inner = data.get("error", data) if isinstance(data, dict) else {}
    if not isinstance(inner, dict):
        return "", ""
    code, message = inner.get("code"), inner.get("message")
    return (code[:64] if isinstance(code, str) else ""), (message[:MAX_MESSAGE] if isinstance(message, str) else "")


def retry_after(value: str | None) -> float | None:
    """The seconds of a Retry-After header, from now where it names a date; nonsense counts as nothing said."""
    if value is None or len(value) > 40:
        return None
    if value.strip().isdecimal():
        return float(value) if len(value) < 10 else None
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
