"""Make whole sites for the tests: content of our own wording in a temporary folder, index, app and commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Row, text
from werkzeug.test import TestResponse

from matome_app import create_app, ingest
from matome_app.config import ROOT, Settings, read_settings
from matome_app.content.shortcodes import write
from matome_app.runtime import Runtime
from matome_app.store.generations import current_generation
from matome_app.store.session import Store
from matome_app.update import Report


def quote(body: str, user: str = "otter", at: str = "2024-03-01T10:00:00", color: str = "") -> str:
    """Return a comment as it stands in a post."""
    return write("matomeQuote", {"body": body, "userName": user, "createdAt": at, "color": color})


def fold(summary: str, *inner: str) -> str:
    """Return a fold as it stands in a post."""
    return write("details", {"summary": summary}, inner="\n" + "\n\n".join(inner) + "\n")


def post_text(title: str, *body: str, **fields: object) -> str:
    """Return a post with TOML front matter; blocks of the body are separated by empty lines."""
    values = {"title": title, "date": "2024-03-01", **fields}
    head = "\n".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    return f"+++\n{head}\n+++\n\n" + "\n\n".join(body) + "\n"


class Client(FlaskClient):
    """A client that reads every answer to its end, so that files that are sent are closed."""

    def open(self, *args: Any, buffered: bool = True, follow_redirects: bool = False, **kwargs: Any) -> TestResponse:
        return super().open(*args, buffered=buffered, follow_redirects=follow_redirects, **kwargs)


@dataclass(slots=True)
class Site:
    """A site in a folder of its own; nothing is indexed and no app is made before it is asked for."""

    root: Path
    config: dict[str, str] = field(default_factory=dict)
    apps: list[Flask] = field(default_factory=list)

    @property
    def content(self) -> Path:
        """Return the content folder."""
        return self.root / "content"

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.root / "data"

    @property
    def settings(self) -> Settings:
        """Return the settings, checked."""
        return read_settings(self.values)

    @property
    def values(self) -> dict[str, str]:
        """Return the settings as text, without the prefix."""
        return {"CONTENT_DIR": str(self.content), "DATA_DIR": str(self.data), **self.config}

    def write(self, relative: str, content: str | bytes) -> Path:
        """Write a file below the content folder."""
        path = self.content / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def index(self, **options: Any) -> Report:
        """Bring store and index up to date in this process."""
        return ingest.run(self.settings, **options)

    def app(self, **config: Any) -> Flask:
        """Return an app that serves the site as it is indexed."""
        app = create_app({**self.values, "BUILD": False, "TESTING": True, **config})
        app.test_client_class = Client
        self.apps.append(app)
        return app

    def client(self, **config: Any) -> FlaskClient:
        """Return a client of a new app."""
        return self.app(**config).test_client()

    def indexed(self) -> FlaskClient:
        """Index the site and return a client."""
        self.index()
        return self.client()

    def rows(self, query: str, **parameters: object) -> list[Row[Any]]:
        """Return what the current store answers to SQL."""
        generation = current_generation(self.data)
        assert generation is not None, "nothing is indexed"
        store = Store(generation.database_url)
        try:
            with store.engine.connect() as connection:
                return list(connection.execute(text(query), parameters))
        finally:
            store.close()

    def comment_ids(self) -> dict[str, str]:
        """Return the id of every comment by its text (texts must differ)."""
        return {row.text: row.id for row in self.rows("SELECT text, id FROM comments")}

    def close(self) -> None:
        """Close the stores of all apps."""
        for app in self.apps:
            runtime: Runtime = app.extensions["matome"]
            runtime.close()

    def command(self, *words: str, **settings: str) -> list[str]:
        """Return the command line of `flask …`."""
        return [sys.executable, "-m", "flask", "--app", "wsgi", *words]

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment that carries the settings of the site to a process."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MATOME_")}
        return kept | {f"MATOME_{name}": value for name, value in (self.values | settings).items()}

    def flask(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run `flask …` on the site in a process of its own."""
        return subprocess.run(
            self.command(*words),
            cwd=ROOT,
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def soup(markup: str | bytes) -> BeautifulSoup:
    """Parse a page."""
    return BeautifulSoup(markup, "html.parser")


def page(client: FlaskClient, url: str, status: int = 200, headers: Mapping[str, str] | None = None) -> BeautifulSoup:
    """Get a page, hold that it has the status, and parse it."""
    response = client.get(url, headers=headers)
    assert response.status_code == status, f"{url}: {response.status}"
    return soup(response.data)


def texts(found: Iterable[Any]) -> list[str]:
    """Return the text of elements, white space tidied."""
    return [" ".join(element.get_text().split()) for element in found]


HTMX = {"HX-Request": "true"}
"""What htmx sends with every request of its own."""

NOT_PUBLISHED = ("draft", "future", "expired")

TEAPOTS = "posts/2024_03/2024_03_05_teapots"
LIGHTHOUSE = "posts/2024_03/2024_03_20_lighthouse"
TRAM = "posts/2024_04/路面電車"


def write_sample(site: Site) -> None:
    """Write the site that most tests read: three posts with everything in them, three nobody may see, 22 others."""
    site.write(f"{TEAPOTS}/index.md", _teapots())
    site.write(f"{TEAPOTS}/cover.png", b"\x89PNG not really")
    site.write(f"{TEAPOTS}/notes.md.txt", "plain")
    site.write(f"{LIGHTHOUSE}.md", _lighthouse())
    site.write("posts/2024_04/2024_04_02_tram/index.md", _tram())
    _write_unpublished(site)
    for n in range(1, 23):
        text = post_text(
            f"小さな記事{n}",
            quote(f"埋め草の話 その{n}", f"filler{n}"),
            date=f"2023-01-{n:02d}",
            tags=["filler"],
            months=["2023/01"],
        )
        site.write(f"posts/2023_01/filler_{n:02d}.md", text)


def _teapots() -> str:
    return post_text(
        "急須はなぜ割れないのか",
        "> 急須はなぜ割れないのか",
        "引用元：[https://example.org/t/teapots](https://example.org/t/teapots)",
        write("matomeSummary", {"body": "要点\\n急須は丸い", "userName": "", "createdAt": "", "color": ""}),
        quote("急須は丸いから割れにくい。", "otter-in-a-boat", "2024-03-04T15:30:00", "#45d325"),
        quote("List<Teapot> に入れておけば安全", "Kettle/Lid", "2024/03/04 16:00:00"),
        fold(
            "もっとコメントを表示（1）",
            quote("＞丸いから<br>本当だろうか", "gull", "2024-03-04T17:00:00"),
            quote("土鍋も丸いよ https://example.net/pot", "otter-in-a-boat", "2024-03-04T18:00:00", "#ff5c5c"),
            quote("`rm -rf teapot` は禁句", "名無しの湯", "2024-03-04T19:00:00"),
        ),
        fold(
            "もっとコメントを表示（2）",
            quote("二つ目の折りたたみの中", "gull", "2024-03-04T20:00:00"),
            quote("最後の一言", "C# fan", "2024-03-04T21:00:00"),
        ),
        '[記事一覧へ]({{% ref "/posts/" %}})',
        date="2024-03-05",
        tags=["C#", "DOOM", "お茶"],
        months=["2024/03"],
        featureimage="cover.png",
        aliases=["/old/teapots/", "/2019/急須/"],
        description="急須の話",
    )


def _lighthouse() -> str:
    head = 'title: 灯台の夜勤\ndate: 2024-03-20\ntags: [".NET", Doom, UI/UX]\nmonths: ["2024/03"]'
    body = [
        f'[急須の記事]({{{{% ref "/{TEAPOTS}" %}}}})',
        quote("灯台の灯りは朝まで消えない。", "gull", "2024-03-19T22:00:00", "#785bff"),
    ]
    return f"---\n{head}\n---\n\n" + "\n\n".join(body) + "\n"


def _tram() -> str:
    head = {
        "title": "路面電車はなぜ遅れる",
        "date": "2024-04-02T09:00:00+09:00",
        "slug": "路面電車",
        "tags": ["C++", "A*アルゴリズム", "X (Twitter)", "Anna's Archive"],
        "months": ["2024/04"],
    }
    return (
        json.dumps(head, ensure_ascii=False)
        + "\n\n"
        + quote("信号が全部赤だった。", "tram-driver", "2024-04-01T23:00:00")
        + "\n"
    )


def _write_unpublished(site: Site) -> None:
    states: dict[str, dict[str, object]] = {
        "draft": {"draft": True},
        "future": {"date": "2999-01-01"},
        "expired": {"expiryDate": "2020-01-01"},
    }
    for state, fields in states.items():
        comment = quote(f"秘密の{state}発言", f"{state}-user")
        text = post_text(
            f"秘密の{state}記事", comment, tags=[f"{state}-tag"], months=[f"1999/{len(state):02d}"], **fields
        )
        site.write(f"posts/secret/{state}/index.md", text)
        site.write(f"posts/secret/{state}/picture.png", b"hidden")
