"""Bring changes in, one by one, in one process: a run for every line of the input, answered by a line.

Run by the harness as `python -m tests.faults.small_runs`, with the settings in the environment.
"""

from __future__ import annotations

import os
import sys

from matome_app import ingest
from matome_app.config import read_settings


def main() -> None:
    """Run as often as told."""
    prefix = "MATOME_"
    settings = read_settings({name.removeprefix(prefix): value for name, value in os.environ.items() if prefix in name})
    print("ready", flush=True)
    for _ in sys.stdin:
        ingest.run(settings)
        print("done", flush=True)


if __name__ == "__main__":
    main()
