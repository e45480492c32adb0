"""Hold every text of the interface to gettext, the English catalogue to the texts, and an English site to English."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from jinja2 import Environment, nodes

from matome_app.config import ROOT
from matome_app.errors import Message as Said
from matome_app.web.i18n import CATALOGUES
from matome_app.web.texts import install
from tests.app.sites import HTMX, Site, fold, page, post_text, quote, soup

TEMPLATES = ROOT / "templates"
PO = CATALOGUES / "en" / "LC_MESSAGES" / "messages.po"
JAPANESE = re.compile(r"[\u3001-\u30ff\u3400-\u9fff\uff01-\uff9f]")
"""Letters, and the punctuation and wide forms that only Japanese has; the wide space is none."""
LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
SPOKEN = ("alt", "aria-label", "aria-description", "aria-roledescription", "placeholder", "title")
NO_TEXT = ("script", "style", "code", "kbd", "comments")
"""Elements that hold code, the name of a key or, in RSS, an address."""
GETTEXT = {"_", "gettext", "ngettext", "N_", "Message"}

NOT_SPOKEN = {
    "_picture_in_text.html": "it makes attributes before it makes elements",
    "feeds/robots.txt": "its words are those of the protocol",
}
"""Templates whose plain words are no texts."""
SAME_IN_EVERY_LANGUAGE = {"matome", "RSS", "Atom", "UTF"}
"""Names of things."""
DATA = {
    "images/fonts.py": "the character that a font has for those it lacks",
    "images/line_breaking.py": "characters by where a line may end",
    "search/analysis.py": "marks of voiced kana",
    "search/inflection.py": "endings of verbs and adjectives, and Sudachi's names of their kinds",
    "search/romaji.py": "kana by the keys that type them",
    "search/slips.py": "kana by ranges of characters",
    "search/snippets.py": "marks that end sentences and phrases",
    "search/terms.py": "the long vowel, in patterns",
    "search/titles.py": "the long vowel, in a pattern",
    "search/words.py": "Sudachi's names of parts of speech, and words that are treated specially",
    "web/description.py": "the mark of a quotation, in a pattern",
    "web/help.py": "what the examples of the hints are about, and quotation marks that stand in names",
}
"""Modules in which all Japanese is data: nobody reads it as a text."""
DATA_AMONG_TEXTS = {
    "search/query.py": {'"“”„‟〝〞〟'},  # what a reader may put around a phrase
    "web/filters.py": {"[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]"},  # by what Japanese is known
}
"""Modules in which these literals alone are."""


# Templates


def templates() -> list[str]:
    """Return the names of all templates."""
    return sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def environment() -> Environment:
    """Give an environment that reads templates as the app's does."""
    return Environment(extensions=["jinja2.ext.i18n"])


class Visible(HTMLParser):
    """Collects what a reader sees or hears of markup: text outside code, and attributes that are spoken."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what attributes say."""
        self.found += [value for name, value in attrs if name in SPOKEN and value]
        if tag in NO_TEXT:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if not self.inside:
            self.found.append(data)


def data_of(environment: Environment, name: str) -> str:
    """Return what a template holds besides expressions and statements; a space stands for each expression.

    What stands in `{% trans %}` goes through gettext.
    """
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    parts: list[str] = []
    is_begun = translated = False
    for _line, kind, value in environment.lex(source):
        if kind == "data" and not translated:
            parts.append(value)
        elif kind == "variable_begin":
            parts.append(" ")
        elif is_begun and kind == "name":
            translated = value == "trans" or (translated and value != "endtrans")
        is_begun = kind == "block_begin" or (is_begun and kind == "whitespace")
    return "".join(parts)


@pytest.mark.parametrize("name", templates())
def test_no_text_stands_bare_in_a_template(environment: Environment, name: str) -> None:
    data = data_of(environment, name)
    assert not JAPANESE.findall(data), name
    if name in NOT_SPOKEN:
        return
    parser = Visible()
    parser.feed(data)
    parser.close()
    words = {word for text in parser.found for word in LATIN_WORD.findall(text)}
    assert words <= SAME_IN_EVERY_LANGUAGE, f"{name}: {words}"


def bare_strings(environment: Environment, source: str) -> Iterator[tuple[int, str]]:
    """Yield the strings of a template's expressions that do not go through gettext."""
    tree = environment.parse(source)
    wrapped = {
        id(const)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in GETTEXT
        for const in call.args
    }
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and id(const) not in wrapped:
            yield const.lineno, const.value


@pytest.mark.parametrize("name", templates())
def test_no_string_in_a_templates_expressions_goes_past_gettext(environment: Environment, name: str) -> None:
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    wrong = [f"{line}: {text}" for line, text in bare_strings(environment, source) if JAPANESE.search(text)]
    assert wrong == [], name


def test_a_string_that_goes_past_gettext_is_found(environment: Environment) -> None:
    source = '{{ _("甲") }}{{ x or "乙" }}{{ ngettext("丙", "丙", n) }}{% set y = f(_("丁"), "戊") %}'
    assert [text for _, text in bare_strings(environment, source) if JAPANESE.search(text)] == ["乙", "戊"]


# Python


def modules() -> list[str]:
    """Return the modules that have something to say to readers."""
    package = ROOT / "matome_app"
    found = [path for part in ("web", "search", "store", "images") for path in (package / part).rglob("*.py")]
    return sorted(str(path.relative_to(package)) for path in [*found, package / "errors.py"])


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    """Yield the literals of a module, without docstrings, that hold Japanese and do not go through gettext."""
    tree = ast.parse(source)
    said = {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in GETTEXT
        for argument in call.args
        for part in ast.walk(argument)
    }
    statements = {
        id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in said | statements:
            continue
        if isinstance(node.value, str) and JAPANESE.search(node.value):
            yield node.lineno, node.value


@pytest.mark.parametrize("name", modules())
def test_no_text_stands_bare_in_a_module(name: str) -> None:
    source = (ROOT / "matome_app" / name).read_text(encoding="utf-8")
    found = list(unmarked(source))
    if name in DATA:
        assert found, f"{name} holds no data any more"
    else:
        data = DATA_AMONG_TEXTS.get(name, set())
        assert [f"{line}: {text}" for line, text in found if text not in data] == [], name


def test_a_text_that_stands_bare_is_found() -> None:
    source = '"""題"""\nA = "甲"\nB = _("乙")\ndef f():\n    """文"""\n    return f"丙{A}"\n'
    assert [text for _, text in unmarked(source)] == ["甲", "丙"]


# The catalogue


def run_pybabel(*words: str) -> None:
    """Run pybabel from the checkout."""
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "--quiet", *words], cwd=ROOT, check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Give the texts that `make messages` finds: by the same command."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    command = re.search(r"pybabel (--quiet extract .*)", makefile)
    assert command is not None
    words = command[1].split()
    target = tmp_path_factory.mktemp("messages") / "messages.pot"
    words[words.index("--output") + 1] = str(target)
    run_pybabel(*words[1:])
    with target.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def english() -> Catalog:
    """Give the English texts as they are written."""
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def singular(message: Message) -> str:
    """Return the first text of a message."""
    return message.id if isinstance(message.id, str) else message.id[0]


def translations(message: Message) -> tuple[str, ...]:
    """Return what a message is in English: one text, or one for each form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def placeholders(text: str) -> set[str]:
    """Return the names that a text leaves to be filled in."""
    return set(re.findall(r"%\((\w+)\)[sd]", text))


def test_every_text_is_in_english(extracted: Catalog, english: Catalog) -> None:
    missing = [
        singular(message)
        for message in extracted
        if message.id and not ((found := english.get(message.id)) and all(translations(found)) and not found.fuzzy)
    ]
    assert missing == [], "run make messages, and translate what is empty in the .po"


def test_the_english_catalogue_holds_nothing_else(extracted: Catalog, english: Catalog) -> None:
    assert [singular(message) for message in english if message.id and extracted.get(message.id) is None] == []
    assert not english.obsolete


def test_a_text_has_one_form_for_one_and_another_for_many(extracted: Catalog, english: Catalog) -> None:
    assert english.num_plurals == 2
    for message in extracted:
        found = english.get(message.id) if message.id else None
        if found is not None:
            assert len(translations(found)) == (2 if message.pluralizable else 1), singular(message)


def test_translations_fill_in_the_same_and_hold_no_japanese(english: Catalog) -> None:
    for message in english:
        for text in translations(message) if message.id else ():
            # A form for one may say so in a word.
            assert placeholders(text) | {"num"} == placeholders(singular(message)) | {"num"}, text
            assert "num" in placeholders(text) or "num" not in placeholders(singular(message)) or message.pluralizable
            assert not JAPANESE.search(text), text
            assert text.replace("%%", "").count("%") == len(re.findall(r"%\(", text)), text


def test_the_compiled_catalogue_is_what_the_written_one_compiles_to(english: Catalog) -> None:
    compiled = read_mo(io.BytesIO(PO.with_suffix(".mo").read_bytes()))
    written, read = (
        {singular(message): translations(message) for message in catalogue if message.id}
        for catalogue in (english, compiled)
    )
    assert read == written


def test_a_message_in_a_message_is_said_whole_in_either_language() -> None:
    inner = Said("「%(text)s」", text="100%")
    message = Said("%(what)sを外す", what=inner)
    english = {"「%(text)s」": "“%(text)s”", "%(what)sを外す": "Without %(what)s"}
    assert str(message) == "「100%」を外す"
    assert message.said(lambda text: english[text]) == "Without “100%”"
    assert message == Said("%(what)sを外す", what=Said("「%(text)s」", text="100%"))
    assert len({message, Said("%(what)sを外す", what=inner), inner}) == 2
    assert str(Said("100%のまま")) == "100%のまま"


class English(NullTranslations):
    """Translations for the tests of what templates are given."""

    def gettext(self, message: str) -> str:
        """Return a text in English."""
        return {"閉じる": "Close", "題": "A & <b>B</b>", "%(n)s番": "No. %(n)s", "半分": "50%%"}.get(message, message)


@pytest.fixture
def spoken_english() -> Environment:
    """Give an environment whose texts are English."""
    made = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    install(made, English())
    return made


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ('{{ _("閉じる") }}', "Close"),
        ('{{ _( "閉じる" ) ~ "<" }}', "Close&lt;"),
        ('{% set a = _("閉じる") %}<a title="{{ a }}">', '<a title="Close">'),
        ('{{ [_("閉じる"), x, _("閉じる")]|join(" ") }}', "Close &lt;i&gt; Close"),
        ('{{ _("題") }}', "A & <b>B</b>"),
        ('{{ _("半分") }}', "50%"),
        ('{{ _("%(n)s番", n=x) }}', "No. &lt;i&gt;"),
        ('{{ _("%(n)s番", n=_("題")) }}', "No. A & <b>B</b>"),
        ('{{ ngettext("%(num)s件", "%(num)s件", 1000, num="1,000") }}', "1,000件"),
        ('{{ ngettext("%(num)s件", "%(num)s件", 3) }}', "3件"),
        ("{% trans n=x %}{{ n }}番{% endtrans %}", "No. &lt;i&gt;"),
        ('{{ y._("閉じる") }}', "閉じる"),
    ],
)
def test_templates_say_texts_and_escape_what_fills_them(spoken_english: Environment, template: str, shown: str) -> None:
    assert spoken_english.from_string(template).render(x="<i>", y={"_": lambda text: text}) == shown


def test_a_text_that_nothing_fills_is_asked_for_when_its_template_is_compiled(spoken_english: Environment) -> None:
    assert "Close" in str(spoken_english.compile('{{ _("閉じる") }}', raw=True))
    assert "_(" not in str(spoken_english.compile('{{ f(_("閉じる")) }}', raw=True)).replace("environment", "")


# Sites


KETTLES = "posts/2025_04/2025_04_06_kettles"


def write_english(site: Site) -> None:
    """Write a site without a word of Japanese: everything that has a text of its own on some page is in it."""
    comments = [quote(f"The kettle number {n} sings at noon", f"user{n}", "2025-04-06T03:00:00") for n in range(2, 30)]
    site.write(
        f"{KETTLES}/index.md",
        post_text(
            "Why kettles sing",
            "Source: [https://example.org/t/kettles](https://example.org/t/kettles)",
            quote("A kettle sings before it boils.", "otter", "2025-04-06T01:30:00", "#45d325"),
            quote("A kettle sings before it boils.", "otter", "2025-04-06T01:40:00"),
            quote("Another one without a name", "", "2025-04-06T01:50:00"),
            fold("More comments", *comments),
            date="2025-04-06",
            tags=["Kettles", "Physics"],
            months=["2025/04"],
        ),
    )
    site.write(f"{KETTLES}/notes.txt", "plain")
    for n in range(1, 25):
        site.write(
            f"posts/2025_05/small_{n:02d}.md",
            post_text(
                f"Small post {n}",
                quote(f"Filler about kettles number {n}", "gull", "2025-05-01T00:00:00"),
                date=f"2025-05-{n:02d}",
                tags=["Filler", *(["Kettles"] if n < 4 else [])],
                months=["2025/05"],
            ),
        )


@pytest.fixture(scope="module")
def in_english(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Give a client of an English site in English."""
    site = Site(tmp_path_factory.mktemp("english"), {"LANGUAGE": "en", "SITE_TITLE": "Digests"})
    write_english(site)
    site.index()
    yield site.client()
    site.close()


def addresses(client: FlaskClient) -> list[str]:
    """Return an address of every kind of page, and those with other things to say."""
    ids = [hit["id"] for hit in client.get("/api/search?q=kettle").get_json()["hits"]]
    comment = next(id_ for id_ in ids if client.get(f"/api/comments/{id_}").get_json()["user"] == "otter")
    lists = ["/", "/?page=2", "/posts/", "/posts/?user=gull&tag=filler&month=2025/05&color=any"]
    lists += [
        "/posts/?after=2025-04-01&before=2025-06-01&post=posts/2025_05/small_01",
        "/posts/?tag=nothing",
        "/?page=2&from=1",
        "/?order=discussed",
    ]
    posts = [
        f"/{KETTLES}/",
        f"/{KETTLES}/details/1",
        f"/{KETTLES}/?q=kettle",
        f"/{KETTLES}/?q=zzqqx",
        f"/{KETTLES}/notes.txt",
    ]
    posts += [
        f"/{KETTLES}/?user=otter",
        f"/{KETTLES}/?color=any",
    ]
    terms = [
        "/tags/",
        "/tags/?name=ket",
        "/tags/?name=zz",
        "/tags/?all=1",
        "/tags/kettles/?month=2025/05",
        "/tags/kettles/?month=2020/01",
        "/tags/kettles/",
        "/months/",
        "/months/2025/04/",
    ]
    users = [
        "/users/",
        "/users/?prefix=ot",
        "/users/?prefix=zz",
        "/users/otter/",
        "/users/otter/?q=kettle&month=2025/04",
    ]
    users += ["/users/otter/?q=zzqqx", "/users/gull/?page=2", "/users/?page=2"]
    searches = ["/search", "/search?q=kettle", "/search?q=kettle&page=2", "/search?q=kettle+sings+-noon+OR+boils"]
    searches += [
        '/search?q="kettle+sings"+zzqqx',
        "/search?q=ketle",
        "/search?q=ketle&tag=physics&color=any",
        "/search?q=zzqqx",
    ]
    searches += ["/search?q=tag:kettles+user:otter+month:2025/04+after:2025-01-01+before:2025-12-31+-user:gull+-tag:x"]
    searches += ["/search?q=kettle&tag=kettles&month=2025/04&user=otter&color=any&after=2025-01-01&before=2025-12-31"]
    searches += [
        "/search?q=kettle&group=off&sort=oldest",
        f"/search?post={KETTLES}&color=%2345d325",
        "/search?q=kettle&scope=post",
    ]
    searches += ["/search?q=kettle+zzqqx&tag=filler", "/search?q=JS", "/search?month=2025/04"]
    around = [f"/c/{comment}/{what}" for what in ("around", "body", "similar", "menu")] + [f"/c/{comment}"]
    feeds = [f"{place}index.{form}" for place in ("/", "/posts/", "/tags/", "/months/") for form in ("xml", "atom")]
    feeds += [f"{place}index.{form}" for place in ("/tags/kettles/", "/months/2025/04/") for form in ("xml", "atom")]
    feeds += ["/search.atom", "/search.atom?q=kettle+OR+tea+sings+-x&tag=kettles", "/sitemap.xml", "/sitemap-1.xml"]
    rest = [
        "/robots.txt",
        "/opensearch.xml",
        "/manifest.webmanifest",
        "/help/search",
        "/help/keys",
        "/healthz",
        "/readyz",
    ]
    rest += ["/progress", "/assets/none.png", "/static/none.css", "/favicon.ico", "/apple-touch-icon.png"]
    api = ["/api/search?q=ketle+kettle", "/api/search?q=kettle&tag=kettles", "/api/posts", f"/api/{KETTLES}"]
    api += [f"/api/comments/{comment}", "/api/nothing", "/api/search?page=x"]
    return [*lists, *posts, *terms, *users, *searches, *around, *feeds, *rest, *api, *WRONG]


WRONG = (
    "/nothing",
    "/search?q=" + "x" * 1001,
    "/search?page=0",
    "/search?page=99",
    "/posts/?page=99",
    "/search?sort=best",
    "/search?after=soon",
    "/search?color=red",
    "/search?month=" + "x" * 301,
    "/search?" + "&".join(f"tag=t{n}" for n in range(21)),
    "/search?q=" + "+".join(f"w{n}" for n in range(40)),
    "/users/?prefix=" + "x" * 301,
    "/posts/?order=best",
    "/posts/?from=x&page=2",
    "/tags/?name=" + "x" * 301,
)
"""What is answered by a message."""

PICTURES = ("images.copy", "og_images.card")
"""Rules that answer with pictures alone."""

DOCUMENT = "api.openapi"
"""The rule that answers programs about the others, in English alone."""


def test_the_addresses_are_of_every_kind(in_english: FlaskClient) -> None:
    rules = in_english.application.url_map
    adapter = rules.bind("localhost")
    met = {
        adapter.match(address.partition("?")[0])[0]
        for address in addresses(in_english)
        if address != "/nothing" and not address.startswith("/api/nothing")
    }
    assert {rule.endpoint for rule in rules.iter_rules()} - met <= {*PICTURES, DOCUMENT}


def seen(markup: str) -> str:
    """Return a page without the comments of its author."""
    return re.sub(r"<!--.*?-->", "", markup, flags=re.DOTALL)


def test_an_english_site_in_english_shows_no_japanese(in_english: FlaskClient) -> None:
    wrong = {}
    for address in addresses(in_english):
        for headers in (None, HTMX):
            answer = in_english.get(address, headers=headers)
            assert answer.status_code < 500 or address == "/readyz", address
            if str(answer.mimetype).startswith(("image/", "font/")):
                continue
            found = re.findall(
                r".{0,20}[\u3001-\u30ff\u3400-\u9fff\uff01-\uff9f]+.{0,10}", seen(answer.get_data(as_text=True))
            )
            if found:
                wrong[f"{address} {'fragment' if headers else ''}"] = found[:3]
    assert wrong == {}


def test_what_cannot_be_answered_is_explained_in_the_language_of_the_site(
    in_english: FlaskClient, client: FlaskClient
) -> None:
    for address in WRONG:
        said = [
            one.get(
                address
                if address == "/nothing"
                else f"/api{address}"
                if address.startswith(("/search", "/posts"))
                else address
            )
            for one in (in_english, client)
        ]
        assert said[0].status_code == said[1].status_code >= 400, address
        assert not JAPANESE.search(said[0].get_data(as_text=True)), address
        assert JAPANESE.search(said[1].get_data(as_text=True)), address


def test_the_method_that_is_not_allowed_is_explained_too(in_english: FlaskClient, client: FlaskClient) -> None:
    assert not JAPANESE.search(in_english.post("/search").get_data(as_text=True))
    assert JAPANESE.search(page_text(client.post("/search").get_data(as_text=True)))


def page_text(markup: str) -> str:
    """Return the text of the main part of a page."""
    main = soup(markup).select_one("main")
    return main.get_text() if main else ""


def spoken(shown: BeautifulSoup) -> set[str]:
    """Return every text of a page, and of the attributes that are spoken, each by itself."""
    texts = {" ".join(str(text).split()) for text in shown.find_all(string=True)}
    return texts | {str(tag[name]) for tag in shown.find_all(True) for name in SPOKEN if tag.has_attr(name)}


def test_a_japanese_site_shows_no_english_text_of_the_interface(client: FlaskClient, english: Catalog) -> None:
    plain = {text for message in english if message.id for text in translations(message) if "%" not in text}
    known = {text for text in plain if LATIN_WORD.search(text)} - SAME_IN_EVERY_LANGUAGE
    for address in (
        "/",
        "/posts/",
        "/tags/",
        "/months/",
        "/users/",
        "/search?q=急須",
        "/search?q=zzqqx",
        "/nothing",
        "/help/search",
        "/help/keys",
        "/posts/2024_03/2024_03_05_teapots/",
        "/users/gull/",
    ):
        assert not spoken(soup(client.get(address).data)) & known, address


@pytest.mark.parametrize("address", ["/", "/search", "/users/", "/help/search", f"/{KETTLES}/", "/nothing"])
def test_pages_say_their_language(in_english: FlaskClient, client: FlaskClient, address: str) -> None:
    assert soup(in_english.get(address).data).html["lang"] == "en"  # type: ignore[index]
    assert soup(client.get(address).data).html["lang"] == "ja"  # type: ignore[index]


def test_dates_are_written_as_the_language_does(in_english: FlaskClient, client: FlaskClient) -> None:
    shown = page(in_english, f"/{KETTLES}/").get_text()
    assert "April 6, 2025" in shown
    assert "April 6, 2025 10:30 AM" in " ".join(page(in_english, "/users/otter/").get_text().split())
    assert "April 2025" in page(in_english, "/months/").get_text()
    assert "2024年3月5日" in page(client, "/users/gull/").get_text()
    assert "2024年3月" in page(client, "/months/").get_text()


def test_numbers_have_their_plurals(in_english: FlaskClient) -> None:
    assert "1 comment" in page(in_english, "/search?q=%22without+a+name%22").get_text()
    count = page(in_english, "/search?q=kettle").select_one(".count strong")
    assert count is not None
    assert re.fullmatch(r"\d+ comments", count.get_text())


def test_an_english_interface_marks_what_is_japanese(sample: Site) -> None:
    english = sample.client(LANGUAGE="en")
    found = page(english, "/search?q=急須")
    assert found.select(".hit .snippet[lang=ja]")
    assert not found.select(".snippet[lang=en]")
    assert page(english, "/posts/2024_03/2024_03_05_teapots/").select(".comment [lang=ja], .comment[lang=ja]")


def test_a_japanese_interface_marks_what_is_english(tmp_path: Path) -> None:
    site = Site(tmp_path)
    write_english(site)
    shown = site.indexed()
    assert page(shown, "/search?q=kettle").select(".hit .snippet[lang=en]")
    assert page(shown, "/users/otter/").select(".hit .snippet[lang=en]")
    site.close()
