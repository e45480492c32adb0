"""A build that a server starts beside itself steps back behind those who serve; an operator's own run does not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from matome_app.background import NICE, Builder
from tests.app.sites import Site, write_sample
from tests.faults.running import wait_until


def children() -> set[int]:
    """Return the processes that this one started and that still run."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for one in lists for pid in one.read_text(encoding="ascii").split()}


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="who started whom is read from /proc")
def test_a_build_beside_a_server_waits_for_those_who_answer(site: Site) -> None:
    write_sample(site)
    before = children()
    Builder(site.settings).start()
    (build,) = children() - before
    try:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, build) == min(own + NICE, 19)
    finally:
        os.kill(build, signal.SIGKILL)
        assert wait_until(lambda: build not in children(), 20)
