"""Posts written for the search tests, small enough to know by heart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, create_engine, event

from matome_app.search.analysis import searchable_text
from matome_app.search.engine import CommentDocument, PostDocument
from matome_app.search.whoosh_engine import WhooshEngine

START = datetime(2025, 4, 1, 23, 30, tzinfo=UTC)

TEXTS: dict[int, list[str]] = {
    1: [
        "Rustはメモリの扱いが楽になる。",
        "trustの話ではなくてrustの話だよ。",
        "C++より安全だと思う。<br>Cは別の話。",
        "サーバの設定を変えた。",
        "京都の古い家を直した。",
        "昔からの友人を信じる（trust）。",
    ],
    2: [
        "東京都の条例が変わった。",
        "京都へ行きたい。京都はいいよ。",
        "パンを焼いた。",
        "フライパンの話は退屈。",
        "ジャパンパン屋",
        "GPT-4oとLlama 4を比べた。",
    ],
    3: [
        "ガベージコレクションは止まる時間が読める。",
        "メモリが足りない",
        "型があると安心。型、型、型。",
        "Llama4 は大きい <LMGTFY>",
        "self-hosted なサーバーを置いた。",
        "機械 学習の本を読んだ",
        "",
    ],
}
TAGS = {
    1: (("rust", "Rust"), ("ui/ux", "UI/UX")),
    2: (("travel", "旅"), ("ai", "AI")),
    3: (("ai", "AI"), ("x-twitter", "X (Twitter)")),
}
TITLES = {1: "Rustで書き直した話", 2: "旅と条例", 3: "メモリとガベージコレクション"}
USERS = ["otter-in-a-suit", "Bob", "bob"]
COLORS = ["", "#FF5733", ""]


def post(key: int, texts: Sequence[str] | None = None, first: int | None = None) -> PostDocument:
    """Make a sample post; `first` is the key of its first comment."""
    bodies = TEXTS[(key - 1) % 3 + 1] if texts is None else texts
    first = key * 100 if first is None else first
    comments = tuple(
        CommentDocument(
            key=first + number,
            id=f"c{first + number}",
            ordinal=number + 1,
            user=USERS[number % 3],
            created_at=START + timedelta(days=key, minutes=number),
            color=COLORS[number % 3],
            text=searchable_text(body),
        )
        for number, body in enumerate(bodies)
    )
    kind = (key - 1) % 3 + 1
    return PostDocument(
        key=key,
        path=f"posts/2025_0{kind + 3}/sample_{key}",
        url=f"/posts/2025_0{kind + 3}/sample_{key}/",
        title=TITLES[kind],
        date=START + timedelta(days=key),
        tags=TAGS[kind],
        months=(f"2025/0{kind + 3}",),
        comments=comments,
    )


def open_database(folder: Path) -> Engine:
    """Open a SQLite database in a folder as the site does: readers are never blocked."""
    database = create_engine(f"sqlite:///{folder / 'search.db'}")

    @event.listens_for(database, "connect")
    def set_up(connection: object, record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
        connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]

    return database


def build(database: Engine, folder: Path, posts: Sequence[PostDocument], bulk: bool = False) -> WhooshEngine:
    """Index posts and return the engine."""
    engine = WhooshEngine(database, folder / "words")
    with database.begin() as connection:
        engine.create_tables(connection)
        with engine.writer(connection, bulk=bulk) as writer:
            writer.add(posts)
            writer.commit()
    return engine
