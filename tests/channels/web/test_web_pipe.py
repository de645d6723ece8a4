"""The bounded queue to one client, without a socket."""

from __future__ import annotations

import asyncio

import pytest

from channels.web import web_pipe
from channels.web.web_pipe import FULL, SLOW, Ending, Pipe


class Reader:
    """A client that reads what it is given, or nothing."""

    def __init__(self, *, stuck: bool = False) -> None:
        """`stuck`: never read."""
        self.got: list[tuple[bytes, int | None]] = []
        self._stuck = stuck

    async def __call__(self, data: bytes, seq: int | None) -> None:
        """Take one frame."""
        if self._stuck:
            await asyncio.Event().wait()
        self.got.append((data, seq))


async def test_frames_leave_in_order_and_the_rest_before_the_end() -> None:
    """What was put before the end still leaves; what comes after does not."""
    pipe, reader = Pipe(), Reader()
    pipe.put({"n": 1, "seq": 7})
    pipe.put({"n": 2})
    pipe.end(Ending(4401))
    pipe.end(Ending(1012))
    pipe.put({"n": 3})
    assert Ending(4401) == await pipe.drain(reader)
    assert [(b'{"n":1,"seq":7}', 7), (b'{"n":2}', None)] == reader.got


async def test_too_many_frames_are_given_up() -> None:
    """The queue is dropped at once, so that no memory is kept for a client that is gone."""
    pipe = Pipe()
    for number in range(web_pipe.MOST_FRAMES + 1):
        assert not pipe.ended
        pipe.put({"n": number})
    reader = Reader()
    assert (FULL, []) == (await pipe.drain(reader), reader.got)


async def test_too_many_bytes_are_given_up() -> None:
    """Few frames may be too large together."""
    pipe = Pipe()
    for _ in range(3):
        pipe.put({"text": "x" * 400_000})
    assert FULL == await pipe.drain(Reader())


async def test_what_was_asked_for_does_not_count() -> None:
    """A long history is no sign of a slow reader."""
    pipe, reader = Pipe(), Reader()
    for _ in range(web_pipe.MOST_FRAMES + 10):
        pipe.put({"text": "x" * 10_000}, asked=True)
    pipe.put({"n": 1})
    pipe.end(Ending(1000))
    assert Ending(1000) == await pipe.drain(reader)
    assert web_pipe.MOST_FRAMES + 11 == len(reader.got)


async def test_one_frame_may_take_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not read is given up, when it gets a frame or a sign of life."""
    monkeypatch.setattr(web_pipe, "SEND_S", 0.02)
    pipe = Pipe()
    pipe.put({"n": 1})
    assert SLOW == await pipe.drain(Reader(stuck=True))
    assert SLOW == await Pipe().drain(Reader(), idle_s=0.01, idle=Reader(stuck=True))


async def test_an_idle_pipe_gives_signs_of_life() -> None:
    """Until there is a frame again."""
    pipe, reader, idle = Pipe(), Reader(), Reader()
    draining = asyncio.create_task(pipe.drain(reader, idle_s=0.01, idle=idle))
    async with asyncio.timeout(5):
        while len(idle.got) < 2:  # noqa: ASYNC110  # signs of life have no event
            await asyncio.sleep(0.01)
    pipe.put({"n": 1})
    pipe.end(Ending(1000))
    assert Ending(1000) == await draining
    assert 1 == len(reader.got)
