"""Write a site for the browser to read: posts to page through, tags that overlap, and one long walk with folds."""

from __future__ import annotations

from pathlib import Path

POSTS = 45
USERS = ("tanuki", "kitsune", "kappa", "usagi")
LONG = "posts/2026_03/lighthouse_walk"
LONG_URL = f"https://example.com/{'very-long-path-' * 20}end"
LONG_CODE = "x" + "_and_another_word_without_a_break" * 12
FOLDS = 4


def write_site(content: Path) -> None:
    """Write `POSTS` short posts and the long one below `content/posts`."""
    for n in range(1, POSTS + 1):
        _write(content / f"posts/2026_{month_of(n)}/walk_{n:02d}/index.md", _short_post(n))
    _write(content / LONG / "index.md", _long_post())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def tags_of(n: int) -> list[str]:
    """Return the tags of short post n: every post walks, every second meets cats, every third dogs."""
    return ["散歩", *(["猫"] if n % 2 == 0 else []), *(["犬"] if n % 3 == 0 else [])]


def month_of(n: int) -> str:
    """Return the month of short post n: the first half is of January, the others of February."""
    return "01" if n <= POSTS // 2 else "02"


def _short_post(n: int) -> str:
    user, month = USERS[n % len(USERS)], f"2026/{month_of(n)}"
    color = "#45d325" if n % 4 == 0 else ""
    comments = (
        _comment(f"第{n}回の散歩は、池のまわりを{n}周した。空が高くて気持ちよかったよ。", user, n, color),
        _comment("＞空が高くて<br>それはもう秋だね。hello walkers!", USERS[(n + 1) % len(USERS)], n, ""),
    )
    return _front_matter(f"散歩の記録その{n}：池のまわりで見つけたもの", tags_of(n), month, n) + "\n\n".join(comments)


def _front_matter(title: str, tags: list[str], month: str, n: int) -> str:
    names = ", ".join(f'"{tag}"' for tag in tags)
    day = f"{month.replace('/', '-')}-{1 + n % 28:02d}"
    image = "featureimage = 'thumbnails/tea.webp'\n" if n % 2 else ""
    return f"+++\ntitle = '{title}'\ndate = '{day}T00:00:00'\nmonths = '{month}'\ntags = [{names}]\n{image}+++\n\n"


def _comment(body: str, user: str, n: int, color: str) -> str:
    time = f"2026-01-{1 + n % 28:02d}T{n % 24:02d}:15:30"
    return f'{{{{<matomeQuote body="{body}" userName="{user}" createdAt="{time}" color="{color}">}}}}'


def _long_post() -> str:
    """Return a post with eight open comments and four folds: lighthouse in fold 2, fold 4 inside fold 3."""
    open_comments = [_comment(f"岬への道、{n}番目の曲がり角。風が強い。", USERS[n % 4], n, "") for n in range(8)]
    wide = _comment(f"地図はここ {LONG_URL} にある。<br>`{LONG_CODE}`", "kappa", 9, "#785bff")
    plain = [_comment(f"帰り道の話を{n}つ。", USERS[n % 4], n, "") for n in range(10, 16)]
    lighthouse = _comment("灯台が見えた！The lighthouse blinked twice.", "usagi", 17, "#ff33a1")
    cave = _fold("さらに奥", [_comment("洞窟の奥で鍵を拾った。", "tanuki", 18, "")])
    parts = [
        *open_comments,
        *_fold("もっとコメントを表示（1）", [wide, *plain]),
        *_fold(
            "もっとコメントを表示（2）",
            [*plain, lighthouse],
        ),
        *_fold(
            "もっとコメントを表示（3）",
            [*plain, *cave],
        ),
        '[記事一覧へ]({{% ref "/posts/" %}})',
    ]
    return _front_matter("灯台までの長い散歩を全部まとめて読む", ["散歩", "海"], "2026/03", 1) + "\n\n".join(parts)


def _fold(summary: str, parts: list[str]) -> list[str]:
    return [f'{{{{< details summary="{summary}">}}}}', *parts, "{{</details >}}"]
