"""Make content that can be broken without regret, and change it as authors do: by seed, in whole files.

Every edit leaves a word behind that is nowhere else, so that a search tells whether the edit has arrived.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.app.sites import fold, post_text, quote

THINGS: Final = (
    "急須",
    "灯台",
    "路面電車",
    "番茶",
    "compiler",
    "郵便",
    "望遠鏡",
    "database",
    "古本",
    "keyboard",
    "自転車",
)
SAYINGS: Final = (
    "は割れない",
    "の話をしよう",
    "is fine",
    "が全部だった",
    "は昨日から遅い",
    "ならよく燃える",
    "と書いてある",
)
USERS: Final = ("otter", "gull", "名無しの湯", "C# fan", "kettle", "tram-driver", "badger", "heron", "baker")
TAGS: Final = ("お茶", "C++", "AI", "電車", "UI/UX", ".NET", "読書", "dev.to")
COLORS: Final = ("", "", "", "", "#45d325", "#ff5c5c")

QUERIES: Final = (
    *THINGS, *(f"{thing}{saying}" for thing in THINGS[:4] for saying in SAYINGS[:3]), "", "急須 灯台", "割れない", "は",
    "compiler OR database", "番茶 -郵便", '"is fine"', "user:otter", "tag:AI 自転車", "keybord",
)  # fmt: skip
"""Searches whose answers are compared: words, phrases, filters, a slip, and what nearly every comment holds."""


def sentence(draw: random.Random) -> str:
    """Return a comment's worth of words."""
    return "。".join(draw.choice(THINGS) + draw.choice(SAYINGS) for _ in range(draw.randint(1, 5)))


def comment(draw: random.Random, text: str = "") -> str:
    """Return a comment as it stands in a post."""
    month, day, hour, minute = (draw.randint(*ends) for ends in ((1, 12), (1, 28), (0, 23), (0, 59)))
    at = f"2024-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:00"
    return quote(text or sentence(draw), draw.choice(USERS), at, draw.choice(COLORS))


def made_post(draw: random.Random, title: str, comments: int, *first: str) -> str:
    """Return a post; from five comments on, half of them are in a fold."""
    body = [*first, *(comment(draw) for _ in range(comments - len(first)))]
    if comments >= 5:
        body[comments // 2 :] = [fold("もっとコメントを表示（1）", *body[comments // 2 :])]
    month = draw.randint(1, 12)
    return post_text(
        title,
        *body,
        date=f"2024-{month:02d}-{draw.randint(1, 28):02d}",
        tags=draw.sample(TAGS, 2),
        months=[f"2024/{month:02d}"],
    )


def write_content(content: Path, seed: int, *, threads: int = 50, notes: int = 170) -> None:
    """Write posts of 4 to 12 comments, and short ones: so many files that a first build uses a helper process."""
    draw = random.Random(f"content {seed}")
    for n in range(threads):
        path = content / f"posts/2024_{n % 12 + 1:02d}/thread_{n:03d}/index.md"
        path.parent.mkdir(parents=True)
        path.write_text(made_post(draw, f"記事{n} {sentence(draw)[:20]}", draw.randint(4, 12)), encoding="utf-8")
    (content / "posts/notes").mkdir(parents=True)
    for n in range(notes):
        text = made_post(draw, f"覚え書き{n}", 1)
        (content / f"posts/notes/note_{n:03d}.md").write_text(text, encoding="utf-8")


def unique_word(number: int) -> str:
    """Return a word that no content holds: one token, letters only, of one length for all."""
    letters = ""
    for _ in range(5):
        number, digit = divmod(number, 26)
        letters = chr(ord("a") + digit) + letters
    return f"zq{letters}xj"


ADDED: Final = "posts/added"
"""Where an author puts new posts, below the content folder."""


@dataclass(slots=True)
class Author:
    """Changes files of a content folder by seed. `words` are the words left behind, each with the file that has it."""

    content: Path
    scratch: Path
    draw: random.Random
    words: dict[str, Path] = field(default_factory=dict)
    drafts: set[Path] = field(default_factory=set)
    written: int = 0

    def files(self) -> list[Path]:
        """Return all posts, in order."""
        found = self.content.rglob("*.md")
        return sorted(path for path in found if not path.name.startswith("_"))

    def change(self) -> str:
        """Make one change and say which."""
        kind = self.draw.choice(("edit", "edit", "edit", "add", "remove", "rename", "draft", "publish"))
        files = self.files()
        path = self.draw.choice(files)
        if kind == "add" or len(files) < 10:
            return self._add()
        if kind == "remove":
            mine = [one for one in files if one.is_relative_to(self.content / ADDED)]
            # Mostly what was added, so that the site keeps its size over hundreds of changes.
            return self._remove(self.draw.choice(mine) if mine and self.draw.random() < 0.9 else path)
        if kind == "rename":
            return self._rename(path)
        if kind == "draft" and self._set_draft(path, True):
            return f"draft {path.name}"
        if kind == "publish" and self.drafts:
            path = self.draw.choice(sorted(self.drafts))
            self._set_draft(path, False)
            return f"publish {path.name}"
        return self.edit(path)

    def edit(self, path: Path) -> str:
        """Add a comment to the end of a post."""
        word = self._word(path)
        data = path.read_bytes()
        if re.search(rb"^draft *[=:] *true", data, re.MULTILINE):
            self.drafts.add(path)
        self._write(path, data + f"\n{comment(self.draw, f'{sentence(self.draw)} {word}')}\n".encode())
        return f"edit {path.parent.name}/{path.name}: {word}"

    def live_words(self) -> list[str]:
        """Return the words that a search must find, each once."""
        return [word for word, path in self.words.items() if path not in self.drafts]

    def gone_words(self) -> list[str]:
        """Return the words that stand in drafts, and must not be found."""
        return [word for word, path in self.words.items() if path in self.drafts]

    def _word(self, path: Path) -> str:
        self.written += 1
        word = unique_word(self.written)
        self.words[word] = path
        return word

    def _add(self) -> str:
        path = self.content / ADDED / f"new_{self.written:05d}/index.md"
        word = self._word(path)
        text = made_post(
            self.draw, f"新しい記事 {word}", self.draw.randint(1, 8), comment(self.draw, f"初めての {word}")
        )
        self._write(path, text.encode())
        return f"add {path.parent.name}: {word}"

    def _remove(self, path: Path) -> str:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
        self._forget(path)
        return f"remove {path.parent.name}/{path.name}"

    def _rename(self, path: Path) -> str:
        bundle = path.name.startswith("index.")
        old = path.parent if bundle else path
        new = old.with_name(f"moved_{self.written:05d}_{self.draw.randint(0, 10**6)}{old.suffix if not bundle else ''}")
        moved = new / path.name if bundle else new
        os.rename(old, new)
        self.words = {word: moved if at == path else at for word, at in self.words.items()}
        self.drafts = {moved if at == path else at for at in self.drafts}
        return f"rename {old.name} to {new.name}"

    def _set_draft(self, path: Path, draft: bool) -> bool:
        """Write `draft` into the front matter; tell whether it can be done (TOML, and no `draft` of its own)."""
        text = path.read_bytes()
        if not text.startswith(b"+++\n") or (draft and re.search(rb"^draft\b", text, re.MULTILINE)):
            return False
        text = (
            text.replace(b"draft = true\n", b"", 1) if not draft else text.replace(b"+++\n", b"+++\ndraft = true\n", 1)
        )
        self._write(path, text)
        (self.drafts.add if draft else self.drafts.discard)(path)
        return True

    def _forget(self, path: Path) -> None:
        self.words = {word: at for word, at in self.words.items() if at != path}
        self.drafts.discard(path)

    def _write(self, path: Path, data: bytes) -> None:
        """Write a whole file in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(parents=True, exist_ok=True)
        beside = self.scratch / "being-written"
        beside.write_bytes(data)
        os.replace(beside, path)


def copy_content(original: Path, content: Path) -> None:
    """Make a content folder what another is, in files that may be written."""
    shutil.rmtree(content, ignore_errors=True)
    shutil.copytree(original, content, copy_function=shutil.copyfile)
    for folder in (content, *(path for path in content.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
