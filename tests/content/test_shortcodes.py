"""Hold the shortcode parser to Hugo's outcomes, to its promises on any text, and to the collection of real posts."""

from __future__ import annotations

import gzip
import html
import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matome_app.content.shortcodes import KNOWN, Node, Shortcode, ShortcodeRule, Text, parse, write
from matome_app.errors import CODES, Fault

SHARED = Path(__file__).resolve().parents[3] / "shared"
CASES = SHARED / "corpus" / "shortcode_cases.json"
needs_corpus = pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/corpus: Hugo's outcomes and real posts")

# Cases that are read differently from Hugo on purpose.
READ_DIFFERENTLY = {
    "unknown shortcode": "Hugo stops the whole build; here the post is served and its author warned",
    "basic inline": "Hugo drops an inline shortcode without a word; here it stays in the tree, with a warning",
    "basic inline with space": "the same",
    "inline self closing": "the same",
    "inline self closing, then a new inline": "the same",
    "inline with template syntax": "the same",
}
# Cases where the same fault is reported at another place.
PLACED_DIFFERENTLY = {
    "close, but no open": "at the name, as every closer that fits nothing, not at the slash",
    "unterminated at end of file": "where the shortcode begins: the end of the file tells the author nothing",
}
EXAMPLES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "shortcode_examples.toml").read_text("utf-8"))[
    "case"
]
HUGO_TYPES = {"string": str, "bool": bool, "int": int, "float64": float}
UNCLOSED = {"comment_unclosed", "must_be_closed", "unclosed_action"}


def load_cases() -> list[dict[str, Any]]:
    """Return the recorded outcomes of Hugo 0.147.8, or none where they are not at hand."""
    return json.loads(CASES.read_text("utf-8")) if CASES.exists() else []


def case_rules(case: dict[str, Any]) -> dict[str, ShortcodeRule]:
    """Return what the templates of a case took: Hugo was run with templates that use `.Inner` or do not."""
    rules = {name: ShortcodeRule(rule.inner) for name, rule in KNOWN.items()}
    rules |= {"noinner": ShortcodeRule("forbidden"), "mustclose": ShortcodeRule("required")}
    for call in case["hugo_0.147.8"].get("calls", []):
        rules[call["name"]] = ShortcodeRule("forbidden" if call["inner"] is None else "required")
    return rules


def read_calls(nodes: tuple[Node, ...], prefix: str = "") -> Iterator[dict[str, Any]]:
    """Yield the shortcodes of a tree as the recorded outcomes have them."""
    shortcodes = [node for node in nodes if isinstance(node, Shortcode)]
    for index, node in enumerate(shortcodes):
        key = f"{prefix}{index:03d}"
        named = bool(node.parameters) and node.parameters[0].name is not None
        params = {p.name if named else i: p.typed for i, p in enumerate(node.parameters)}
        inner = "".join(child.value for child in node.inner if isinstance(child, Text)) if node.closed else None
        yield {"key": key, "name": node.name, "named": named, "params": params, "inner": inner}
        yield from read_calls(node.inner, key + ".")


def hugo_calls(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the calls Hugo made; the text inside is as Markdown left it, which writes > as &gt;."""
    calls = []
    for call in case["hugo_0.147.8"]["calls"]:
        assert all(type(p["value"]) is HUGO_TYPES[p["type"]] for p in call["params"])
        params = {p["key"]: p["value"] for p in call["params"]}
        inner = None if call["inner"] is None else html.unescape(call["inner"])
        calls.append({**call, "params": params, "inner": inner})
    return calls


def errors_of(faults: tuple[Fault, ...]) -> list[Fault]:
    return [fault for fault in faults if fault.severity == "error"]


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize("case", load_cases(), ids=lambda case: f"{case['id']} {case['name']}")
def test_a_recorded_case_comes_out_as_in_hugo(case: dict[str, Any]) -> None:
    hugo = case["hugo_0.147.8"]
    # Front matter takes three lines in the recorded files.
    nodes, faults = parse(case["input"], path="p.md", line=4, rules=case_rules(case))
    errors = errors_of(faults)
    if case["name"] in READ_DIFFERENTLY:
        assert not errors
        assert [fault.code for fault in faults][:1] == ["shortcode-unknown"]
        assert list(read_calls(nodes)) != hugo.get("calls")
    elif case["valid"]:
        assert not errors
        calls = list(read_calls(nodes))
        assert calls == hugo_calls(case)
        for call, wanted in zip(calls, hugo_calls(case), strict=True):
            types = {key: type(value) for key, value in call["params"].items()}
            assert types == {key: type(value) for key, value in wanted["params"].items()}
    else:
        assert errors
        assert errors[0].code == ("shortcode-unclosed" if hugo["error_kind"] in UNCLOSED else "shortcode-syntax")
        place = re.search(r"p\.md:(\d+):(\d+)", hugo["error"])
        assert place is not None
        same_place = (errors[0].line, errors[0].column) == (int(place[1]), int(place[2]))
        assert same_place != (case["name"] in PLACED_DIFFERENTLY)


@needs_corpus
@pytest.mark.corpus
def test_every_listed_difference_is_a_recorded_case() -> None:
    names = {case["name"] for case in load_cases()}
    assert len(load_cases()) == 115
    assert READ_DIFFERENTLY.keys() | PLACED_DIFFERENTLY.keys() <= names


def outline(nodes: tuple[Node, ...]) -> str:
    """Draw a tree in one line, as the file of examples has it."""
    return " ".join(outline_node(node) for node in nodes)


def outline_node(node: Node) -> str:
    if not isinstance(node, Shortcode):
        return repr(node.value)
    values = ", ".join(f"{p.name}={p.typed!r}" if p.name else repr(p.typed) for p in node.parameters)
    inner = f"[{outline(node.inner)}]" if node.closed else f"…{outline(node.inner)}" if node.inner else ""
    return f"{node.name}({values}){inner}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_an_example_is_read_as_drawn_with_its_faults_at_their_places(example: dict[str, Any]) -> None:
    nodes, faults = parse(example["source"], path="a.md")
    assert outline(nodes) == example["outline"]
    found = [f"{f.line}:{f.column} {'~' if f.severity == 'warning' else ''}{f.code}" for f in faults]
    assert found == example.get("faults", [])
    assert "".join(node.source for node in nodes) == example["source"]
    assert all(fault.path == "a.md" and fault.code in CODES for fault in faults)
    assert all(fault.blocks == (fault.severity == "error") for fault in faults)


def test_lines_count_from_the_line_the_text_begins_on_and_columns_in_characters() -> None:
    nodes, faults = parse('猫𠮷 {{< matomeQuote\n  body="犬"\n  x="y" >}}\n{{< /a >}}', line=10)
    quote = nodes[1]
    assert isinstance(quote, Shortcode)
    assert (quote.line, quote.column) == (10, 4)
    assert [(p.name, p.line, p.column) for p in quote.parameters] == [("body", 11, 9), ("x", 12, 6)]
    assert [(fault.line, fault.column) for fault in faults] == [(12, 6), (13, 6)]


def test_values_are_reached_by_name_and_by_position() -> None:
    nodes, _ = parse('{{< a x="1" y=2 x="3" >}}{{< b "one" 2 >}}{{< c >}}')
    named, positional, bare = (node for node in nodes if isinstance(node, Shortcode))
    assert named.params == {"x": "3", "y": "2"}
    assert [named.get(key) for key in ("x", "y", "z", 0)] == ["3", "2", "", ""]
    assert named.get("z", "-") == "-"
    assert positional.params == ("one", "2")
    assert [positional.get(key) for key in (1, 2, "x", -1)] == ["2", "", "", ""]
    assert bare.params == ()
    parameter = positional.parameter(1)
    assert parameter is not None
    assert parameter.typed == 2


def test_messages_name_the_value_and_stay_short_however_long_it_is() -> None:
    long = "b" * 5000
    _, faults = parse(f'{{{{< matomeQuote body="{long}\n{{{{< {long} >}}}}\n{{{{< /{long}c >}}}}')
    assert [fault.code for fault in faults] == ["shortcode-syntax", "shortcode-unknown", "shortcode-syntax"]
    assert 'close it with " before the end of the line' in faults[0].message
    assert all(len(fault.message) < 200 and "\n" not in fault.message for fault in faults)


def test_an_unquoted_value_that_swallows_the_end_is_what_gets_blamed() -> None:
    nodes, faults = parse('{{< list limit=5>}}\ntext\n{{< matomeQuote body="x" >}}')
    assert [(fault.line, fault.column, fault.code) for fault in faults] == [(1, 16, "shortcode-syntax")]
    assert "put a space before >}}" in faults[0].message
    assert outline(nodes).endswith("matomeQuote(body='x')")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ("a\\nb", '"a\\nb"'),
        ('say "hi"', '`say "hi"`'),
        ("two\nlines", "`two\nlines`"),
        ("ends in \\", "`ends in \\`"),
        ("a ` b \\", '\\"a ` b \\\\"'),
        ('a ` "b"', '"a ` \\"b\\""'),
        ('x`"\\', 'x`"\\'),
    ],
    ids=[
        "plain",
        "empty",
        "backslash",
        "quotes",
        "lines",
        "last backslash",
        "backtick",
        "backtick and quotes",
        "all three",
    ],
)
def test_writing_chooses_a_quotation_that_holds_the_value(value: str, written: str) -> None:
    text = write("matomeQuote", {"body": value})
    assert text == f"{{{{< matomeQuote body={written} >}}}}"
    assert [node.params for node in parse(text)[0] if isinstance(node, Shortcode)] == [{"body": value}]


@pytest.mark.parametrize("value", ["a`\nb", 'a ` " \\', "a\\` b", '"`\\'])
def test_a_value_no_quotation_can_hold_is_refused_with_the_reason(value: str) -> None:
    with pytest.raises(ValueError, match=r"^the value of body holds a backtick and a (line break|backslash)"):
        write("matomeQuote", {"body": value})


def test_names_that_cannot_be_read_back_are_refused() -> None:
    with pytest.raises(ValueError, match="name of a shortcode"):
        write("no good", {})
    with pytest.raises(ValueError, match="name of a parameter"):
        write("details", {"no good": "x"})


def test_a_shortcode_is_written_with_its_content_in_either_delimiter() -> None:
    text = write("details", {"summary": "s"}, delimiter="%", inner="x")
    assert text == '{{% details summary="s" %}}x{{% /details %}}'
    assert outline(parse(text)[0]) == "details(summary='s')['x']"


PIECES = [*'"\\`\n =/a猫²\u3000', "\r\n", '\\"', "\\`", "{{<", "{{%", ">}}", "%}}", "/*", "*/"]
PIECES += ["details", "matomeQuote ", "body=", "x.inline "]
hostile_text = st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), max_size=60).map("".join)
names = st.from_regex(r"[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,8}", fullmatch=True)


@given(st.dictionaries(names, st.one_of(hostile_text, st.text()), max_size=4), st.sampled_from(["<", "%"]))
@settings(max_examples=300, deadline=None)
def test_any_value_that_can_be_written_is_read_back(params: dict[str, str], delimiter: Any) -> None:
    try:
        text = write("sc", params, delimiter=delimiter)
    except ValueError:
        # Only a backtick together with a line break or a backslash leaves no way.
        hard = [value for value in params.values() if "`" in value and ("\n" in value or "\\" in value)]
        assume(not hard)
        raise
    nodes, faults = parse("a " + text + " b", rules={"sc": ShortcodeRule()})
    assert faults == ()
    assert [node.params or {} for node in nodes if isinstance(node, Shortcode)] == [params]
    assert "".join(node.source for node in nodes) == f"a {text} b"


@given(st.text().filter(lambda text: "`" not in text))
@settings(deadline=None)
def test_any_value_without_a_backtick_can_be_written(value: str) -> None:
    (quote,) = parse(write("matomeQuote", {"body": value}))[0]
    assert isinstance(quote, Shortcode)
    assert quote.get("body") == value


@given(hostile_text)
@settings(max_examples=1000, deadline=None)
def test_nothing_of_any_text_gets_lost_and_every_fault_has_a_place_in_it(source: str) -> None:
    nodes, faults = parse(source, line=3)
    assert "".join(node.source for node in nodes) == source
    lines = source.split("\n")
    for fault in faults:
        assert 1 <= fault.column <= len(lines[fault.line - 3]) + 1
    for node in nodes:
        assert source.split("\n")[node.line - 3][node.column - 1 :].startswith(node.source.split("\n")[0])


HOSTILE: dict[str, Callable[[int], str]] = {
    "openings": lambda n: "{{<" * n,
    "openings with a name": lambda n: "{{< a " * n,
    "braces": lambda n: "{" * n,
    "quotation marks": lambda n: "{{< a " + '"' * n,
    "quotations that never end": lambda n: '{{< a "' * n,
    "raw strings that never end": lambda n: "{{< a `b\n" + "{{< a c=1 d\n" * n,
    "raw strings that never end, many": lambda n: "{{< a ```b\n" * n,
    "backslashes": lambda n: '{{< a "' + "\\" * n,
    "escaped quotation marks": lambda n: '{{< a "' + '\\"' * n,
    "escaped openings": lambda n: '{{< a \\"' * n,
    "comments that never end": lambda n: "{{</* a " * n,
    "comments that end at once": lambda n: "{{</*/>}}" * n,
    "values that swallow the end": lambda n: "{{< a " + "b=>}}{{<a " * n,
    "closers that fit nothing": lambda n: "{{< details >}}" * 50 + "{{< /a >}}" * n,
    "folds in folds": lambda n: "{{< details >}}" * n + "{{< /details >}}" * n,
    "folds never closed": lambda n: "{{< details >}}" * n,
    "unknown ones never closed": lambda n: "{{< a >}}" * n + "{{< /b >}}" * n,
    "letters Hugo does not take": lambda n: "{{< a²" * n,
    "one long line": lambda n: '{{< matomeQuote body="a" color="b" >}}x' * n,
    "many parameters": lambda n: "{{< list" + ' limit="1"' * n + " >}}",
    "inline ones": lambda n: "{{< a.inline >}}" * n,
}


def seconds(source: str) -> float:
    """Return the shortest of three times, in seconds of this process."""
    times = []
    for _ in range(3):
        start = time.process_time()
        parse(source)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_with_the_length_of_hostile_text_and_no_faster(make: Callable[[int], str]) -> None:
    small, large = seconds(make(500)), seconds(make(5000))
    assert large < max(25 * small, 0.05)


def test_twenty_thousand_folds_in_each_other_are_read() -> None:
    depth = 20_000
    nodes, faults = parse("{{< details >}}" * depth + "x" + "{{< /details >}}" * depth)
    assert faults == ()
    levels = 0
    while isinstance(nodes[0], Shortcode):
        levels, nodes = levels + 1, nodes[0].inner
    assert levels == depth
    assert isinstance(nodes[0], Text)


def walk_comments(nodes: tuple[Node, ...], folds: list[str], fold: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the comments of a post and note the summaries of its folds, as the record of Hugo's reading has them."""
    for node in nodes:
        if isinstance(node, Shortcode) and node.name == "details":
            folds.append(node.get("summary"))
            yield from walk_comments(node.inner, folds, len(folds))
        elif isinstance(node, Shortcode) and node.name == "matomeQuote":
            yield {
                "details": fold,
                "user": node.get("userName"),
                "at": node.get("createdAt"),
                "color": node.get("color"),
                "body": node.get("body"),
            }


@needs_corpus
@pytest.mark.corpus
def test_every_real_post_holds_the_comments_hugo_reads_in_it(corpus: Path) -> None:
    posts = comments = 0
    with gzip.open(corpus / "oracle.jsonl.gz", "rt", encoding="utf-8") as oracle:
        for line in oracle:
            wanted = json.loads(line)
            source = (corpus / "content" / wanted["path"] / "index.md").read_bytes().decode("utf-8")
            nodes, faults = parse(source, path=wanted["path"])
            assert faults == ()
            assert "".join(node.source for node in nodes) == source
            folds: list[str] = []
            found = list(walk_comments(nodes, folds))
            expected = [{key: value for key, value in c.items() if key != "html"} for c in wanted["comments"]]
            assert found == [{"color": "", **comment} for comment in expected]
            assert folds == wanted["details"]
            posts, comments = posts + 1, comments + len(found)
    assert posts == 1489
    assert comments > 119_000
