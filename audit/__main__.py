"""Audit the site: its HTML by the Nu checker, four pages by Lighthouse. Exits with 1 when something falls short."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from audit import lighthouse, nu
from audit.nu import Checked
from audit.pages import choose, pages_to_check, pages_to_judge
from audit.report import Audit, shortcomings, write
from audit.serving import serve
from audit.tools import MissingTool, Tools, find_tools, versions
from matome_app import create_app, ingest
from matome_app.config import ROOT, Settings
from matome_app.web.context import KEY


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit, write the report and print what falls short; return the exit status."""
    options = _options(arguments)
    try:
        tools = find_tools()
    except MissingTool as missing:
        print(missing, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="matome-audit-") as folder:
        audit = run(Path(folder), tools, options)
    path = write(audit, options.output)
    print(path.read_text(encoding="utf-8"))
    short = shortcomings(audit)
    for one in short:
        print(f"falls short: {one}")
    print(f"{path}: {len(short)} shortcomings")
    return 1 if short else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    shared = ROOT.parent / "shared" / "corpus" / "content"
    default = os.environ.get("MATOME_CONTENT_DIR") or (shared if shared.is_dir() else ROOT / "content")
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    parser.add_argument("--content", type=Path, default=Path(default), help="the content folder (%(default)s)")
    parser.add_argument("--data", type=Path, help="a data folder with the content's index, instead of building one")
    parser.add_argument("--post", default="", help="the path of the post to judge (the one with the most comments)")
    parser.add_argument("--runs", type=int, default=3, help="how often Lighthouse judges a page; 0: not (%(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "docs", help="the folder for audit.md (%(default)s)")
    return parser.parse_args(arguments)


def run(folder: Path, tools: Tools, options: argparse.Namespace) -> Audit:
    """Build and serve the site below a folder, and audit it."""
    data = options.data or folder / "data"
    app = create_app({"BUILD": False, "DATA_DIR": str(data), "CONTENT_DIR": str(options.content)})
    settings: Settings = app.extensions[KEY].settings
    if options.data is None:
        _say("building the site")
        ingest.run(settings)
    chosen = choose(app.extensions[KEY].reader().generation.folder / "matome.sqlite3", options.post)
    with serve(settings.as_environment(), folder, tools.nginx) as site:
        _say("checking the HTML")
        checked: Checked = nu.check(site, pages_to_check(chosen), folder / "nu", tools.java)
        verdicts = []
        for number, page in enumerate(pages_to_judge(chosen) if options.runs else ()):
            _say(f"judging {page.path}")
            verdicts.append(lighthouse.judge(site, page, tools, options.runs, folder / f"lighthouse-{number}"))
    return Audit(chosen, versions(tools), checked, verdicts)


def _say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    sys.exit(main())
