"""Hold how a body becomes comments, folds and HTML in order, and that whatever a comment says is on its page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from matome_app.content.loader import Site, SourceFile, read_post
from matome_app.content.models import Post
from matome_app.content.shortcodes import write
from matome_app.errors import Fault
from matome_app.store.models import Comment, plain_html
from tests.content.test_markdown import is_balanced

HEAD = '+++\ntitle = "t"\ndate = "2024-03-01"\n+++\n'
PATHS = ("posts/a", "posts/2024/other", "posts/2024/twin", "posts/2023/twin")
SITE = Site(Path("nowhere"), {path: SourceFile(f"{path}.md", 0, 0) for path in PATHS})
ALLOWED = {"a", "br", "code", "em", "strong", "blockquote", "span", "del", "p", "kbd", "sub", "sup", "mark", "b", "i"}


def read(body: str, path: str = "posts/a.md") -> tuple[Post, list[Fault]]:
    """Read a post that is served."""
    post, faults = read_post(HEAD + body, path, SITE)
    assert post is not None, faults
    return post, faults


def quote(body: str, **parameters: str) -> str:
    """Return a comment as it stands in a post."""
    values = {"userName": "ann", "createdAt": "2024-03-01T10:00:00", "color": ""} | parameters
    return write("matomeQuote", {"body": body, **values})


def test_comments_are_numbered_through_the_whole_post_and_know_their_fold() -> None:
    fold = write("details", {"summary": "続き"}, inner="\n" + quote("二") + quote("三") + "\n")
    post, faults = read(f"前書き\n\n{quote('一')}\n\n{fold}\n\n{quote('四')}\n")
    assert faults == []
    assert [(c.ordinal, c.details, c.text) for c in post.comments] == [
        (1, 0, "一"),
        (2, 1, "二"),
        (3, 1, "三"),
        (4, 0, "四"),
    ]
    assert post.segments == (("html", "<p>前書き</p>"), ("comment", 1), ("details", 1), ("comment", 4))
    assert [(d.n, d.summary, d.parent, d.segments) for d in post.details] == [
        (1, "続き", 0, (("comment", 2), ("comment", 3)))
    ]


def test_folds_may_lie_in_folds_and_are_numbered_as_they_open() -> None:
    inner = write("details", {"summary": "内"}, inner=quote("奥"))
    post, _ = read(
        write("details", {"summary": "外"}, inner=f"\n{quote('手前')}\n{inner}\n")
        + write("details", {"summary": "次"}, inner="文")
    )
    assert [(d.n, d.summary, d.parent) for d in post.details] == [(1, "外", 0), (2, "内", 1), (3, "次", 0)]
    assert [c.details for c in post.comments] == [1, 2]


@pytest.mark.parametrize("closer", ["{{</details >}}", "{{< /details >}}", "{{</details>}}", "{{% /details %}}"])
@pytest.mark.parametrize(
    "opener", ['{{< details summary="s" >}}', '{{<details summary="s">}}', '{{% details summary="s" %}}']
)
def test_folds_open_and_close_in_every_spelling(opener: str, closer: str) -> None:
    post, faults = read_post(f"{HEAD}{opener}\n{quote('中')}\n{closer}\n", "posts/a.md", SITE)
    if opener[2] == closer[2]:
        assert post is not None
        assert faults == []
        assert [c.details for c in post.comments] == [1]
    else:
        assert all(fault.code.startswith("shortcode") for fault in faults)


@pytest.mark.parametrize(
    "written", ["2024-03-05T07:08:09", "2024/03/05 07:08:09", "2024-03-05 07:08:09", "2024-03-05T16:08:09+09:00"]
)
def test_times_of_comments_are_utc_however_they_are_written(written: str) -> None:
    post, faults = read(quote("x", createdAt=written))
    assert faults == []
    assert post.comments[0].created_at == datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC)


def test_a_wrong_time_is_a_fault_at_its_place() -> None:
    text = f'{HEAD}\n{{{{<matomeQuote body="x"\n  userName="a" createdAt="noon" color="">}}}}\n'
    post, faults = read_post(text, "posts/a.md", SITE)
    assert post is None
    assert [(fault.line, fault.code) for fault in faults] == [(7, "shortcode-parameter")]
    assert "noon" in faults[0].message


def test_a_wrong_colour_is_a_warning_and_the_comment_has_none() -> None:
    post, faults = read(quote("x", color="red;}"))
    assert [(fault.code, fault.severity, fault.blocks) for fault in faults] == [
        ("shortcode-parameter", "warning", False)
    ]
    assert post.comments[0].color == ""


def test_a_summary_breaks_lines_and_is_told_from_a_quote() -> None:
    post, _ = read(
        write("matomeSummary", {"body": "一\\n二", "userName": "", "createdAt": "", "color": ""}) + quote("一\\n二")
    )
    assert [(c.kind, c.text) for c in post.comments] == [("summary", "一\n二"), ("quote", "一\\n二")]


def test_names_of_commenters_are_one_line() -> None:
    post, _ = read(quote("x", userName="  two\nlines\there "))
    assert post.comments[0].user == "two lines here"


def test_an_unclosed_fold_blocks_the_post_and_names_its_line() -> None:
    post, faults = read_post(f'{HEAD}\n一\n\n{{{{< details summary="s" >}}}}\n{quote("x")}\n', "posts/a.md", SITE)
    assert post is None
    assert [(fault.path, fault.line, fault.column, fault.code) for fault in faults] == [
        ("posts/a.md", 8, 1, "shortcode-unclosed")
    ]


def test_an_unknown_shortcode_is_a_warning_a_note_and_keeps_what_it_holds() -> None:
    post, faults = read(f"前 {{{{< glow >}}}}\n{quote('中')}\n{{{{< /glow >}}}} 後")
    assert {(fault.code, fault.severity) for fault in faults} == {("shortcode-unknown", "warning")}
    kinds = [kind for kind, _ in post.segments]
    assert "note" in kinds
    assert "comment" in kinds
    assert "前" in str(post.segments[0])
    assert "後" in str(post.segments[-1])


@pytest.mark.parametrize(
    ("target", "href"),
    [
        ("/posts/", "/posts/"),
        ("/posts/_index.md", "/posts/"),
        ("/", "/"),
        ("/tags/", "/tags/"),
        ("/posts/2024/other", "/posts/2024/other/"),
        ("/posts/2024/other.md", "/posts/2024/other/"),
        ("/posts/2024/other/index.md", "/posts/2024/other/"),
        ("posts/2024/other", "/posts/2024/other/"),
        ("other", "/posts/2024/other/"),
        ("2024/other.md#c-abc", "/posts/2024/other/#c-abc"),
        ("/posts/2024/twin", "/posts/2024/twin/"),
    ],
)
@pytest.mark.parametrize("shortcode", ["ref", "relref"])
def test_a_ref_resolves(shortcode: str, target: str, href: str) -> None:
    post, faults = read(f'[x]({{{{% {shortcode} "{target}" %}}}})')
    assert faults == []
    link = BeautifulSoup(str(post.segments[0][1]), "html.parser").select_one("a")
    assert link is not None
    assert link["href"] == href


@pytest.mark.parametrize("target", ["/posts/missing", "missing", "twin", "../../etc/passwd", "javascript:alert(1)", ""])
def test_a_ref_to_nothing_is_a_link_fault_and_the_post_is_served(target: str) -> None:
    post, faults = read(f'前\n\n[x]({{{{% ref "{target}" %}}}})')
    assert [(fault.line, fault.code, fault.blocks) for fault in faults] == [(7, "link", False)]
    assert "javascript" not in str(post.segments)


def test_a_figure_shows_picture_and_caption_and_never_another_host() -> None:
    post, faults = read(
        '{{< figure src="/img/a.png" alt="絵" caption="<b>題</b>" >}}\n'
        '{{< figure src="https://example.org/x.png" alt="外" >}}'
    )
    markup = "".join(str(value) for _, value in post.segments)
    shown = BeautifulSoup(markup, "html.parser")
    assert [image["src"] for image in shown.select("img")] == ["/img/a.png"]
    assert shown.select_one("figcaption").get_text() == "<b>題</b>"  # type: ignore[union-attr]
    assert "https://example.org/x.png" in shown.get_text()
    assert [fault for fault in faults if fault.severity == "error"] == []


def test_a_figure_whose_picture_is_missing_is_a_link_fault() -> None:
    _, faults = read('{{< figure src="missing.png" >}}')
    assert [fault.code for fault in faults] == ["link"]


def test_a_list_of_posts_stands_where_it_was_written() -> None:
    post, _ = read("前\n\n{{< list limit=5 >}}\n\n後")
    assert post.segments == (("html", "<p>前</p>"), ("list", 5), ("html", "<p>後</p>"))


def test_text_that_looks_like_a_placeholder_is_text() -> None:
    post, _ = read(f"zqshortcode0x1q は言葉\n\n{quote('x')}")
    assert post.segments == (("html", "<p>zqshortcode0x1q は言葉</p>"), ("comment", 1))


@pytest.mark.parametrize(
    "line",
    [
        "引用元：https://example.org/t",
        "引用元: <https://example.org/t>",
        "引用元：[題](https://example.org/t)",
        "引用元 ： [x](<https://example.org/t>)",
    ],
)
def test_the_source_of_a_thread_is_found(line: str) -> None:
    assert read(line)[0].source_url == "https://example.org/t"


def test_folds_nested_without_end_are_a_fault() -> None:
    deep = '{{< details summary="s" >}}' * 60 + "x" + "{{< /details >}}" * 60
    post, faults = read_post(HEAD + deep, "posts/a.md", SITE)
    assert post is None
    assert "shortcode-syntax" in {fault.code for fault in faults}


bodies = st.text(max_size=120) | st.text(alphabet="ab あ<>&\"'`\\*_[](){}!#:/.。\n＞>~-", max_size=120)


@settings(max_examples=120, deadline=None)
@given(bodies, st.text(max_size=12), st.booleans())
def test_whatever_a_comment_says_is_on_its_page_as_balanced_allowed_html(body: str, user: str, folded: bool) -> None:
    try:
        written = write("matomeQuote", {"body": body, "userName": user, "createdAt": "", "color": ""})
    except ValueError:
        return  # no quotation in a shortcode can hold this text
    text = HEAD + (write("details", {"summary": "s"}, inner=f"\n{written}\n") if folded else written)
    post, faults = read_post(text.replace("\0", "\ufffd"), "posts/a.md", SITE)
    assert post is not None, faults
    (comment,) = post.comments
    markup = comment.html
    # What most comments are is not stored but made of the text: both ways lead to the same HTML.
    stored = Comment(text=comment.text, markup=None if markup == plain_html(comment.text) else markup)
    assert stored.html == markup
    assert is_balanced(markup), markup
    # Bare text such as `.XML` looks like the name of a file to the parser.
    shown = BeautifulSoup(f"<p>{markup}</p>", "html.parser").p
    assert shown is not None
    assert {tag.name for tag in shown.find_all(True)} <= ALLOWED
    assert all(str(link["href"]).startswith(("http://", "https://", "/")) for link in shown.select("[href]"))
    letters = re.findall(r"[^\W_]", re.sub(r"<br\s*/?>|&[#\w]+;?", "", body, flags=re.IGNORECASE).replace("\0", ""))
    visible = shown.get_text() + " ".join(str(link["href"]) for link in shown.select("[href]"))
    for letter in set(letters):
        assert visible.count(letter) >= letters.count(letter), (letter, markup)
