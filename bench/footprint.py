"""How soon a fresh clone answers and how much room it takes, with cold caches and Debian's own Python. Asserts nothing.

Run: git clone . /tmp/fresh && .venv/bin/python bench/footprint.py /tmp/fresh
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import async_playwright, expect

PORT = "18790"
URL = f"http://localhost:{PORT}"
BROWSER = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-quic"]
IDLE_S = 30
LATER_STARTS = 3
LONGEST_S = 600
MB = 1_000_000


@contextmanager
def make_serve(clone: Path, home: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Run `make serve` as a new user would, with nothing but a PATH and an empty home; gives it and when it began."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PORT": PORT}
    began = time.monotonic()
    with (home / "serve.log").open("ab") as log:
        make = subprocess.Popen(["make", "serve"], cwd=clone, env=environment, stdout=log, stderr=log)
    try:
        while not answers():
            if make.poll() is not None or time.monotonic() - began > LONGEST_S:
                raise SystemExit((home / "serve.log").read_text())
            time.sleep(0.02)
        yield make, began
    finally:
        os.kill(server_of(make), signal.SIGTERM)
        make.wait(40)


def answers() -> bool:
    """Whether the server is ready."""
    try:
        with urllib.request.urlopen(f"{URL}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def server_of(make: subprocess.Popen[bytes]) -> int:
    """The server's process id: make's only child."""
    return int(Path(f"/proc/{make.pid}/task/{make.pid}/children").read_text().split()[-1])


def resident(pid: int) -> float:
    """What the process holds in memory, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / MB for line in lines if line.startswith("VmRSS:"))


async def first_reply() -> None:
    """Open the page in Chromium, write in the chat and wait for the bot's first words."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER)
        page = await browser.new_page()
        await page.goto(URL)
        box = page.get_by_role("textbox", name="Your message")
        await box.fill("check invoice 18492")
        await box.press("Enter")
        await expect(page.locator("throughline-chat [role=log] .message.bot")).to_have_count(1, timeout=30_000)
        await browser.close()


def installed(clone: Path) -> tuple[int, float]:
    """How many distributions are installed, and their size in MB with every module compiled."""
    packages = next((clone / ".venv").glob("lib/python3*/site-packages"))
    python = clone / ".venv/bin/python"
    subprocess.run([python, "-m", "compileall", "-q", packages], check=False, stdout=subprocess.DEVNULL)
    size = sum(path.lstat().st_blocks * 512 for path in packages.rglob("*"))
    return len(list(packages.glob("*.dist-info"))), size / MB


def main() -> None:
    """Measure a clone that was never started, and print one line per figure."""
    clone = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with make_serve(clone, home) as (_, began):
            print(f"first `make serve`: ready after {time.monotonic() - began:.1f} s")
            asyncio.run(first_reply())
            print(f"first `make serve`: first reply in the page after {time.monotonic() - began:.1f} s")
        for _ in range(LATER_STARTS):
            with make_serve(clone, home) as (_, began):
                print(f"later `make serve`: ready after {time.monotonic() - began:.1f} s")
        with make_serve(clone, home) as (make, _):
            time.sleep(IDLE_S)
            print(f"resident, idle for {IDLE_S} s: {resident(server_of(make)):.0f} MB")
            asyncio.run(first_reply())
            print(f"resident, after a page with a first reply: {resident(server_of(make)):.0f} MB")
        count, size = installed(clone)
        print(f"installed: {count} distributions, {size:.0f} MB compiled")


if __name__ == "__main__":
    main()
