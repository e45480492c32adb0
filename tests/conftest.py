"""Share fixtures among the tests, and fail a run that skipped tests when `--no-skips` asks for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
LONG = ("tests/test_corpus.py", "tests/search/test_corpus.py", "tests/faults/test_killing.py", "tests/test_growth.py")
SKIPPED = pytest.StashKey[list[tuple[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that CI runs with."""
    parser.addoption("--no-skips", action="store_true", help="fail when a test was skipped, and say which")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes: of tests that run side by side, none should wait for one at the end."""
    items.sort(key=lambda item: item.path.relative_to(ROOT).as_posix() not in LONG)


def pytest_configure(config: pytest.Config) -> None:
    """Make the list that skipped tests are noted in."""
    config.stash[SKIPPED] = []


class _SkipRecorder:
    """Note the tests, and whole files, that were skipped."""

    def __init__(self, skipped: list[tuple[str, str]]) -> None:
        self.skipped = skipped

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        # An expected failure is reported as skipped, too, but it did run.
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.skipped.append((report.nodeid, reason))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to note what is skipped."""
    session.config.pluginmanager.register(_SkipRecorder(session.config.stash[SKIPPED]))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turn a green run with skipped tests red when every test had to run."""
    if session.config.getoption("--no-skips") and session.config.stash[SKIPPED] and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the skipped tests that made the run red."""
    if config.getoption("--no-skips") and config.stash[SKIPPED]:
        terminalreporter.section("skipped, but --no-skips asks for every test", red=True)
        for name, reason in config.stash[SKIPPED]:
            terminalreporter.line(f"{name}: {reason}")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout's folder."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of the collection of real posts; skip the test where it is not there."""
    folder = SHARED / "corpus"
    if not folder.exists():
        pytest.skip("needs ../shared/corpus: the collection of real posts")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser once: a process can have but one, whatever folders its tests are from."""
    from tests.chromium import started  # here, since most tests need no browser

    with started() as browser:
        yield browser
