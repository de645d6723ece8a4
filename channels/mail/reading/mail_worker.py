"""The other end of `mail_reader`: a process that reads mails from its standard input. Holds nothing else.

It has no settings, no keys, no database, little memory and little time. A mail that breaks it breaks nothing more.
Each request is a length and a raw mail; each answer a length and a preview as JSON; lengths are 8 bytes, big-endian.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from typing import BinaryIO

from channels.mail.reading import mail_mime, mail_parse

MEMORY = 1 << 30
CPU_SECONDS = 5
READY = b"R"


def serve(requests: BinaryIO, answers: BinaryIO, ours: frozenset[str]) -> None:
    """Answer until there are no more requests."""
    answers.write(READY)
    answers.flush()
    while len(head := requests.read(8)) == 8:
        _allow_time()
        found = answer(requests.read(int.from_bytes(head, "big")), ours)
        answers.write(len(found).to_bytes(8, "big") + found)
        answers.flush()


def answer(raw: bytes, ours: frozenset[str] = frozenset()) -> bytes:
    """Read one mail; one that is too much is answered with what its headers say."""
    try:
        found = mail_parse.preview(raw, ours=ours)
    except mail_mime.TooMuch as why:
        found = mail_parse.not_understood(raw, f"too much: {why}")
    return json.dumps(asdict(found)).encode()


def _allow_time() -> None:
    """Give the next mail its share of the processor, so that a process nobody waits for any more ends by itself."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    """Serve standard input and output; the arguments are our own addresses."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, frozenset(sys.argv[1:]))


if __name__ == "__main__":
    main()
