"""Test the benchmarks on the sample posts and on a handful of made texts: queries, rivals (all of them), report."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import browsing, budget, fuse, ours, report
from benchmarks.__main__ import main
from benchmarks.contest import recall, share, truths
from benchmarks.ours import Ours
from benchmarks.pages import subjects
from benchmarks.queries import ALWAYS, Query, is_plain, kinds, mix, read_queries, wanted
from benchmarks.results import Build, Contender, Machine, Memory, PageTime, Results, Size, Spread, read_results
from benchmarks.rival import Rival, matches
from benchmarks.rivals import RIVALS, FullTextTrigrams, FullTextWords, Scan, WhooshBigrams
from benchmarks.serving import measure_memory, read_memory
from benchmarks.site import measure_build, measure_size
from benchmarks.texts import Texts, Values, read_texts, read_values, tokens
from benchmarks.visits import DOCUMENT, OWN_SCRIPT, SCRIPT, Act, Browsing, Bytes, Observed, Weight
from matome_app import create_app
from matome_app.config import Settings
from matome_app.search.words import Words
from matome_app.web.context import KEY

COMMENTS = (
    "京都の寺で猫を見た",
    "東京都の猫は rust を書く",
    "ガベージコレクションは遅いが rust にはない",
    "python と rust の比較",
    "型のある言語が好き",
)
VALUES = Values(tags=["言語", "動物"], months=["2026/05"], users=["hanako"])


@pytest.fixture(scope="session")
def texts() -> Texts:
    """Give the made comments, two posts of them."""
    words = Words()
    cut = [" ".join(tokens(words, text)) for text in COMMENTS]
    return Texts([11, 12, 13, 14, 15], [1, 1, 2, 2, 2], list(COMMENTS), cut)


@pytest.fixture(scope="session")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ours, Settings, Build]:
    """Give the application with the repository's sample posts indexed."""
    data = tmp_path_factory.mktemp("bench")
    app = create_app({"BUILD": False, "DATA_DIR": str(data), "CONTENT_DIR": str(root / "content")})
    settings: Settings = app.extensions[KEY].settings
    build = measure_build(settings)
    return Ours(app), settings, build


def database(site: tuple[Ours, Settings, Build]) -> Path:
    """Return the database of the site."""
    folder: Path = site[0].app.extensions[KEY].reader().generation.folder
    return folder / "matome.sqlite3"


@pytest.fixture(params=RIVALS, ids=lambda kind: kind.__name__)
def rival(request: pytest.FixtureRequest, tmp_path: Path, texts: Texts) -> Iterator[Rival]:
    """Give every rival in turn, with the made comments indexed."""
    kind: type[Rival] = request.param
    made = kind(tmp_path, texts)
    made.build()
    made.open()
    yield made
    made.close()


def ask(rival: Rival, q: str) -> set[int] | None:
    """Return the keys of all hits, None when the rival cannot be asked."""
    sought = wanted(Query(q, "test"))
    assert sought is not None
    return rival.every(sought) if rival.answers(sought) else None


@pytest.mark.parametrize(
    ("q", "keys"),
    [
        ("rust", {12, 13, 14}),
        ("ガベージコレクション", {13}),
        ("ガベージコレクション rust", {13}),
        ("python OR ガベージコレクション", {13, 14}),
        ("rust -python", {12, 13}),
        ("rust -python -ガベージコレクション", {12}),
        ("swift", set()),
    ],
)
def test_every_rival_finds_the_same_for_words_of_three_characters(rival: Rival, q: str, keys: set[int]) -> None:
    assert ask(rival, q) == keys


def test_every_rival_returns_its_best_hits_out_of_all(rival: Rival) -> None:
    sought = wanted(Query("rust", "test"))
    assert sought is not None
    best = rival.best(sought)
    assert len(best) == 3
    assert set(best) == rival.every(sought)


def test_the_table_shows_what_a_rival_misses(tmp_path: Path, texts: Texts) -> None:
    found = {}
    for kind in (FullTextWords, FullTextTrigrams, WhooshBigrams, Scan):
        folder = tmp_path / kind.__name__
        folder.mkdir()
        made = kind(folder, texts)
        made.build()
        made.open()
        found[kind] = [ask(made, "京都"), ask(made, "型")]
        made.close()
    assert found[Scan] == [{11, 12}, {15}]
    assert found[FullTextWords] == [{11}, {15}]  # 東京都 is another word
    assert found[FullTextTrigrams] == [None, None]
    assert found[WhooshBigrams] == [{11, 12}, None]


def test_fuse_finds_the_posts_with_a_word(site: tuple[Ours, Settings, Build], tmp_path: Path) -> None:
    texts = read_texts(database(site), processes=1)
    posts = tmp_path / "posts.json"
    fuse.write_posts(database(site), texts, posts)
    word = next(word for word in texts.words[0].split() if len(word) > 2)
    pairs = zip(texts.posts, texts.folded, strict=True)
    holding = {post for post, text in pairs if word in text}
    with fuse.Fuse(posts) as running:
        answer = running.search(word)
        assert running.search("この語はどの投稿にもない").keys == frozenset()
    assert holding <= answer.keys
    assert answer.ms > 0


def test_a_fuse_that_cannot_start_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="make setup"):
        fuse.Fuse(tmp_path / "none.json", ["sh", "-c", "exit 3"])


def test_the_same_texts_give_the_same_queries_each_once(texts: Texts) -> None:
    first = mix([], texts, VALUES, least=60, drawn=10)
    assert first == mix([], texts, VALUES, least=60, drawn=10)
    assert len(first) == len(set(first))
    assert set(kinds(first)) == {
        "common word",
        "middling word",
        "rare word",
        "two words",
        "phrase",
        "substring",
        "latin",
        "filter",
        "operator",
    }


def test_given_queries_are_all_asked_and_common_words_always(texts: Texts) -> None:
    given = [Query("型", "given"), Query("", "given", (("tag", "言語"),))]
    mixed = mix(given, texts, VALUES, least=30, drawn=20)
    assert set(given) < set(mixed)
    assert set(ALWAYS) <= {query.q for query in mixed}


def test_what_is_drawn_occurs_in_the_texts(texts: Texts) -> None:
    drawn = [query for query in mix([], texts, VALUES, least=60, drawn=10) if query.q not in ALWAYS]
    for query in drawn:
        sought = wanted(query)
        if sought is not None and not sought.unwanted:
            assert any(matches(sought, text) for text in COMMENTS), query


def test_a_query_is_read_for_engines_that_know_only_words() -> None:
    sought = wanted(Query('犬 OR 猫 "大きな 木" -鳥 tag:動物', "test"))
    assert sought is not None
    assert sought.groups == (("犬", "猫"), ("大きな 木",))
    assert sought.unwanted == ("鳥",)
    assert wanted(Query("tag:動物", "test")) is None


def test_a_file_of_queries_gives_text_and_filters(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    lines = [{"q": "猫", "must": [["猫"]]}, {"q": "犬", "params": {"tag": ["動物", "家"], "month": "2026/05"}}]
    path.write_text("\n\n".join(map(json.dumps, lines)), encoding="utf-8")
    plain, filtered = read_queries(path)
    assert plain.arguments == [("q", "猫")]
    assert filtered.arguments == [("q", "犬"), ("tag", "動物"), ("tag", "家"), ("month", "2026/05")]
    assert [is_plain(query) for query in (plain, filtered)] == [True, False]


def test_truth_is_what_holds_the_characters_of_japanese_queries(texts: Texts) -> None:
    japanese, latin, filtered, nothing = (
        Query("京都", "test"),
        Query("rust", "test"),
        Query("猫", "test", (("tag", "動物"),)),
        Query("象", "test"),
    )
    assert truths([japanese, latin, filtered, nothing], texts) == {japanese: {11, 12}}


def test_recall_counts_whole_answers_and_the_mean_share() -> None:
    shares = [share({1, 2, 9}, {1, 2}), share({1}, {1, 2, 3, 4}), share(set(), {1})]
    found = recall(shares)
    assert found is not None
    assert found.complete == pytest.approx(1 / 3)
    assert found.mean == pytest.approx((1 + 0.25 + 0) / 3)
    assert recall([]) is None


def test_percentiles_are_times_that_were_measured() -> None:
    assert Spread.of(list(range(1, 101))) == Spread(50, 95, 99, 100)
    assert Spread.of([7]) == Spread(7, 7, 7, 7)


def test_a_cold_request_finds_its_caches_empty(site: tuple[Ours, Settings, Build]) -> None:
    application = site[0]
    memories = list(ours.memories())
    assert memories
    query = Query("言語 OR 猫", "test")
    application.request(query)
    assert any(memory.__self__.cache_info().currsize for memory in memories)  # type: ignore[attr-defined]
    application._forget()
    assert not any(memory.__self__.cache_info().currsize for memory in memories)  # type: ignore[attr-defined]
    application.cold(query)
    application.warm(query)
    application.best(query, is_cold=True)
    application.best(query, is_cold=False)
    assert {name: len(times[query]) for name, times in application.times.items()} == dict.fromkeys(ours.REQUESTS, 1)


def test_ours_finds_everything_that_holds_the_characters(site: tuple[Ours, Settings, Build]) -> None:
    texts, values = read_texts(database(site), processes=1), read_values(database(site))
    truth = truths(mix([], texts, values, least=60, drawn=60), texts)
    assert len(truth) > 20
    assert {query.q for query, keys in truth.items() if share(site[0].every(query.q), keys) < 1} == set()


def test_the_size_of_the_index_counts_every_table_and_the_words(site: tuple[Ours, Settings, Build]) -> None:
    generation = site[0].app.extensions[KEY].reader().generation
    size = measure_size(site[1], generation, database(site))
    assert {"search_grams", "search_trigrams", "search_texts", "search_comments"} <= set(size.tables)
    assert not any(name.startswith(("search_grams_", "search_trigrams_")) for name in size.tables)
    assert 0 < size.words < size.index < size.folder


def test_the_memory_of_a_real_server_is_read_after_it_answered(site: tuple[Ours, Settings, Build]) -> None:
    memory = measure_memory(site[1], [Query("言語", "test"), Query("猫", "test")])
    assert memory is not None
    assert 10 < memory.dirty <= memory.private <= memory.pss < 1000


def test_without_linux_there_is_no_memory_to_read(site: tuple[Ours, Settings, Build], tmp_path: Path) -> None:
    assert measure_memory(site[1], [], proc=tmp_path) is None


def test_memory_is_read_in_megabytes() -> None:
    rollup = "Rss:   4096 kB\nPss:   3072 kB\nPss_Anon: 1 kB\nPrivate_Clean:  512 kB\nPrivate_Dirty:  1024 kB\n"
    assert read_memory(rollup) == Memory(pss=3.0, private=1.5, dirty=1.0)


def made_results() -> Results:
    """Return results with one target missed."""
    fast, slow = Spread(1, 2, 3, 4), Spread(10, 26, 41, 50)
    spreads = dict.fromkeys(ours.REQUESTS, fast) | {ours.COLD: slow}
    row = Contender("matome, 20 best, cold", "ours", fast, 320, 320, 1.0, 1.0, 60, 1200, is_ours=True)
    other = Contender(FullTextWords.name, "theirs", slow, 300, 310, 0.9996, 0.9, 20, 400)
    return Results(
        machine=Machine("2026-05-04", 2, "Linux on x86_64", {"Python": "3.13.1"}),
        comments=50,
        posts=5,
        characters=1000,
        queries={"given": 176, "phrase": 144},
        rounds=3,
        build=Build(66, 5, 50, 300, 100, 12),
        size=Size({"search_grams": 7000}, 4000, 20000),
        ours=spreads,
        contenders=[row, other],
        word_seconds=9,
        memory=Memory(250, 200, 150),
        pages={"home": PageTime(3.21, 2.5)},
        browsing=made_browsing(),
        before_seconds=60,
    )


def made_browsing() -> Browsing:
    """Return what a browser may have seen, one task too long."""
    light = Weight(
        8, (), {DOCUMENT: Bytes(40_000, 9_000), SCRIPT: Bytes(37_000, 13_000), OWN_SCRIPT: Bytes(9_000, 5_000)}
    )
    first = [Observed(paint=400, tasks=(51, 60)), Observed(paint=300, tasks=()), Observed(paint=700, tasks=(55,))]
    return Browsing(
        browser="Chromium 156",
        date="2026-05-04",
        screen="phone, 360 × 740 at 3",
        slow_down=4,
        load=0.5,
        longest="/posts/2026_05/long/",
        weights={"home": light, "post": light},
        acts=[Act.of("home", "first visit", first), Act.of("post", "first visit", first[1:2])],
        again={"home": [("/", 304, 500)]},
    )


def test_targets_are_judged_by_the_figures() -> None:
    judged = {target.what: target.is_met for target in report.targets(made_results())}
    missed = {what for what, is_met in judged.items() if not is_met}
    assert missed == {f"`/api/search`, cold caches, {share}" for share in ("p50", "p95", "p99")}
    heavy = replace(made_results(), memory=Memory(301, 200, 150), before_seconds=40, characters=900)
    missed = {target.what for target in report.targets(heavy) if not target.is_met}
    assert {"memory of a serving process (Pss)", "time to build, against the run before"} < missed
    assert "index, bytes a character of text" in missed


def test_a_visit_is_summarized_by_its_worst_shift_and_the_median_of_its_longest_tasks() -> None:
    seen = [
        Observed(paint=300, shift=0.1, asked=0.5, moved=("p",), tasks=(60, 90), frames=(16, 17, 90)),
        Observed(paint=500, tasks=(), frames=(16, 16, 33)),
        Observed(paint=400, shift=0.2, moved=("a", "p"), tasks=(70,)),
    ]
    act = Act.of("post", "scrolled", seen)
    assert (act.times, act.shift, act.asked, act.moved) == (3, 0.2, 0.5, ("a", "p"))
    assert (act.task, act.worst_task, act.paint, act.worst_paint) == (70, 90, 400, 500)
    assert act.worst_frame == 90
    assert Act.of("post", "opened", [Observed()]).task == 0


def test_pages_are_judged_by_their_budget() -> None:
    made = made_browsing()
    assert {target.what for target in budget.targets(made) if not target.is_met} == {"home, first visit, longest task"}
    heavy = Weight(9, ("cdn.example",), {DOCUMENT: Bytes(300_000, 61_000), OWN_SCRIPT: Bytes(20_000, 6_001)})
    moving = replace(made.acts[1], paint=501, shift=0.01)
    worse = replace(
        made,
        weights={"home": made.weights["home"], "post": heavy},
        acts=[moving],
        again={"home": [("/", 200, 9000), ("/static/a.css", 200, 100)]},
    )
    assert {target.what for target in budget.targets(worse) if not target.is_met} == {
        "post, HTML, CSS and JavaScript",
        "post, own JavaScript",
        "post, requests",
        "every page, other hosts asked",
        "post, largest paint",
        "every page and everything done there, layout shift",
        "every page, second visit, static files transferred",
        "pages that do not answer a second visit by 304 alone",
    }


def test_files_are_weighed_as_nginx_of_deploy_sends_them(root: Path) -> None:
    conf = (root / "deploy/nginx/site.conf.j2").read_text(encoding="utf-8")
    assert f"gzip_comp_level {browsing.GZIP_LEVEL};" in conf
    assert f"gzip_min_length {browsing.GZIP_LEAST};" in conf
    text = b"a line that repeats itself\n" * 100
    assert browsing.sent(text, "text/html; charset=utf-8").sent < 200
    assert browsing.sent(text, "image/webp") == Bytes(len(text), len(text))
    assert browsing.sent(text, "image/svg+xml").sent < 200
    assert browsing.sent(b"short", "text/css") == Bytes(5, 5)


def test_scripts_of_the_site_are_told_from_those_of_others() -> None:
    assert browsing.kind_of("script", "/static/js/site.123.js") == OWN_SCRIPT
    assert browsing.kind_of("script", "/static/vendor/htmx.min.123.js") == SCRIPT
    assert browsing.kind_of("document", "/") == DOCUMENT
    assert browsing.kind_of("manifest", "/site.webmanifest") == "other"


def test_without_a_browser_the_report_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browsing, "CHROMIUM", str(tmp_path / "chromium"))
    with pytest.raises(browsing.Missing, match="apt-get install chromium") as caught, browsing.chromium():
        pass
    results = replace(made_results(), browsing=None, missing=str(caught.value))
    assert "Not looked at in a browser: no Chromium at" in budget.section(results)
    assert "| home | 3.2 | 2.5 |" in budget.section(results)


def test_results_are_read_again_as_they_were(tmp_path: Path) -> None:
    results = made_results()
    report.write(results, tmp_path)
    assert read_results(tmp_path / "benchmarks.json") == results


def test_pages_alone_need_results_to_be_put_into(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.ROOT", tmp_path)
    with pytest.raises(SystemExit, match="without --only"):
        main(["--only", "pages", "--content", str(root / "content"), "--output", str(tmp_path)])


def test_the_post_read_is_the_seed_or_the_one_most_is_said_in(site: tuple[Ours, Settings, Build]) -> None:
    chosen = subjects(database(site))
    client = site[0].app.test_client()
    assert all(client.get(path).status_code == 200 for path in chosen)
    assert client.get(chosen.post + "details/1").status_code == 200


def test_the_report_has_the_figures_the_targets_and_the_pictures(tmp_path: Path) -> None:
    text = report.write(made_results(), tmp_path).read_text(encoding="utf-8")
    assert "| `/api/search`, cold caches, p95 | 25 ms | 26 ms | **not met** |" in text
    assert "| time to build, against the run before | 1.30 times | 1.10 times | met |" in text
    assert "| **matome, 20 best, cold** | 1.0 | 2.0 | 3.0 | 4.0 | 320 of 320 | 100 % | 100 % | 60 s | 1.2 |" in text
    assert "99.9 %" in text  # 0.9996 is not all
    assert "| home, first visit, longest task | 50 ms | 55 ms | **not met** |" in text
    assert "| home | 8 | 27.0 | 9.0 |  | 13.0 | 5.0 |  |  |" in text
    for name in re.findall(r'(?:src|srcset)="([^"]+)"', text):
        assert (tmp_path / name).read_text(encoding="utf-8").lstrip().startswith("<?xml")
    written = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert written["build"]["seconds"] == 66


def test_the_same_figures_draw_the_same_picture(tmp_path: Path) -> None:
    pictures = []
    for name in ("a", "b"):
        report.write(made_results(), tmp_path / name)
        pictures.append((tmp_path / name / "benchmarks-light.svg").read_bytes())
    assert pictures[0] == pictures[1]


def test_a_quick_run_measures_everything_and_writes_the_page(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "CHROMIUM", str(tmp_path / "chromium"))  # tests/browser/test_weight.py has one
    main(["--quick", "--sizes", "none", "--rounds", "1", "--content", str(root / "content"), "--output", str(tmp_path)])
    written = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert {row["name"] for row in written["contenders"]} > {kind.name for kind in RIVALS} | {fuse.NAME}
    assert all(row["spread"]["p50"] > 0 for row in written["contenders"])
    assert sum(written["queries"].values()) == 80
    assert [row["complete"] for row in written["contenders"] if row["is_ours"]] == [1.0] * 4
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    said = capsys.readouterr().out
    assert page in said
    assert "The pages were not read in a browser: no Chromium at" in said
    assert os.fspath(root) not in page


def test_pages_alone_are_put_into_the_results_of_an_earlier_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "CHROMIUM", str(tmp_path / "chromium"))
    report.write(made_results(), tmp_path)
    main(["--only", "pages", "--content", str(root / "content"), "--output", str(tmp_path)])
    written = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert written["contenders"] == [asdict(row) for row in made_results().contenders]
    assert written["browsing"] is None
    assert all(0 < time["computing"] < 1000 for time in written["pages"].values())
    assert {"home", "post", "results", "tags", "sitemap", "a fold as a fragment"} < set(written["pages"])
