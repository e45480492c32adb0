"""Build the same posts as a static site and index it: Hugo with layouts of our own, then Pagefind; what each took.

Both are programs out of wheels, published for some systems only. The layouts are as plain as they can be: a page a post
and lists of 21, with the shortcodes of a digest, no theme, no pictures; what a real theme does besides costs more.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.processes import Ran, run

CONFIG: Final = """\
baseURL = "https://example.org/"
hasCJKLanguage = true
refLinksErrorLevel = "WARNING"
[taxonomies]
tag = "tags"
month = "months"
[pagination]
pagerSize = 21
"""

LIST: Final = """\
{{ define "main" }}<h1>{{ .Title }}</h1>{{ $page := .Paginate .RegularPagesRecursive }}
{{ range $page.Pages }}<article><a href="{{ .RelPermalink }}">{{ .Title }}</a></article>{{ end }}
{{ if $page.HasNext }}<a href="{{ $page.Next.URL }}">next</a>{{ end }}{{ end }}
"""

LAYOUTS: Final = {
    "_default/baseof.html": '<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>{{ .Title }}</title>'
    '</head><body>{{ block "main" . }}{{ end }}</body></html>',
    "_default/single.html": '{{ define "main" }}<main data-pagefind-body><h1>{{ .Title }}</h1>{{ .Content }}</main>'
    "{{ end }}",
    "_default/list.html": LIST,
    "_default/terms.html": LIST,
    "shortcodes/matomeQuote.html": '<blockquote id="c-{{ .Ordinal }}"><p>{{ .Get "body" | markdownify }}</p>'
    '<cite>{{ .Get "userName" }}</cite> <time>{{ .Get "createdAt" }}</time></blockquote>',
    "shortcodes/matomeSummary.html": '<p>{{ .Get "body" | markdownify }}</p>',
    "shortcodes/details.html": '<details><summary>{{ .Get "summary" }}</summary>{{ .Inner | markdownify }}</details>',
    "shortcodes/list.html": '{{ range first 5 site.RegularPages }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>'
    "{{ end }}",
}


def is_possible() -> bool:
    """Tell whether this system has both programs."""
    return _hugo().exists() and find_spec("pagefind_bin") is not None


def measure(content: Path, folder: Path) -> dict[str, Ran]:
    """Build a content folder's site below a folder, and index it; raises RuntimeError when a program fails."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in LAYOUTS.items():
        path = folder / "layouts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    (folder / "hugo.toml").write_text(CONFIG, encoding="utf-8")
    # What Hugo keeps between two builds lies beside the site, so that this is a build from nothing, as ours is.
    places = ["--source", str(folder), "--contentDir", str(content), "--cacheDir", str(folder / "cache")]
    built = run([str(_hugo()), *places, "--quiet"], {})
    if not any((folder / "public" / "posts").glob("*/*/index.html")):
        raise RuntimeError(f"Hugo made no post of {content}")
    indexed = run([sys.executable, "-m", "pagefind", "--site", str(folder / "public")], {})
    shutil.rmtree(folder)
    return {"Hugo": built, "Pagefind": indexed}


def _hugo() -> Path:
    return Path(sys.executable).parent / "hugo"
