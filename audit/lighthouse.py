"""Let Lighthouse judge pages as a middling phone on a slow network sees them (its mobile preset), several times."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from audit.pages import Judged
from audit.serving import Site
from audit.tools import LIGHTHOUSE, Tools

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
ATTEMPTS = 3
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"
METRICS = {
    "first-contentful-paint": "first paint",
    "largest-contentful-paint": "largest paint",
    "total-blocking-time": "blocked",
    "cumulative-layout-shift": "layout shift",
    "speed-index": "speed index",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run: scores of 100 by category, metrics as Lighthouse words them, and what cost points."""

    scores: dict[str, float]
    metrics: dict[str, str]
    lost: list[str]
    cpu: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """All runs of a page."""

    page: Judged
    runs: list[Run]

    def score(self, category: str) -> int:
        """Return the median of a category's scores, of 100, rounded as Lighthouse shows it."""
        return round(median(run.scores[category] for run in self.runs))

    @property
    def median(self) -> Run:
        """Return the run whose performance is the median."""
        return sorted(self.runs, key=lambda run: run.scores["performance"])[len(self.runs) // 2]


def judge(site: Site, page: Judged, tools: Tools, runs: int, folder: Path) -> Verdict:
    """Judge a page; each run begins with an empty cache, the site itself is warm."""
    site.get(page.path)
    return Verdict(page, [read_run(_run(site, page, tools, folder / f"{n}.json")) for n in range(runs)])


def _run(site: Site, page: Judged, tools: Tools, path: Path) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [tools.node, str(LIGHTHOUSE), f"{site.base}{page.path}", "--quiet", "--no-enable-error-reporting"]
    command += [f"--chrome-flags={FLAGS}", "--output=json", f"--output-path={path}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    if page.skipped:
        command.append(f"--skip-audits={','.join(page.skipped)}")
    environment = {**os.environ, "CHROME_PATH": tools.chromium}
    for attempt in range(ATTEMPTS):
        # On a busy machine the browser sometimes starts too late for Lighthouse.
        done = subprocess.run(command, env=environment, check=False, timeout=180, capture_output=True, text=True)
        if done.returncode == 0:
            break
        if attempt == ATTEMPTS - 1:
            raise RuntimeError(f"Lighthouse could not judge {page.path}:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "runtimeError" in answer:
        raise RuntimeError(f"Lighthouse could not judge {page.path}: {answer['runtimeError']['message']}")
    return answer


def read_run(answer: dict[str, Any]) -> Run:
    """Read a result; raises ValueError when a category has no score, for then nothing was judged."""
    scores: dict[str, float] = {}
    for name in CATEGORIES:
        score = answer["categories"][name]["score"]
        if score is None:
            raise ValueError(f"Lighthouse gave no score for {name}")
        scores[name] = float(score) * 100
    audits = answer["audits"]
    metrics = {METRICS[name]: str(audits[name].get("displayValue", "")) for name in METRICS}
    return Run(scores, metrics, list(_lost(answer)), float(answer["environment"]["benchmarkIndex"]))


def _lost(answer: dict[str, Any]) -> Sequence[str]:
    lost = []
    for name in CATEGORIES:
        for reference in answer["categories"][name]["auditRefs"]:
            audit = answer["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                shown = f" ({audit['displayValue']})" if audit.get("displayValue") else ""
                lost.append(f"{name}: {audit['title']}{shown}")
    return lost
