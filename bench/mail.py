"""How long mails take to be read: the corpus, and hostile ones of 100 KB and 3 MB. Asserts nothing.

Run: .venv/bin/python bench/mail.py
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from channels.mail.reading import mail_mime, mail_parse
from channels.mail.reading.mail_reader import MailReader
from tests.channels.mail import hostile, hostile_mails
from tests.channels.mail.corpus import cases

RUNS = 3


def ms(work: Callable[[], object]) -> float:
    """Time the best of a few runs, in milliseconds of the processor."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best * 1000


def read(raw: bytes) -> str:
    """Read a mail, or say why not."""
    try:
        mail_parse.preview(raw)
    except mail_mime.TooMuch as why:
        return f"refused: {why}"
    return ""


def line(name: str, raw: bytes) -> float:
    """Print one mail's time."""
    taken = ms(lambda: read(raw))
    print(f"{name:32} {len(raw):9,} bytes {taken:8.1f} ms  {'OVER ' if taken > hostile.GOAL_MS else ''}{read(raw)}")
    return taken


async def through_reader() -> None:
    """Print what the way through the other process costs."""
    mails = [case.raw for case in cases()]
    async with MailReader() as reader:
        began = time.perf_counter()
        await reader.preview(mails[0])
        print(f"reader: first mail (start included) {(time.perf_counter() - began) * 1000:.0f} ms")
        began = time.perf_counter()
        for raw in mails:
            await reader.preview(raw)
        print(f"reader: {(time.perf_counter() - began) / len(mails) * 1000:.2f} ms a mail, {len(mails)} mails")


def main() -> None:
    """Print everything."""
    mails = [case.raw for case in cases()]
    print(f"corpus: {ms(lambda: [read(raw) for raw in mails]) / len(mails):.2f} ms a mail, {len(mails)} mails")
    worst = 0.0
    for kind, texts in (("plain", hostile.PLAIN), ("html", hostile.HTML)):
        for name, make in texts.items():
            worst = max(worst, line(f"{kind}: {name}", hostile.as_mail(make(hostile.SIZE), kind)))
    for name, build in hostile_mails.MAILS.items():
        worst = max(worst, line(f"mail: {name}", build(hostile.SIZE)))
    print(f"worst of the 100 KB mails: {worst:.1f} ms (goal {hostile.GOAL_MS})")
    line("3 MB: nested multiparts", hostile_mails.nested(50_000))
    line("3 MB: one boundary", hostile_mails.MAILS["nested with one boundary"](3_000_000))
    line("3 MB: flat parts", hostile_mails.MAILS["flat parts"](3_000_000))
    line("1 MB: one long header", hostile_mails.MAILS["one long header"](1_000_000))
    asyncio.run(through_reader())


if __name__ == "__main__":
    main()
