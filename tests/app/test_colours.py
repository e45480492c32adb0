"""Hold the colours of the style sheet to the contrast of WCAG 2.2 AA, in both themes, and the document to them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from flask.testing import FlaskClient

from tests.app.sites import page
from tests.test_docs import table

SCHEMES: Final = ("light", "dark")
TEXTS: Final = ("ink", "soft", "brand", "danger")
BACKGROUNDS: Final = ("paper", "card", "brand-soft")
LINES: Final = ("edge", "focus")
OTHER_TEXTS: Final = (("on-brand", "brand"), ("paper", "ink"), ("ink", "mark"), ("soft", "mark"), ("brand", "mark"))

_DECLARED = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")


class Colours(NamedTuple):
    """The colours of both schemes, by token."""

    light: dict[str, str]
    dark: dict[str, str]


@pytest.fixture(scope="module")
def colours(root: Path) -> Colours:
    """Give the opaque colours that the style sheet declares."""
    found = _DECLARED.findall((root / "static/css/site.css").read_text(encoding="utf-8"))
    return Colours({name: light for name, light, _ in found}, {name: dark for name, _, dark in found})


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_reckoned_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_can_be_read_on_every_background(colours: Colours, scheme: str, text: str, background: str) -> None:
    named: dict[str, str] = getattr(colours, scheme)
    assert contrast(named[text], named[background]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "background"), OTHER_TEXTS)
def test_texts_can_be_read_on_what_is_chosen_and_marked(
    colours: Colours, scheme: str, text: str, background: str
) -> None:
    named: dict[str, str] = getattr(colours, scheme)
    assert contrast(named[text], named[background]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("line", LINES)
def test_edges_of_controls_and_the_focus_can_be_seen(colours: Colours, scheme: str, line: str, background: str) -> None:
    named: dict[str, str] = getattr(colours, scheme)
    assert contrast(named[line], named[background]) >= 3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_browser_around_the_page_takes_the_colour_of_its_head(
    client: FlaskClient, colours: Colours, scheme: str
) -> None:
    meta = page(client, "/").select_one(f"meta[name=theme-color][data-scheme={scheme}]")
    assert meta is not None
    assert meta["content"] == getattr(colours, scheme)["card"]
    assert meta["media"] == f"(prefers-color-scheme: {scheme})"


def test_the_design_document_shows_the_colours_and_contrasts_there_are(root: Path, colours: Colours) -> None:
    rows = table((root / "docs/design.md").read_text(encoding="utf-8"), "colour")
    assert [row[0].strip("`-") for row in rows] == list(colours.light)
    for name, light, dark, _, lowest in rows:
        token = name.strip("`-")
        assert (light.strip("`"), dark.strip("`")) == (colours.light[token], colours.dark[token])
        if token in (*TEXTS, *LINES):
            pairs = [contrast(scheme[token], scheme[under]) for scheme in colours for under in BACKGROUNDS]
            assert lowest == f"{min(pairs):.1f}"


def test_the_design_document_names_every_token_there_is(root: Path) -> None:
    css = (root / "static/css/site.css").read_text(encoding="utf-8")
    tokens = set(re.findall(r"^    (--[a-z0-9-]+):", css[: css.index("@layer base {")], re.MULTILINE))
    named = set(re.findall(r"`(--[a-z0-9-]+)`", (root / "docs/design.md").read_text(encoding="utf-8")))
    assert len(tokens) > 30
    assert named == tokens


@pytest.mark.parametrize("layer", ["lists", "post", "search", "users"])
def test_colours_are_named_by_tokens_and_nowhere_else(root: Path, layer: str) -> None:
    css = (root / "static/css/site.css").read_text(encoding="utf-8")
    inside = css.partition(f"@layer {layer} {{")[2].partition("\n}\n")[0]
    assert len(inside) > 1000
    inside = re.sub(r"mask[a-z-]*: [^;]*;", "", inside)  # a mask's colours are only more or less of the picture
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", inside) == []
