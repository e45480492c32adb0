"""Test made content and the measuring of sites of several sizes: what is made, and one run over a tiny site."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import growth, report, scale, static_site
from benchmarks.__main__ import main
from benchmarks.asked import CHARACTERS, query_log
from benchmarks.chance import Dice, keyed, mix, mixed
from benchmarks.counting import Cutter, count_words
from benchmarks.figures import PATH, SHARES, load, unpack
from benchmarks.language import Language
from benchmarks.loaded import read_loaded
from benchmarks.made import Maker, user_name, write
from benchmarks.plot import THEMES
from benchmarks.processes import Ran
from benchmarks.queries import kinds
from benchmarks.results import Machine, Memory, Spread
from benchmarks.scaled import Beside, Scale, Scaled, Updates, read_scale
from matome_app.config import ROOT
from tests.test_benchmarks import made_results

COMMENTS = 6_000
QUOTE = re.compile(r'matomeQuote body="([^"]*)" userName="([^"]*)" createdAt="([^"]*)" color="([^"]*)"')


@pytest.fixture(scope="session")
def maker() -> Maker:
    """Give a maker of posts."""
    return Maker()


@pytest.fixture(scope="session")
def posts(maker: Maker) -> dict[str, str]:
    """Give made posts by name."""
    return dict(maker.make(COMMENTS))


def read(folder: Path) -> dict[str, str]:
    """Return the texts of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("index.md")}


def test_the_same_seed_makes_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write(tmp_path / name, 300, seed=seed)
    assert read(tmp_path / "a") == read(tmp_path / "b") != read(tmp_path / "c")


def test_made_bytes_are_those_of_every_other_machine(posts: dict[str, str]) -> None:
    # Known numbers of SplitMix64, so that arrays and plain integers agree everywhere.
    assert mixed(0) == int(mix(np.zeros(1, "uint64"))[0]) == 0xE220A8397B1DCDAF
    assert next(iter(posts)).startswith("2025_08/2025_08_31_")


def test_a_smaller_folder_is_the_beginning_of_a_larger_one(maker: Maker, posts: dict[str, str]) -> None:
    fewer = list(maker.make(500))
    assert fewer[:-1] == list(posts.items())[: len(fewer) - 1]
    assert sum(len(QUOTE.findall(text)) for _, text in fewer) == 500


def test_many_posts_of_few_comments_are_made(maker: Maker) -> None:
    small = [text for _, text in maker.make(600, posts=200)]
    assert len(small) == 200
    sizes = [len(QUOTE.findall(text)) for text in small]
    assert sum(sizes) == 600
    assert max(sizes) < 30


def test_a_folder_that_holds_posts_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    with pytest.raises(SystemExit, match="holds posts already"):
        write(tmp_path, 100)


def test_made_comments_are_like_those_that_were_counted(posts: dict[str, str]) -> None:
    rows = [row for text in posts.values() for row in QUOTE.findall(text)]
    assert len(rows) == COMMENTS
    lengths = sorted(len(body) for body, *_ in rows)
    assert 90 <= lengths[len(lengths) // 2] <= 120
    assert 450 <= lengths[len(lengths) * 99 // 100] <= 750
    folds = [fold for text in posts.values() for fold in re.findall(r"(?s){{< details.*?details >}}", text)]
    assert 0.55 <= sum(len(QUOTE.findall(fold)) for fold in folds) / len(rows) <= 0.72
    assert 0.40 <= sum(color != "" for *_, color in rows) / len(rows) <= 0.51
    users = [[user for _, user, *_ in QUOTE.findall(text)] for text in posts.values()]
    distinct = [len(set(of_post)) / len(of_post) for of_post in users]
    assert 0.65 <= sum(distinct) / len(distinct) <= 0.82


def test_characters_and_words_occur_about_as_often_as_in_real_comments(posts: dict[str, str]) -> None:
    bodies = [body for text in posts.values() for body, *_ in QUOTE.findall(text)]
    characters = Counter("".join(bodies))
    total = characters.total()
    assert {character for character, _ in characters.most_common(6)} >= set("のてい。")
    assert 0.32 <= sum(count for _, count in characters.most_common(20)) / total <= 0.36
    assert 1_700 <= len(characters) <= 2_600
    pairs = Counter(pair for body in bodies for pair in map(str.__add__, body, body[1:]))
    assert 0.075 <= sum(count for _, count in pairs.most_common(20)) / pairs.total() <= 0.10
    words = ("の", "思う", "https://", "＞", "マジ")
    share = {word: sum(word in body for body in bodies) / len(bodies) for word in words}
    assert 0.82 <= share["の"] <= 0.92
    assert 0.11 <= share["思う"] <= 0.21
    assert 0.06 <= share["https://"] <= 0.13
    assert 0.04 <= share["＞"] <= 0.14
    assert 0.03 <= share["マジ"] <= 0.12


def test_new_rare_words_turn_up_however_much_is_made(posts: dict[str, str]) -> None:
    texts = list(posts.values())
    known = {word for words in load()["classes"] for word in words[1]}
    half, whole = (
        {word for text in part for word in re.findall("[ァ-ヺー]{3,}", text)} - known
        for part in (texts[: len(texts) // 2], texts)
    )
    assert len(half) > 300
    assert len(whole) > 1.5 * len(half)


def test_what_a_post_talks_of_comes_back_in_its_comments(posts: dict[str, str]) -> None:
    in_comments: Counter[str] = Counter()
    in_posts: Counter[str] = Counter()
    for text in posts.values():
        words = [set(re.findall("[ァ-ヺー]{4,}", body)) for body, *_ in QUOTE.findall(text)]
        in_comments.update(word for one in words for word in one)
        in_posts.update(set().union(*words))
    several = [word for word, count in in_comments.items() if 5 <= count <= 15]
    assert sum(in_comments[word] / in_posts[word] for word in several) / len(several) > 1.4


def test_made_posts_are_read_without_a_fault(tmp_path: Path) -> None:
    write(tmp_path / "content", 1_000)
    environment = {"MATOME_CONTENT_DIR": str(tmp_path / "content"), "MATOME_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "check"]
    checked = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr.strip()) == (0, "0 errors, 0 warnings"), checked.stdout


def test_making_needs_nothing_but_what_comes_along(tmp_path: Path) -> None:
    # The statistics alone are read, no corpus, and not even the application is.
    looked = "import sys; from benchmarks.made import main; main(sys.argv[1:]); assert 'matome_app' not in sys.modules"
    command = [sys.executable, "-c", looked, str(tmp_path / "content"), "--comments", "100"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert sum(len(QUOTE.findall(text)) for text in read(tmp_path / "content").values()) == 100


def test_statistics_are_small_and_hold_words_but_no_sentences() -> None:
    assert PATH.stat().st_size < 400_000
    longest = max((word for _, words, _ in load()["classes"] for word in words), key=len)
    assert len(longest) < 40


def test_words_and_pairs_are_counted_so_that_the_same_texts_come_out() -> None:
    bodies = ["猫が好きだ。<br>犬も好きだ。"] * 20
    statistics = count_words(map(Cutter().cut, bodies))
    words = [word for _, part, _ in statistics["classes"] for word in part]
    counts = [count for *_, part in statistics["classes"] for count in part]
    assert counts[words.index("好き")] == 40
    following, often = unpack(statistics["pairs"][words.index("<br>")])
    assert ([words[number] for number in following], often) == (["犬"], [20])
    assert statistics["between"] == [[] for _ in statistics["classes"]]
    language = Language({**statistics, "hosts": [["example.org", 1]]})
    keys = mix(np.arange(9, dtype="uint64"))
    made = language.write(keys, keys, np.full(9, 17))
    assert set("".join(made)) <= set(bodies[0])
    assert all(text.startswith("猫が好き") for text in made)


def test_dice_fall_as_the_shares_say() -> None:
    dice = Dice(keyed(1, 2))
    lengths = load()["lengths"]
    drawn = sorted(dice.along(lengths, SHARES) for _ in range(4_000))
    assert drawn[2_000] == pytest.approx(lengths[SHARES.index(50)], rel=0.1)
    ranks = [dice.rank(10, 6) for _ in range(4_000)]
    assert max(ranks) < 640
    assert sum(rank < 10 for rank in ranks) == pytest.approx(4_000 / 6, rel=0.2)
    assert len({user_name(rank) for rank in range(2_000)}) > 1_900


def test_the_log_holds_every_kind_of_query_each_once_and_is_the_same_again() -> None:
    log = query_log(120, comments=800)
    assert log == query_log(120, comments=800)
    assert len(set(log)) == len(log) == 120
    assert set(CHARACTERS) <= {query.q for query in log}
    several = {"two words", "three words", "phrase", "operator"}
    assert several | {"character", "common word", "rare word", "substring", "latin", "filter"} < set(kinds(log))


def made_scale() -> Scale:
    """Return what may have been measured of three sizes, growing in all there is."""
    machine = Machine("2026-05-04", 2, "Linux on x86_64", {"Python": "3.13.1"})
    sites = [_site("10k", 1), _site("100k", 3), _site("1M", 12)]
    return Scale(machine, {"latin": 3, "phrase": 1}, 0.5, sites, {"Hugo": Ran(21.5, 30, 1216)})


def _site(label: str, factor: float) -> Scaled:
    spread = Spread(2 * factor, 9 * factor, 11 * factor, 20 * factor)
    beside = Beside(20, spread, Spread(*(3 * value for value in (spread.p50, spread.p95, spread.p99, spread.worst))))
    ran = Ran(5 * factor, 4 * factor, 200 * factor)
    return Scaled(
        label=label,
        posts=round(100 * factor),
        comments=scale.comments_of(label),
        content_bytes=round(1e6 * factor),
        data_bytes=round(2e6 * factor),
        build=ran,
        first_page=1.5,
        building={"home": beside},
        start=0.4,
        start_search=0.1 * factor,
        memory=Memory(100 * factor, 90, 80),
        first=spread,
        again=spread,
        engine=spread,
        kinds={"latin": (1.0, 2.0)},
        slowest=[("の", 20 * factor)],
        beside={scale.REBUILDING: beside},
        pages={scale.REBUILDING: beside},
        updates=Updates(8, 0.5, 0.9, 0.2 * factor, 0.1),
        once=ran,
        unchanged=ran,
    )


def test_growth_is_judged_by_its_targets() -> None:
    missed = {target.what for target in growth.targets(made_scale()) if not target.is_met}
    always = {"home while building, against idle, p50", f"searches while {scale.REBUILDING}, against idle, p50"}
    assert missed == {f"{label}: {what}" for label in ("10k", "100k", "1M") for what in always} | {
        "1M: search with facets, asked first, p50",
        "1M: search with facets, asked first, p95",
        "1M: memory of a serving process (Pss)",
        "work for a change, 1M against 10k",
    }


def test_what_was_measured_of_sizes_is_in_the_report_and_read_again(tmp_path: Path) -> None:
    loaded = read_loaded(ROOT / "docs")  # what another folder has none of is taken from here
    text = report.write(made_results(), tmp_path, made_scale(), loaded).read_text(encoding="utf-8")
    assert "| 1M: memory of a serving process (Pss) | 700 MB | 1,200 MB | **not met** |" in text
    assert "| first, p50, ms | 2.0 | 6.0 | 24.0 |" in text
    assert "| Hugo: the pages | 21.5 | 30 | 1,216 |" in text
    assert read_scale(tmp_path) == made_scale()
    for theme in THEMES:
        assert (tmp_path / f"scale-{theme}.svg").read_bytes().lstrip().startswith(b"<?xml")
    main(["--only", "report", "--output", str(tmp_path)])
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("label", "comments"), [("300", 300), ("10k", 10_000), ("1M", 1_000_000)])
def test_sizes_are_read_as_people_write_them(label: str, comments: int) -> None:
    assert scale.comments_of(label) == comments


def test_a_size_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--sizes many"):
        main(["--only", "scale", "--sizes", "many", "--output", str(tmp_path)])


def test_a_changed_post_is_put_back_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, 50)
    before = read(tmp_path)
    post = scale.Post(next(tmp_path.rglob("index.md")))
    post.say("一つ")
    post.say("二つ")
    (changed,) = [text for name, text in read(tmp_path).items() if text != before[name]]
    assert 'body="二つ"' in changed
    assert 'body="一つ"' not in changed
    post.restore()
    assert read(tmp_path) == before


def test_a_run_over_a_tiny_site_measures_everything(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("STARTS", 1), ("UPDATES", 1), ("BESIDE", 8), ("BUILDING_SECONDS", 1), ("PAGE_ROUNDS", 2)):
        monkeypatch.setattr(scale, name, value)
    monkeypatch.setattr("benchmarks.__main__.QUICK_QUERIES", 30)
    report.write(made_results(), tmp_path / "out")
    options = ["--only", "scale", "--quick", "--sizes", "300", "--content", str(root / "content")]
    main([*options, "--keep", str(tmp_path / "sites"), "--output", str(tmp_path / "out")])
    measured = read_scale(tmp_path / "out")
    assert measured is not None
    (site,) = measured.sites
    assert (site.comments, sum(measured.queries.values())) == (300, 30)
    assert site.data_bytes > site.content_bytes > 20_000
    assert min(site.build.seconds, site.build.cpu, site.build.peak_mb / 10, site.first_page, site.start) > 0.1
    assert min(site.first.p50, site.again.p50, site.engine.p50, site.updates.median, site.updates.cpu) > 0
    assert set(site.beside) == set(site.pages) == {scale.UPDATING, scale.MERGING, scale.REBUILDING}
    assert site.memory is not None
    assert site.memory.pss > 20
    assert set(measured.static) == ({"Hugo", "Pagefind"} if static_site.is_possible() else set())
    page = (tmp_path / "out" / "benchmarks.md").read_text(encoding="utf-8")
    assert "| comments | 300 |" in page
    assert page in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "scale.json").read_text(encoding="utf-8"))["sites"][0]["label"] == "300"
    assert [path.name for path in (tmp_path / "sites").iterdir()] == ["c300"]
