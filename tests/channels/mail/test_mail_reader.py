"""The process that reads mails: it answers, it is killed when it takes too long, and no mail is lost by that."""

from __future__ import annotations

import asyncio
import io
import json
import resource
import time
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from channels.mail.reading import mail_mime, mail_parse, mail_reader, mail_worker
from channels.mail.reading.mail_parse import Preview
from channels.mail.reading.mail_reader import MailReader
from tests.channels.mail import hostile, hostile_mails
from tests.channels.mail.corpus import cases
from tests.harness import waiting

MAIL = b"From: Kim <kim@example.com>\r\nSubject: [#7] Lamp\r\nMessage-ID: <a@example.com>\r\n\r\nIt is broken.\r\n"


@pytest.fixture
async def reader() -> AsyncIterator[MailReader]:
    """Give a reader that is patient."""
    async with MailReader(patience=30.0, ours=("support@acme.example",)) as shared:
        yield shared


async def test_everything_comes_through(reader: MailReader) -> None:
    """What the other process found is what reading here finds, for every mail of the corpus."""
    for case in list(cases())[::9]:
        assert await reader.preview(case.raw) == mail_parse.preview(case.raw), case.name


async def test_our_own_addresses_are_known_over_there(reader: MailReader) -> None:
    """They are given when the process starts."""
    found = await reader.preview(b"From: support@acme.example\r\n\r\nhi\r\n")
    assert found.reasons == ("our own address",)


async def test_mails_at_once_are_read_one_after_the_other(reader: MailReader) -> None:
    """Answers never get mixed up."""
    mails = [MAIL.replace(b"broken", b"broken %d times" % number) for number in range(20)]
    found = await asyncio.gather(*(reader.preview(raw) for raw in mails))
    assert [preview.text for preview in found] == [f"It is broken {number} times." for number in range(20)]


async def test_an_endlessly_nested_mail_is_refused_at_once(reader: MailReader) -> None:
    """3 MB of multiparts, or of messages, inside each other: less than a second, the way there and back included."""
    head = hostile.HEAD
    message = b"Content-Type: message/rfc822\r\n\r\n"
    wrapped = b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' + message
    await reader.preview(MAIL)
    for raw in (
        hostile_mails.nested(50_000),
        hostile_mails.MAILS["nested with one boundary"](3_000_000),
        head + b"".join(wrapped % (level, level) for level in range(34_000)),
        head + message * 94_000,
    ):
        assert len(raw) > 2_900_000
        found, taken = await timed(reader, raw)
        for _ in range(3):  # others may be busy on this machine
            if taken >= 1.0:
                found, taken = await timed(reader, raw)
        assert taken < 1.0
        assert found.subject == "Re: x"
        assert found.text
        assert not found.understood
        assert found.reasons[0].startswith("too much: ")


async def test_a_mail_that_is_too_large_is_kept_with_its_headers(reader: MailReader) -> None:
    """It is not even sent over."""
    found = await reader.preview(MAIL + b"x" * mail_mime.BYTES_LIMIT)
    assert (found.understood, found.reasons) == (False, ("too much: bytes",))
    assert found.subject == "[#7] Lamp"
    assert found.message_id == "a@example.com"


async def timed(reader: MailReader, raw: bytes) -> tuple[Preview, float]:
    """Read a mail, and tell in seconds how long that took."""
    began = time.perf_counter()
    found = await reader.preview(raw)
    return found, time.perf_counter() - began


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str, *, ready: str = "R") -> None:
    """Put another program in the worker's place."""
    program = f"import os, sys, time\nsys.stdout.buffer.write({ready.encode()!r})\n{body}\n"
    (folder / "pretended.py").write_text(program, "utf-8")
    worker = ModuleType("pretended")
    worker.__dict__["READY"] = mail_worker.READY
    monkeypatch.setattr(mail_reader, "mail_worker", worker)
    monkeypatch.setattr(mail_reader, "ROOT", folder)


HANGS = "sys.stdout.flush()\ntime.sleep(600)"
DIES = "sys.stdout.flush()\nsys.stdin.buffer.read(8)\nos._exit(7)"
BABBLES = "sys.stdout.buffer.write((1 << 40).to_bytes(8, 'big'))\nsys.stdout.flush()\ntime.sleep(600)"
HALF = "sys.stdout.buffer.write((99).to_bytes(8, 'big') + b'{')\nsys.stdout.flush()"
LIES = "sys.stdout.buffer.write((4).to_bytes(8, 'big') + b'oops')\nsys.stdout.flush()\ntime.sleep(600)"


@pytest.mark.parametrize(
    "body, why",
    [
        (HANGS, "took too long"),
        (DIES, "could not be read"),
        (BABBLES, "could not be read"),
        (HALF, "could not be read"),
        (LIES, "could not be read"),
        ("os._exit(1)", "could not be read"),
    ],
    ids=["hangs", "dies", "babbles", "half an answer", "no JSON", "never starts"],
)
async def test_a_worker_that_fails_costs_no_mail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, why: str
) -> None:
    """The mail is kept with what its headers say, the process is gone, and the next mail gets another one."""
    async with MailReader(patience=0.3) as reader:
        with monkeypatch.context() as patch:
            pretend(patch, tmp_path, body)
            found = await reader.preview(MAIL)
            assert (found.understood, found.reasons, found.text) == (False, (why,), "[#7] Lamp")
            assert found.from_[0].address == "kim@example.com"
            assert reader._process is None
        reader.patience = 30.0
        assert (await reader.preview(MAIL)).text == "It is broken."


async def test_a_worker_that_was_killed_meanwhile_is_replaced() -> None:
    """Whoever kills it between two mails costs no mail its text."""
    async with MailReader(patience=30.0) as reader:
        assert (await reader.preview(MAIL)).understood
        assert reader._process is not None
        reader._process.kill()
        await reader._process.wait()
        assert (await reader.preview(MAIL)).understood


async def test_a_mail_that_failed_once_is_read_by_another_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a busy machine did to the first one it need not do to the second."""
    seen = tmp_path / "seen"
    body = f"""
sys.path.insert(0, {str(mail_reader.ROOT)!r})
from pathlib import Path
from channels.mail.reading import mail_worker
if not Path({str(seen)!r}).exists():
    Path({str(seen)!r}).touch()
    os._exit(3)
mail_worker.serve(sys.stdin.buffer, sys.stdout.buffer, frozenset())
"""
    pretend(monkeypatch, tmp_path, body, ready="")
    async with MailReader(patience=30.0) as reader:
        assert (await reader.preview(MAIL)).text == "It is broken."
    assert seen.exists()


async def test_who_gives_up_waiting_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cancelled reading ends the process, so that its answer cannot be taken for another mail's."""
    pretend(monkeypatch, tmp_path, HANGS)
    async with MailReader(patience=30.0) as reader:
        task = asyncio.create_task(reader.preview(MAIL))

        async def started() -> asyncio.subprocess.Process | None:
            return reader._process if reader._lives else None

        process = await waiting.until(started, "the worker's start", every=0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert process.returncode is not None
        assert reader._process is None


async def test_a_worker_is_replaced_when_it_has_read_enough() -> None:
    """Whatever it may have piled up goes with it."""
    async with MailReader(patience=30.0) as reader:
        await reader.preview(MAIL)
        first, reader._lives = reader._process, 0
        assert (await reader.preview(MAIL)).understood
        assert reader._process is not first


def test_the_worker_answers_what_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its protocol: ready, then a length and an answer for each length and mail, until there are no more."""
    limits: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: limits.append((what, limit)))  # this process goes on
    nested = hostile_mails.nested(200)
    requests = b"".join(len(raw).to_bytes(8, "big") + raw for raw in (MAIL, nested))
    answers = io.BytesIO()
    mail_worker.serve(io.BytesIO(requests + b"end"), answers, frozenset())
    data = answers.getvalue()
    assert data[:1] == mail_worker.READY
    length = int.from_bytes(data[1:9], "big")
    first, rest = json.loads(data[9 : 9 + length]), data[9 + length :]
    assert first["text"] == "It is broken."
    assert json.loads(rest[8:])["reasons"] == ["too much: boundaries"]
    assert [what for what, _ in limits] == [resource.RLIMIT_CPU] * 2
    assert first.keys() == {field.name for field in fields(Preview)}
