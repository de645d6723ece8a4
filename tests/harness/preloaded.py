"""The bot with everything imported and learnt, waiting to be forked: a start costs next to nothing then.

Reads one JSON line per process to start, `{"env", "log", "command"}`; writes `{"pid"}` for each, and
`{"pid", "code"}` when one has ended.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
from importlib import import_module
from typing import Any, NoReturn

from tests.harness import trained

LATER = (
    *(
        "asyncpg",
        "bot.app",
        "channels.web.channel",
        "channels.whatsapp.channel",
        "state.migrations",
        "state.redis_hints",
    ),
    *("state.sql.postgres", "state.sql.sqlite", "tools.packs.billing", "uvloop"),
)
STDIN, STDOUT, STDERR = 0, 1, 2


def main() -> None:
    """Import, then fork on demand until the caller goes away."""
    for name in (*LATER, "bot.__main__"):
        import_module(name)
    trained.share()
    trained.learn_shipped()
    gc.freeze()
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _say({"ready": True})
    waiting = b""
    while True:
        ready, _, _ = select.select([STDIN, reading], [], [])
        if reading in ready:
            os.read(reading, 4096)
            _reap()
        if STDIN in ready:
            if not (found := os.read(STDIN, 1 << 16)):
                return
            *lines, waiting = (waiting + found).split(b"\n")
            for line in lines:
                _say({"pid": _fork(json.loads(line))})


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _become(order)
    return pid


def _become(order: dict[str, Any]) -> NoReturn:
    """Be what `python -m bot <command>` would be with this environment."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), STDIN)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, STDOUT)
        os.dup2(log, STDERR)
        os.environ.clear()
        os.environ.update(order["env"])
        faults: Any = import_module("state.faults")  # it alone reads the environment when it is imported
        faults._plan = faults._parse(os.environ.get("FAULT", ""))
        code = import_module("bot.__main__").main([order["command"]])
    finally:
        sys.stderr.flush()
        os._exit(code)


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _say(message: dict[str, Any]) -> None:
    os.write(STDOUT, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
