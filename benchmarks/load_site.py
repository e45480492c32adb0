"""Hold what the parts of a load test share: the site's folders, a server on them, and the memory of its processes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.load_paths import Paths, search_path
from benchmarks.load_wrk import Load, Missing, wrk
from benchmarks.loaded import Loaded, Memory
from benchmarks.processes import flask, pss_mb, run
from matome_app.config import read_settings
from matome_app.store.generations import current_generation
from tests.deploy.running import NGINX, Running, running

HOST: Final = "localhost"
QUICK_SECONDS, WARM_SECONDS = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """A content folder that may be written into, and its data folder."""

    content: Path
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        """The settings for a command."""
        return dict(read_settings({"CONTENT_DIR": str(self.content), "DATA_DIR": str(self.data)}).as_environment())

    def fill(self, source: Path, index: Path | None = None) -> None:
        """Copy the content, and build its index or go on from a copy of one."""
        shutil.copytree(source, self.content, copy_function=_link)
        assets = source.parent / "assets"
        if assets.is_dir():
            os.symlink(assets.resolve(), self.content.parent / "assets")
        if index is not None:
            shutil.copytree(index, self.data)
        run(flask("index"), self.environment)

    def database(self) -> Path:
        """Return the database that is served."""
        generation = current_generation(self.data)
        if generation is None:
            raise RuntimeError(f"nothing is built in {self.data}")
        return generation.folder / "matome.sqlite3"


def _link(source: str, target: str) -> None:
    """Copy a file by a second name where the file system can: it is replaced, never written into."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@dataclass(slots=True)
class Run:
    """A run: where it happens, what is asked, how long each measurement takes, and what is known so far."""

    folder: Path
    place: Place
    paths: Paths
    seconds: float
    loaded: Loaded
    faults: list[str] = field(default_factory=list)
    served: int = 0

    def say(self, what: str) -> None:
        """Print a line with the time."""
        print(f"{datetime.now(UTC):%H:%M:%S} {what}", flush=True)

    @contextmanager
    def serve(self, settings: Mapping[str, str] | None = None, **fields: Any) -> Iterator[Running]:
        """Serve the site as deploy/ sets it up, behind a trusted proxy on 127.0.0.1; systemd's socket is ours."""
        if NGINX is None:
            raise Missing("nginx is not installed (Debian: apt-get install nginx-light)")
        self.served += 1
        options: dict[str, Any] = {"trusted_proxies": ("127.0.0.1",), "data": self.place.data, **fields}
        folder = self.folder / f"site{self.served}"
        with running(folder, content=self.place.content, settings=settings, activated=True, **options) as site:
            self.warm(site)
            yield site

    def warm(self, site: Running) -> None:
        """Ask for searches until every worker has loaded what they need: some in a row are answered quickly."""
        quick, until = 0, time.monotonic() + WARM_SECONDS
        for number, query in enumerate(reversed(self.paths.any_searches)):
            started = time.monotonic()
            site.get(search_path(query), X_Forwarded_For=f"10.254.{number // 250}.{number % 250}")
            quick = quick + 1 if time.monotonic() - started < QUICK_SECONDS else 0
            if quick == 4 * site.deployment.workers or time.monotonic() > until:
                return

    def wrk(
        self,
        site: Running,
        paths: Path,
        connections: int,
        *,
        seconds: float | None = None,
        skip: int = 0,
        headers: Mapping[str, str] | None = None,
        statuses: bool = False,
    ) -> Load:
        """Ask a site by wrk, each request as another reader's."""
        return wrk(
            f"http://127.0.0.1:{site.port}",
            paths,
            connections,
            self.seconds if seconds is None else seconds,
            skip=skip,
            headers={"Host": HOST, **(headers or {})},
            statuses=statuses,
            readers=True,
        )


def memory_of(site: Running) -> Memory:
    """Return what the processes of nginx and gunicorn hold."""
    return Memory(round(pss_mb(site.nginx_processes()), 1), round(pss_mb(site.app_processes()), 1))


def open_files(processes: list[int]) -> int:
    """Return how many files, sockets and pipes processes hold open together."""
    total = 0
    for process in processes:
        with suppress(OSError):  # it has ended meanwhile
            total += len(os.listdir(f"/proc/{process}/fd"))
    return total
