"""Empty, migrated databases by the dozen, of either store. Knows no conversation."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from state import migrations
from tests import servers

STORES = ("sqlite", "postgres")


class Databases(Protocol):
    """Where empty, migrated databases of one store come from."""

    name: str

    def new(self) -> str:
        """Make one and answer its address."""
        ...

    def drop(self, url: str) -> None:
        """Forget one."""
        ...


@dataclass(slots=True, kw_only=True)
class Files:
    """SQLite files, copied from a migrated one."""

    template: Path
    folder: Path
    name: str = "sqlite"
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def new(self) -> str:
        """Copy the template."""
        path = self.folder / f"run-{next(self.numbers)}" / "throughline.db"
        path.parent.mkdir(parents=True)
        return f"sqlite:///{shutil.copy(self.template, path)}"

    def drop(self, url: str) -> None:
        """Remove the file's folder."""
        shutil.rmtree(Path(url.removeprefix("sqlite:///")).parent)


@dataclass(slots=True, kw_only=True)
class Cluster:
    """PostgreSQL databases, copied from a migrated one."""

    server: servers.Postgres
    template: str
    name: str = "postgres"

    def new(self) -> str:
        """Copy the template."""
        return self.server.create(template=self.template)

    def drop(self, url: str) -> None:
        """Drop the database."""
        self.server.drop(url)


@contextmanager
def stores(names: Iterable[str], home: Path) -> Iterator[list[Databases]]:
    """The stores by name; PostgreSQL on a cluster that lives as long as the context."""
    with ExitStack() as closing:
        yield [_store(name, home, closing) for name in names]


def _store(name: str, home: Path, closing: ExitStack) -> Databases:
    if name == "sqlite":
        template = home / "template.db"
        migrations.upgrade(f"sqlite:///{template}")
        return Files(template=template, folder=home / "files")
    server = closing.enter_context(servers.postgres())
    url = server.create()
    migrations.upgrade(url)
    return Cluster(server=server, template=url.rpartition("/")[2])
