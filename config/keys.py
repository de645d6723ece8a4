"""Where secrets come from: the environment, a file, or var/dev.env for the playground. Never prints one."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from dotenv import dotenv_values

DEV_ENV = Path("var/dev.env")
MADE_ONCE = ("SECRET_KEY", "API_TOKEN")


def derive(secret: str, label: str) -> bytes:
    """Derive 32 bytes for one purpose; another label gives unrelated bytes."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"throughline/{label}".encode()).derive(secret.encode())


def read_env_file(path: Path) -> dict[str, str]:
    """Read NAME=value lines; a file that is not there has none."""
    return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None}


def resolve_files(env: Mapping[str, str], names: frozenset[str]) -> tuple[dict[str, str], list[str]]:
    """Replace every NAME_FILE by NAME with the file's content; answer the values and what was wrong."""
    values = {name: text.strip() for name, text in env.items() if text.strip()}
    problems: list[str] = []
    for name in sorted(names):
        if not (path := values.pop(f"{name}_FILE", None)):
            continue
        if name in values:
            problems.append(f"{name}: is set and {name}_FILE is set too; keep one of them")
            continue
        try:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name}_FILE: the file cannot be read ({_reason(error)}); correct the path or its rights")
            continue
        if not values[name]:
            problems.append(f"{name}_FILE: the file is empty; write the secret into it")
    return values, problems


def made_once(root: Path) -> dict[str, str]:
    """Give the playground's own SECRET_KEY and API_TOKEN, made at the first start and kept in var/dev.env.

    Two processes that start at once agree: the file appears whole, by a hard link that only one of them wins.
    """
    path = root / DEV_ENV
    existed = path.exists()  # asked before reading: a file that appears later is another process's, and whole
    known = read_env_file(path)
    if all(known.get(name) for name in MADE_ONCE):
        return known
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {name: known.get(name) or secrets.token_urlsafe(32) for name in MADE_ONCE}
    _publish(path, values, replace=existed)
    return read_env_file(path)


def _publish(path: Path, values: Mapping[str, str], *, replace: bool) -> None:
    text = "# Made once for the playground. Keep it: the database is encrypted under it.\n"
    text += "".join(f"{name}={value}\n" for name, value in values.items())
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".dev.env.")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(draft).replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
    finally:
        Path(draft).unlink(missing_ok=True)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else "it is not UTF-8 text"
