"""The server as a process of its own, to be asked, killed and started again; and tokens as a host site signs them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "bot", "serve")
SECRET = "a secret that only these tests know and nobody else"  # no comma: the setting is a list
PATIENCE_S = 60.0
MAIL = 445  # so far above the server's own port the playground's mail server listens


@dataclass(slots=True, kw_only=True)
class Server:
    """One `serve` on a database of its own; the same data after every start."""

    port: int
    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """Where the server's output is kept."""
        return self.home / "serve.log"

    async def start(self) -> None:
        """Start the process and wait until it says that it is ready."""
        process = self._launch()
        deadline = time.monotonic() + PATIENCE_S
        while not await asyncio.to_thread(_answers, f"{self.url}/readyz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not become ready:\n{self.log.read_text()[-4000:]}")
            await asyncio.sleep(0.1)

    async def get(self, path: str) -> list[dict[str, object]]:
        """Read a list from the server, as anybody can."""
        found: list[dict[str, object]] = json.loads(await asyncio.to_thread(_read, f"{self.url}{path}"))
        return found

    async def kill(self) -> None:
        """Pull the plug: no drain, no farewell."""
        if self._process is not None:
            self._process.kill()
            await self._ended(self._process)

    async def stop(self) -> None:
        """Stop as an operator does, with time to drain."""
        if self._process is not None:
            self._process.terminate()
            await self._ended(self._process)

    def _launch(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self._environment(), **self.settings}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdout=log, stderr=log)
        return self._process

    async def _ended(self, process: subprocess.Popen[bytes]) -> None:
        await asyncio.to_thread(process.wait, 30)
        self._process = None

    def _environment(self) -> dict[str, str]:
        return {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATABASE_URL": f"sqlite:///{self.home / 'throughline.db'}",
            "PLAYGROUND": "1",
            "WEB_IDENTITY_SECRET": SECRET,
            "SECRET_KEY": "another secret that only these tests know, long enough",
            "API_TOKEN": "a-token-that-only-these-tests-know-0123456789",
        }


def free_port() -> int:
    """Find a port that is free, as is the mail server's: below those that the system gives to connections."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        if _is_free(port) and _is_free(port + MAIL):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def identity(customer: str, *, lasts_s: int = 300) -> str:
    """Sign, as the host site's server would, that the visitor is a customer."""
    now = int(time.time())
    claims = {"sub": customer, "iat": now - 1, "exp": now + lasts_s}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_encode(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def _answers(url: str) -> bool:
    try:
        return bool(_read(url))
    except OSError:  # refused, or an answer of 4xx or 5xx
        return False
