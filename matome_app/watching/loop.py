"""Watch the content folder: wait for changes, for files to settle and for posts to come due, and run an update."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from matome_app import ingest, judging
from matome_app.config import Settings
from matome_app.content.scanning import TOP, find, scan
from matome_app.state import FILE as STATE
from matome_app.state import NOTE
from matome_app.store.generations import current_generation
from matome_app.store.known import next_due, sources_below
from matome_app.store.session import Store
from matome_app.update import Report
from matome_app.watching.notices import Notices
from matome_app.watching.pending import SETTLE, Pending, posts_meant

logger = logging.getLogger("matome")

TICK: Final = 0.5
"""Seconds after which the clock, the folders themselves and posts that are links are looked at in any case."""

BURST: Final = 1000
"""More changes than this at once are found by comparing everything; the system may have lost some, too."""

QUIET: Final = 2.0
"""A burst is waited out for so many seconds at most."""

COMPARE: Final = 600.0
"""Seconds between two comparisons of everything, whatever happens."""

LINKS: Final = 500
"""So many posts that are symbolic links are looked at in every tick; what others point to is seen when compared."""

MEND: Final = 2.0
"""Seconds between two looks at a data folder that has to be mended."""

JUMP: Final = 2.0
"""Seconds by which the clock must differ from what it should say to count as set."""

LONGEST_PAUSE: Final = 10.0
"""Seconds between two tries when runs go on failing."""

T = TypeVar("T")
Identity = tuple[tuple[int, int], tuple[int, int]] | None


class Watch:
    """One watch over a content folder."""

    def __init__(self, settings: Settings, on_report: Callable[[Report], None]) -> None:
        self.settings = settings
        self.on_report = on_report
        self.content = settings.content_dir
        self.notices = Notices(self.content)
        self.pending = Pending(self.content)
        self.identity: Identity = None
        self.is_lost = False
        self.compare_at = 0.0
        self.burst_began: float | None = None
        self.failures = 0
        self.mend_at = 0.0
        self.ran_at = datetime.min
        self.due: datetime | None = None
        self.stamp: object = None
        self.links: dict[str, object] = {}
        self.clock_ahead = time.time() - time.monotonic()

    def run(self) -> None:
        """Go on until the process ends."""
        self.identity = self._look_at_folders()
        self.notices.open()
        names: set[str] | None = None
        while True:
            try:
                self.turn(names)
            except OSError:  # a folder that goes while it is looked at is met again in the next turn
                pass
            except Exception as error:
                self._fail(error)
                time.sleep(max(self.compare_at - time.monotonic(), 0))
            names = self.notices.wait(self._seconds())

    def turn(self, names: Collection[str] | None) -> None:
        """Do what is due; `names` are what changed, None when that cannot be told."""
        now = time.monotonic()
        if not self._are_folders_there():
            return
        if names is None or len(names) > BURST:
            self._compare_soon(now)
        else:
            self._note(names)
        self._look_at_links()
        self._look_at_clock(now)
        if now >= self.mend_at and self._must_mend():
            self.mend_at = now + MEND
            self._compare_soon(now)
        if now >= self.compare_at:
            self._compare()
        elif not self.failures:  # after one everything waits for a whole run
            still = self.pending.take()
            if still or self._has_come_due():
                self._run(still)

    def _note(self, names: Collection[str]) -> None:
        if self.compare_at - time.monotonic() <= SETTLE:
            return  # everything is compared in a moment
        files: set[str] = set()
        for name in names:
            if name == TOP:
                self._compare_soon(time.monotonic())
            else:
                files |= posts_meant(self.content, name, self._known_below)
        if len(files) > BURST:
            self._compare_soon(time.monotonic())
        else:
            self.pending.add(files)
            self.links |= {name: None for name in files if os.path.islink(self.content / name)}

    def _compare_soon(self, now: float) -> None:
        """Compare everything once it is quiet; after a failure that is done anyway, and not sooner."""
        if self.failures:
            return
        if self.burst_began is None:
            self.burst_began = now
        self.compare_at = min(now + SETTLE, max(self.burst_began + QUIET, now))

    def _compare(self) -> None:
        """Bring in whatever differs, all over the folder."""
        began = _now()
        self.burst_began = None
        self.compare_at = time.monotonic() + COMPARE
        self.pending.clear()
        self.notices.open_again()
        links = scan(self.content).links[:LINKS]
        self.links = {name: self.links.get(name) for name in links}
        try:
            is_needed = not judging.is_up_to_date(self.settings)
        except Exception as error:
            self._fail(error)
            return
        if is_needed:
            self._run(None)
        else:
            self._succeed(began)

    def _run(self, paths: list[str] | None) -> None:
        began = _now()
        try:
            report = ingest.run(self.settings, paths=paths)
        except Exception as error:  # whatever it is: the watch is there to go on
            self._fail(error)
            return
        self._succeed(began)
        self.pending.add(report.unsettled)
        if report:
            self.on_report(report)

    def _succeed(self, began: datetime) -> None:
        if self.failures:
            logger.info("indexing works again", extra={"event": "watch-works"})
        self.failures = 0
        self.ran_at = began
        self._look_into_store()

    def _fail(self, error: Exception) -> None:
        """Say what went wrong, and try everything again in a while."""
        pause = min(1.0 * 2**self.failures, LONGEST_PAUSE)
        self.failures += 1
        self.compare_at = time.monotonic() + pause
        line = (str(error) or type(error).__name__).partition("\n")[0]
        logger.error(
            "indexing failed: %s; trying again in %d s", line, pause, extra={"event": "watch-failed", "error": line}
        )

    def _seconds(self) -> float:
        """Return for how long there is nothing to do but to listen."""
        waits = [TICK, self.compare_at - time.monotonic()]
        if (settles := self.pending.due_in()) is not None and not self.failures:
            waits.append(settles)
        if self.due is not None and not self.failures:
            waits.append((self.due - _now()).total_seconds())
        return max(min(waits), 0.01)

    # The folders themselves

    def _are_folders_there(self) -> bool:
        """Tell whether there is a folder to look at; one that came back, or is another, is listened to anew."""
        identity = self._look_at_folders()
        if identity is None:
            if not self.is_lost:
                self.is_lost = True
                logger.warning(
                    "%s is not there; its posts stay up until it is", self.content / TOP, extra={"event": "watch-lost"}
                )
            return False
        if identity != self.identity:
            self.identity = identity
            self.notices.open()
            self._compare_soon(time.monotonic())
            if self.is_lost:
                logger.info("%s is there again", self.content / TOP, extra={"event": "watch-found"})
        elif self.is_lost:
            self._compare_soon(time.monotonic())
        self.is_lost = False
        return True

    def _look_at_folders(self) -> Identity:
        try:
            root, posts = os.stat(self.content), os.stat(self.content / TOP)
        except OSError:
            return None
        return (root.st_dev, root.st_ino), (posts.st_dev, posts.st_ino)

    def _look_at_links(self) -> None:
        """Find out which posts that are links have another file at their end: nobody tells of those."""
        if not self.links:
            return
        stamps = {file.relative: file.stamp for file in find(self.content, self.links).files}
        changed = [name for name, before in self.links.items() if before is not None and stamps.get(name) != before]
        self.links = {name: stamps.get(name) for name in self.links}
        self.pending.add(changed)

    def _look_at_clock(self, now: float) -> None:
        """Compare everything when somebody set the clock."""
        ahead = time.time() - now
        if abs(ahead - self.clock_ahead) > JUMP:
            self._compare_soon(now)
        self.clock_ahead = ahead

    # The store

    def _must_mend(self) -> bool:
        """Tell whether the data folder was emptied, or a serving process met damage."""
        data = self.settings.data_dir
        return current_generation(data, self.settings.database_url) is None or (data / NOTE).exists()

    def _has_come_due(self) -> bool:
        """Tell whether a post's time has come; when another process wrote, see whether it came to an end, too."""
        stamp = self._stamp()
        if stamp != self.stamp:
            if self.stamp is not None:
                self._compare_soon(time.monotonic())
            self._look_into_store()
        return self.due is not None and self.due <= _now()

    def _look_into_store(self) -> None:
        self.stamp = self._stamp()
        # What was due before the last run and stays so (its file is gone, or being written) is met by a later one.
        self.due = self._ask(lambda session: next_due(session, self.ran_at), None)

    def _known_below(self, folder: str) -> list[str]:
        return self._ask(lambda session: sources_below(session, folder), [])

    def _stamp(self) -> object:
        """Return what changes whenever anybody brings something in."""
        stamps = []
        for name in ("current", STATE):
            with suppress(OSError):
                status = os.stat(self.settings.data_dir / name)
                stamps.append((name, status.st_ino, status.st_mtime_ns))
        return stamps

    def _ask(self, question: Callable[[Session], T], otherwise: T) -> T:
        generation = current_generation(self.settings.data_dir, self.settings.database_url)
        if generation is None:
            return otherwise
        store = Store(generation.database_url, "read")
        try:
            with store.sessions() as session:
                return question(session)
        except DBAPIError:
            return otherwise
        finally:
            store.close()


def _now() -> datetime:
    """Return this moment as the store holds it."""
    return datetime.now(UTC).replace(tzinfo=None)
