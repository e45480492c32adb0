"""Kill the builder and the server with signal 9, again and again, and hold that nothing comes of it.

A round changes some files, starts something, kills it at a moment of the seed's, looks at what is left without mending
it, lets `flask index` finish, and looks again. Now and then all is compared with a fresh build in another folder.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from flask.testing import FlaskClient

from matome_app import judging
from matome_app.config import ROOT
from matome_app.runtime import Runtime
from matome_app.search.params import SearchParams
from tests.app.sites import Site
from tests.faults import running, whole
from tests.faults.made_content import QUERIES, Author, unique_word
from tests.faults.moments import SERVERS, Action, Kill, Measured, Wait

GROWTH: Final = 1.5
"""How many times the size of a fresh build the data folder may be at the end."""

SMALL_RUNS: Final = 12
"""Updates of a merging round: more than leave segments of words alone."""

GRACE: Final = 20.0
"""Seconds within which what is left of a killed command ends by itself."""


@dataclass(slots=True)
class Outcome:
    """What came of a round: what was killed when, how long it took to be whole again, and what was wrong."""

    kill: Kill
    struck: str = ""
    seconds: float = 0.0
    changes: int = 0
    phase: str = ""
    recovery: float = 0.0
    bytes: int = 0
    compared: bool = False
    faults: list[str] = field(default_factory=list)


class Reader:
    """Asks a server for pages all the time, in a thread; `faults` are answers that no reader should get."""

    def __init__(self, port: int) -> None:
        self.faults: list[str] = []
        self.answers = 0
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()
        self._thread.join(30)

    def status(self, path: str) -> int:
        """Return the status of an answer, 0 where nobody answers."""
        return running.status(self._port, path)

    def _read(self) -> None:
        while not self._over.is_set():
            for path in ("/", "/readyz", "/api/posts", "/search?q=compiler", "/tags/"):
                status = self.status(path)
                self.answers += status > 0
                if status not in (0, *whole.SERVED):
                    self.faults.append(f"{path} answered {status} while it was served")
            self._over.wait(0.1)


class Harness:
    """A site that is tortured. `root` holds content/, data/ and fresh/; `log` hears of every round."""

    def __init__(
        self,
        root: Path,
        seed: int,
        log: Callable[[str], None],
        config: dict[str, str] | None = None,
        queries: Sequence[str] = QUERIES,
    ) -> None:
        self.root = root
        self.seed = seed
        self.log = log
        self.queries = queries
        temporary = root / "tmp"
        temporary.mkdir()
        self.temporary = temporary
        self.site = Site(root, dict(config or {}))
        self.fresh = Site(root / "fresh", {**(config or {}), "CONTENT_DIR": str(root / "content")})
        self.author = Author(root / "content", root / "scratch", random.Random(f"author {seed}"))
        self.draw = random.Random(f"draw {seed}")
        self.measured: dict[Action, Measured] = {}
        self.outcomes: list[Outcome] = []
        self.fresh_bytes = 0
        self.growth = 0.0
        self.survivor: FlaskClient | None = None
        self.deep = True
        self.log_file = root / "said.log"

    # What is measured before anything is killed

    def prepare(self) -> None:
        """Build once, and update once, without a kill: how long each takes decides when later ones are killed."""
        first = self._unharmed(["index"])
        self.author.change()
        update = self._unharmed(["index"])
        many = Measured(update.seconds + 2, 2.0, 4 * update.changes)
        served = Measured(2 * update.seconds + 1, update.seconds + 1, 2 * update.changes)
        self.measured = {
            "first": first,
            "rebuild": first,
            "update": update,
            "merge": many,
            "serve": served,
            "watch": served,
            "gunicorn": served,
        }
        self.survivor = self.site.client()
        self.log(f"a first build takes {first.seconds:.1f} s, an update {update.seconds:.1f} s")

    def _unharmed(self, words: Sequence[str]) -> Measured:
        process = running.start(self.site.command(*words), self._environment(self.site), self.log_file)
        wait = Wait(self.site.data, process)
        never = Kill(0, "first", "all", "changes", 1.0, 0.0, False)
        assert not wait.until(never, Measured(600, 600, 10**9), lambda: None), f"{words} does not end"
        running.close(process)
        assert process.returncode == 0, self._said()
        return wait.measured()

    # One round

    def round(self, kill: Kill, compare: bool) -> Outcome:
        """Do one round and return what came of it."""
        outcome = Outcome(kill)
        self.outcomes.append(outcome)
        begun = self.log_file.stat().st_size if self.log_file.exists() else 0
        self.deep = compare
        if kill.from_nothing:
            shutil.rmtree(self.site.data, ignore_errors=True)
        else:
            for _ in range(self.draw.randint(1, 6)):
                self.author.change()
        self._strike(kill, outcome)
        outcome.faults += [f"after the kill: {fault}" for fault in self._look(kill)]
        self._recover(outcome)
        if compare and self.site.data.exists():
            self.compare(outcome)
        if outcome.faults:
            self._keep(kill, begun)
        self.log(_line(self.seed, outcome))
        return outcome

    def _strike(self, kill: Kill, outcome: Outcome) -> None:
        for attempt in range(3):
            measured = self.measured[kill.action]
            if kill.from_nothing and kill.action in SERVERS:
                first = self.measured["first"]
                measured = Measured(measured.seconds + first.seconds, first.seconds, first.changes)
            if self._strike_once(replace(kill, share=kill.share * 0.8**attempt), measured, outcome):
                return
            # It ended before its moment: now it is known how long it takes.
            if attempt == 0 and kill.action != "first":
                self.author.edit(self.author.files()[0])
            if kill.action == "first":
                shutil.rmtree(self.site.data, ignore_errors=True)
        outcome.struck = "ended by itself"

    def _strike_once(self, kill: Kill, measured: Measured, outcome: Outcome) -> bool:
        process, reader, meanwhile = self._start(kill.action)
        wait = Wait(self.site.data, process)
        try:
            came = wait.until(kill, measured, meanwhile)
            outcome.seconds, outcome.changes, outcome.phase = wait.passed, wait.changes, _phase(self.site.data)
            if not came:
                self.measured[kill.action] = wait.measured()
                if process.returncode:
                    outcome.faults.append(f"{kill.action} ended with exit code {process.returncode}")
                return False
            victims, outcome.struck = self._victims(kill, process)
            running.kill(victims)
            self._leave(outcome, process, reader)
        finally:
            if reader is not None:
                reader.stop()
                outcome.faults += sorted(set(reader.faults))
            running.kill_all(process)
        return True

    def _start(self, action: Action) -> tuple[subprocess.Popen[bytes], Reader | None, Callable[[], None]]:
        """Start what is to be killed; return the process, who reads from it, and what to do while waiting."""
        site, python = self.site, [sys.executable, "-m"]
        if action in ("first", "update", "rebuild"):
            command = site.command("index", *(["--rebuild"] if action == "rebuild" else []))
            return running.start(command, self._environment(site), self.log_file), None, lambda: None
        if action == "merge":
            process = running.start([*python, "tests.faults.small_runs"], self._environment(site), self.log_file)
            return process, None, _Feeder(process, self.author).turn
        port = running.free_port()
        more = {} if action == "serve" else {"MATOME_WATCH": "1"}
        if action == "gunicorn":
            command = [*python, "gunicorn", "-c", "deploy/gunicorn.conf.py", "wsgi:app"]
            more |= {"GUNICORN_BIND": f"127.0.0.1:{port}", "GUNICORN_WORKERS": "2"}
        else:
            command = site.command("run", "--port", str(port))
        process = running.start(command, self._environment(site) | more, self.log_file)
        busy = (lambda: None) if action == "serve" else _Now(self.author, 0.4).turn
        return process, Reader(port), busy

    def _victims(self, kill: Kill, process: subprocess.Popen[bytes]) -> tuple[list[int], str]:
        members = running.members(process.pid)
        builders = {one.pid for one in members if one.is_builder}
        chosen: list[int] = []
        if kill.target == "parent":
            chosen = [process.pid]
        elif kill.target == "helper":
            chosen = [one.pid for one in members if one.parent in builders and "spawn_main" in one.command]
        elif kill.target == "builder":
            chosen = [pid for pid in builders if pid != process.pid]
        elif kill.target == "worker":
            chosen = [one.pid for one in members if one.parent == process.pid and not one.is_builder][:1]
        return (chosen, kill.target) if chosen else ([one.pid for one in members], "all")

    def _leave(self, outcome: Outcome, process: subprocess.Popen[bytes], reader: Reader | None) -> None:
        """Let what was not killed do what it should: end, or go on serving until it is told to end."""
        action, struck = outcome.kill.action, outcome.struck
        if struck in ("builder", "worker"):
            assert reader is not None
            if not running.wait_until(lambda: reader.status("/healthz") == 200, self._grace()):
                outcome.faults.append(f"the server is gone with its {struck}")
            process.terminate()
        limit = self._grace() + (2 * self.measured["first"].seconds if struck == "helper" else 0)
        if running.wait_until(lambda: not running.members(process.pid), limit, 0.01):
            return
        left = running.members(process.pid)
        if action in SERVERS and struck == "parent" and all(_builds(one, left) for one in left):
            return  # a builder may finish what it is at, whoever started it; here it is killed as well
        outcome.faults.append(f"{limit:.0f} s later there are still {[one.command[-80:] for one in left]}")

    def _grace(self) -> float:
        """Return how long what is left has to end: more on a machine that is busy with other things."""
        return max(GRACE, 5 * self.measured["update"].seconds)

    # What is looked at

    def _look(self, kill: Kill, *, anew: bool = True) -> list[str]:
        """Return what is wrong with store, index and pages, as an old process sees them and (`anew`) a new one."""
        found = whole.faults_of_state(self.site.data, deep=self.deep)
        assert self.survivor is not None
        found += [f"in a process that lives on: {fault}" for fault in self._pages(self.survivor, kill.number)]
        return found + self._look_anew(kill) if anew else found

    def _look_anew(self, kill: Kill) -> list[str]:
        anew = self.site.client()
        found = self._pages(anew, kill.number)
        self._close(anew)
        return found

    def _pages(self, client: FlaskClient, number: int) -> list[str]:
        return whole.faults_of_pages(client, random.Random(f"pages {self.seed} {number}"))

    def _close(self, client: FlaskClient) -> None:
        runtime: Runtime = client.application.extensions["matome"]
        runtime.close()
        self.site.apps.remove(client.application)

    def _recover(self, outcome: Outcome) -> None:
        started = time.monotonic()
        ended = self._index(self.site)
        outcome.recovery = time.monotonic() - started
        self._note(ended.stderr)
        if ended.returncode or "Traceback" in ended.stderr:
            outcome.faults.append(f"flask index ended with exit code {ended.returncode}: {ended.stderr[-500:]}")
            return
        outcome.bytes = whole.size(self.site.data, journal=False)
        outcome.faults += [
            f"after the repair: {fault}" for fault in self._look(outcome.kill, anew=False) + self._words()
        ]
        if not judging.is_up_to_date(self.site.settings):
            outcome.faults.append("after the repair the site is not up to date")

    def _words(self) -> list[str]:
        """Return what is wrong with the words that edits left behind, the last ones and some of the others."""
        assert self.survivor is not None
        runtime: Runtime = self.survivor.application.extensions["matome"]
        engine = runtime.reader().engine
        live, gone = self.author.live_words(), self.author.gone_words()
        wanted = dict.fromkeys([*live[-15:], *self.draw.sample(live, min(10, len(live)))], 1)
        wanted |= dict.fromkeys([*gone[-10:], unique_word(26**4 + self.author.written)], 0)
        counts = {word: engine.search(SearchParams(q=word)).total for word in wanted}
        return [
            f"{word!r} is found {counts[word]} times, not {wanted[word]}"
            for word in wanted
            if counts[word] != wanted[word]
        ]

    def compare(self, outcome: Outcome) -> None:
        """Build the same content elsewhere and compare all of it, and the names of the files."""
        shutil.rmtree(self.fresh.data, ignore_errors=True)
        measured = self._index(self.fresh)
        if measured.returncode:
            outcome.faults.append(f"a fresh build fails: {measured.stderr[-500:]}")
            return
        outcome.compared = True
        queries = [*self.queries, *self.author.live_words()[-5:]]
        got, want = (whole.content_of(data, queries) for data in (self.site.data, self.fresh.data))
        outcome.faults += [f"other than a fresh build: {line}" for line in whole.differences(got, want)]
        self.fresh_bytes = whole.size(self.fresh.data)
        if left := whole.names(self.site.data) - whole.names(self.fresh.data):
            outcome.faults.append(f"files that a fresh build does not have: {sorted(left)[:10]}")

    def finish(self) -> list[str]:
        """Close everything, and return what is left that should not be."""
        self.site.close()
        self._unharmed(["index"])
        bytes_left, temporary = whole.size(self.site.data), sorted(path.name for path in self.temporary.iterdir())
        found = [f"{len(temporary)} temporary files are left: {temporary[:5]}"] if temporary else []
        self.growth = bytes_left / self.fresh_bytes if self.fresh_bytes else 0.0
        if bytes_left > GROWTH * self.fresh_bytes:
            found.append(f"the data folder has {bytes_left:,} bytes, a fresh build {self.fresh_bytes:,}")
        return found

    def _index(self, site: Site) -> subprocess.CompletedProcess[str]:
        """Run `flask index` to its end, undisturbed."""
        command, environment = site.command("index"), self._environment(site)
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
        )

    def _environment(self, site: Site) -> dict[str, str]:
        return {**site.environment(), "TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}

    def _keep(self, kill: Kill, begun: int) -> None:
        """Keep what a round that failed left behind, once: the data folder, the content, and what was said."""
        kept = self.root / "kept" / f"round_{kill.number}"
        kept.mkdir(parents=True)
        # By another process: whoever opens and closes the files of a database drops the locks that it has on them.
        subprocess.run(["cp", "-a", str(self.site.data), str(kept / "data")], check=False)
        if len(list(kept.parent.iterdir())) < 4:
            shutil.copytree(self.site.content, kept / "content")
        with self.log_file.open("rb") as said:
            said.seek(begun)
            (kept / "said.log").write_bytes(said.read())

    def _note(self, text: str) -> None:
        with self.log_file.open("a", encoding="utf-8") as said:
            said.write(text)

    def _said(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")[-2000:]


class _Now:
    """Changes a file every now and then."""

    def __init__(self, author: Author, seconds: float) -> None:
        self.author = author
        self.seconds = seconds
        self.due = time.monotonic() + seconds

    def turn(self) -> None:
        """Change a file when it is time."""
        if time.monotonic() >= self.due:
            self.author.change()
            self.due = time.monotonic() + self.seconds


class _Feeder:
    """Changes a file and asks for a run, as often as a merging round has runs; then the process may end."""

    def __init__(self, process: subprocess.Popen[bytes], author: Author) -> None:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self.process = process
        self.author = author
        self.left = SMALL_RUNS

    def turn(self) -> None:
        """Ask for the next run once the one before is done."""
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        if not self.process.stdout.read():
            return
        with suppress(BrokenPipeError):
            if not self.left:
                self.process.stdin.close()
                return
            self.left -= 1
            self.author.change()
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()


def _builds(one: running.Process, members: list[running.Process]) -> bool:
    """Tell whether a process builds or helps a builder."""
    builders = {other.pid for other in members if other.is_builder}
    return one.pid in builders or one.parent in builders


def _phase(data: Path) -> str:
    """Return what the builder said it was at."""
    try:
        return str(json.loads((data / "progress.json").read_text(encoding="utf-8"))["phase"])
    except (OSError, ValueError, KeyError):
        return ""


def _line(seed: int, outcome: Outcome) -> str:
    verdict = "; ".join(outcome.faults) or ("as a fresh build" if outcome.compared else "whole")
    return (
        f"seed {seed}, {outcome.kill}: {outcome.struck or 'nothing'} struck after {outcome.seconds:.2f} s and "
        f"{outcome.changes} changes{f' ({outcome.phase})' if outcome.phase else ''}, "
        f"mended in {outcome.recovery:.1f} s: {verdict}"
    )
