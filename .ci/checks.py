"""The shape check: sizes, docstrings and broad handlers, by reading the syntax trees. Runs no code of ours.

The number of branches is ruff's C901; unused and unformatted code is ruff's too.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("config", "state", "channels", "tools", "bot", "playground")
ALL = (*SHIPPED, "examples", "tests", "evals", "bench", ".ci")
MAX_BODY, MAX_FILE = 40, 400
ELSEWHERE = ("migrations/versions", "bench/side_by_side")  # generated; other frameworks' programs, as they are compared

# A loop that must survive whatever happens inside may catch everything; each place says which loop that is.
BROAD = {
    "state/sql/sqlite.py": "the writer: one bad transaction must not stop the others of its batch",
    "tools/attempts.py": "the call of a tool: whatever a tool does wrong is an outcome, never the end of the turn",
    "bot/observe.py": "the log: whatever is wrong with a line, it must not raise into the turn that writes it",
    "bot/loops.py": "the loops of worker, sender and clock: an error nobody foresaw must not end them",
    "bot/worker.py": "the turn worker: one bad turn must not stop the others",
    "bot/outbox.py": "the sender: one bad reply must not stop the others",
    "tools/mcp_client.py": "the connection to a server of others: however it ends, the next call connects anew",
    "channels/mail/mail_fetch.py": "the mailbox's loop: one bad mail or answer must not hold up the mails behind it",
    "bot/web.py": "the web error middleware: a stack trace is for the log, never for the client",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Finding(NamedTuple):
    """One thing that is not as it should be."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """Print as compilers do, so that editors can jump to it."""
        return f"{self.path}:{self.line}: {self.text}"


def body_lines(function: Function) -> int:
    """Count the lines of a function below its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Say whether a handler catches every error and lets it end there."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    catches = any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds
    )
    reraises = any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
    return catches and not reraises


def examine(path: str, source: str) -> tuple[list[Finding], list[int]]:
    """Judge one file: its findings and the body length of each of its functions."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    findings = [*_file_findings(path, source, tree), *_handler_findings(path, tree)]
    for function in functions:
        findings += _function_findings(path, function)
    return findings, [body_lines(function) for function in functions]


def _file_findings(path: str, source: str, tree: ast.Module) -> Iterator[Finding]:
    if (length := len(source.splitlines())) > MAX_FILE:
        yield Finding(path, 1, f"{length} lines; split it, {MAX_FILE} is the most")
    if tree.body and ast.get_docstring(tree) is None:
        yield Finding(path, 1, "a module says in its docstring what it is and what it never does")
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield Finding(path, node.lineno, f"{node.name} has no docstring")


def _function_findings(path: str, function: Function) -> Iterator[Finding]:
    if (length := body_lines(function)) > MAX_BODY:
        yield Finding(path, function.lineno, f"{function.name} has {length} lines; {MAX_BODY} is the most")


def _handler_findings(path: str, tree: ast.Module) -> Iterator[Finding]:
    if path not in BROAD and path.startswith(SHIPPED):
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and is_broad(node):
                yield Finding(path, node.lineno, "catches everything; name the errors, or the loop that must survive")


def sources(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Give every Python file of ours with its path below the root."""
    for package in ALL:
        for file in sorted((root / package).rglob("*.py")):
            if not any(part in file.as_posix() for part in ELSEWHERE):
                yield file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")


def main() -> int:
    """Examine everything; print the findings and the figures."""
    findings: list[Finding] = []
    bodies: list[int] = []
    files: list[int] = []
    for path, source in sources():
        found, lengths = examine(path, source)
        findings += found
        if path.startswith(SHIPPED):
            bodies += lengths
            files.append(len(source.splitlines()))
    print(*findings, sep="\n", end="\n" if findings else "")
    print(f"{len(files)} files, lines: {_spread(files)}; {len(bodies)} functions, lines: {_spread(bodies)}")
    return 1 if findings else 0


def _spread(numbers: list[int]) -> str:
    ranked = sorted(numbers) or [0]
    return f"median {statistics.median(ranked):.0f}, p95 {ranked[int(len(ranked) * 0.95)]}, most {ranked[-1]}"


if __name__ == "__main__":
    sys.exit(main())
