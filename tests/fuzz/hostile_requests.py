"""Make requests that nobody would send in earnest: addresses, query strings, headers, methods and bodies, by number.

A request follows from the seed and its number alone, and from what the site holds, so one that did harm can be sent
again. Every fourth is a real address of the site, changed somewhat; the others fill the rules of the routes.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_from_bytes

from flask import Flask
from flask.testing import FlaskClient

from matome_app.search.params import MAX_QUERY
from tests.fuzz.hostile_values import FIELDS, HEADERS, JOINTS, METHODS, NASTY, PARAMETERS, REPEATED


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it would stand on the wire; `rule` is the route that it was made for."""

    rule: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        """Return it in one line, shortened."""
        address = f"{self.path}?{self.query}"
        return f"{self.method[:20]} {ascii(address)[:300]} {dict(self.headers)!s:.200}"


@dataclass(slots=True)
class Known:
    """What a site holds: addresses of it, and names and words that stand in it."""

    addresses: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, client: FlaskClient) -> Known:
        """Read pages of a site and what the API says of it."""
        known = cls()
        found = client.get("/api/search").get_json()
        known.texts = [hit["text"] for hit in found["hits"] if hit["text"]]
        known.words = sorted({word for text in known.texts for word in re.findall(r"\w{1,12}", text)})
        posts = [post["path"] for post in client.get("/api/posts").get_json()["posts"]]
        tags, users = ([one["value"] for one in found["facets"][name]] for name in ("tag", "user"))
        months = [one["value"] for one in found["facets"]["month"]]
        ids = [hit["id"] for hit in found["hits"]]
        known.values = {"post": posts, "tag": tags, "user": users, "month": months, "id_": ids, "q": known.words}
        pages = (
            "/",
            "/posts/",
            "/tags/",
            "/months/",
            "/users/",
            f"/{posts[0]}/",
            f"/{posts[-1]}/",
            f"/c/{ids[0]}/menu",
        )
        searches = (
            "/search",
            "/search?page=2",
            f"/search?q={quote(known.words[0])}",
            f"/tags/{quote(tags[0].lower())}/",
        )
        addresses: dict[str, None] = dict.fromkeys((*pages, *searches, f"/users/{quote(users[0])}/"))
        for page in list(addresses):
            text = client.get(page).text
            for link in re.findall(r'(?:href|src|action|hx-get|content)="(?:https?://localhost)?(/[^"#]*)', text):
                addresses[html.unescape(link)] = None
            for several in re.findall(r'srcset="([^"]*)"', text):
                addresses.update(dict.fromkeys(one.split()[0] for one in html.unescape(several).split(",")))
        for address in addresses:  # by kind, so that the many posts do not keep the others away
            known.addresses.setdefault(re.split(r"/(?!og/)|[?.]", address)[1], []).append(address)
        return known


class Hostile:
    """Makes requests to a site, by number."""

    def __init__(self, app: Flask, known: Known, seed: str) -> None:
        self.known = known
        self.seed = seed
        self.rules = sorted({rule.rule for rule in app.url_map.iter_rules()})

    def request(self, number: int) -> Request:
        """Return the request of this number."""
        dice = random.Random(f"{self.seed}-{number}")
        rule = self.rules[number % len(self.rules)]
        if rule.endswith((".xml", ".atom")) and dice.random() < 0.5:
            rule = dice.choice(self.rules)  # every fifth route is a feed, and none takes longer to make
        if dice.random() < 0.25:
            rule = "known"
            kind = dice.choice(sorted(self.known.addresses))
            path, _, query = dice.choice(self.known.addresses[kind]).partition("?")
        else:
            path, query = self._filled(dice, rule), ""
        if dice.random() < 0.15:
            path = dice.choice(PATH_CHANGES)(dice, path)
        if dice.random() < 0.75:
            query = "&".join(filter(None, (query, self._query(dice))))
        method = "GET" if dice.random() < 0.85 else dice.choice(METHODS)
        headers = self._headers(dice)
        body = b""
        if method not in ("GET", "HEAD") or dice.random() < 0.02:
            body = dice.choice((b"", b"q=1", b"\0" * 5000, b"{" * 3000, b"--x\r\n\r\n--x--"))
            headers += self._of_a_body(dice, body)
        return Request(rule, method, path, query, tuple(headers), body)

    def _filled(self, dice: random.Random, rule: str) -> str:
        """Return a rule with its variables filled in."""

        def fill(found: re.Match[str]) -> str:
            if choices := re.search(r"any\((.*)\)", found[1] or ""):
                return dice.choice((*str(choices[1]).split(","), "png", ""))
            if (found[1] or "").startswith("int"):
                return dice.choice(("0", "1", "2", "320", "640", "960", "00001", "9" * 20, "-1", "x"))
            kind = {"tags": "tag", "months": "month", "users": "user"}.get(rule.split("/")[1], "post")
            value = self._value(dice, found[2] if found[2] == "id_" else kind)
            if found[2] == "rest" and dice.random() < 0.3:
                value += dice.choice(("/details/1", "/details/0", "/details/" + "9" * 25, "/index.md", "/cover.webp"))
            return self._encoded(dice, value, safe="/" if dice.random() < 0.8 else "")

        path = re.sub(r"<(?:(\w+(?:\([^)]*\))?):)?(\w+)>", fill, rule).replace("/posts/posts/", "/posts/")
        return path + "/" if rule.endswith("rest>") and dice.random() < 0.6 else path

    def _query(self, dice: random.Random) -> str:
        """Return a query string of a few parameters, seldom of very many."""
        many = dice.choices((1, 2, 3, 5, 25, 400), (30, 20, 10, 10, 4, 1))[0]
        pairs = []
        same = dice.choice(PARAMETERS) if many > 20 else None
        for _ in range(many):
            name = dice.choice(PARAMETERS) if same is None else same
            value = self._words(dice) if name == "q" and many < 20 else self._value(dice, name)
            joint = "=" if dice.random() < 0.97 else dice.choice(("", "==", "%3D", "[]="))
            pairs.append(f"{self._encoded(dice, name)}{joint}{self._encoded(dice, value)}")
        return ("&" if dice.random() < 0.95 else dice.choice((";", "&&", "&amp;", "&=&"))).join(pairs)

    def _value(self, dice: random.Random, name: str) -> str:
        known = self.known.values.get(name)
        kind = dice.random()
        if known and kind < 0.5:
            value = dice.choice(known)
            return value if dice.random() < 0.7 else _mutated(dice, value)
        if kind < 0.85:
            return dice.choice(NASTY)
        if kind < 0.93:
            return "".join(chr(dice.randrange(0x110000)) for _ in range(dice.randrange(1, 12)))
        return dice.choice(REPEATED) * dice.choice((299, 300, 301, 4000))

    def _words(self, dice: random.Random) -> str:
        """Return something to search for."""
        kind = dice.randrange(8)
        if kind == 0:
            return dice.choice(REPEATED) * dice.choice((1, 2, 3, 50, MAX_QUERY - 1, MAX_QUERY, MAX_QUERY + 1))
        if kind == 1:
            deep = dice.randrange(1, 480)
            return "(" * deep + dice.choice(self.known.words) + ")" * deep
        if kind == 2:
            text = dice.choice(self.known.texts)
            start = dice.randrange(len(text))
            words = text[start : start + dice.choice((1, 2, 5, 30, 300, MAX_QUERY))]
            return f'"{words}"' if dice.random() < 0.4 else words
        terms = [self._term(dice) for _ in range(dice.choice((1, 2, 3, 4, 8, 40, 150)))]
        joint = dice.choice(JOINTS)
        return joint.join(terms)[: MAX_QUERY if dice.random() < 0.97 else None]

    def _term(self, dice: random.Random) -> str:
        term = dice.choice(self.known.words) if dice.random() < 0.6 else dice.choice(NASTY)
        kind = dice.random()
        if kind < 0.15:
            return dice.choice(FIELDS) + (dice.choice(self.known.values["user"]) if kind < 0.06 else term)
        if kind < 0.3:
            return dice.choice(("-", '"', '-"', "OR ", "(", "+", "~", "*")) + term
        return f'"{term}"' if kind < 0.4 else term

    def _encoded(self, dice: random.Random, text: str, safe: str = "") -> str:
        """Return a text as it stands in an address: mostly as it should, sometimes not."""
        data = text.encode("utf-8", "surrogatepass")
        kind = dice.random()
        if kind < 0.9:
            return quote_from_bytes(data, safe)
        if kind < 0.92:
            return str(quote(quote_from_bytes(data, ""), safe))  # twice
        if kind < 0.94:  # as it is, but for what ends an address
            return re.sub(r"[\s#?&\x00-\x1f]", "+", data.decode("latin-1"))
        if kind < 0.96:
            return quote_from_bytes(text.encode("utf-16-le", "surrogatepass"), safe)
        if kind < 0.98:
            return quote_from_bytes(data, safe) + dice.choice(
                ("%", "%z", "%zz", "%u3042", "%c0%ae", "%ff%fe", "%e3%81", "%ED%A0%80")
            )
        return quote_from_bytes(data, safe).lower().replace("%2f", "/")

    def _headers(self, dice: random.Random) -> list[tuple[str, str]]:
        """Return headers: none, or a few that the site reads."""
        if dice.random() < 0.5:
            return []
        return [(name, dice.choice(HEADERS[name])) for name in dice.sample(sorted(HEADERS), dice.randrange(1, 6))]

    def _of_a_body(self, dice: random.Random, body: bytes) -> list[tuple[str, str]]:
        length = str(len(body)) if dice.random() < 0.7 else dice.choice(("", "-1", "abc", "9" * 20, "1.5", "0x5", "²"))
        kinds = ("application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "")
        return [("Content-Length", length), ("Content-Type", dice.choice((*kinds, "application/json", "\xff/\xff")))]


def _mutated(dice: random.Random, text: str) -> str:
    """Return a text with a piece of it doubled, lost, put in another case, or with something nasty in it."""
    at = dice.randrange(len(text) + 1)
    changed = (
        text[:at],
        text + text,
        text.upper(),
        text[:at] + dice.choice(NASTY) + text[at:],
        text[::-1],
        f" {text} ",
    )
    return dice.choice(changed)


Change = Callable[[random.Random, str], str]

PATH_CHANGES: Final[Sequence[Change]] = (
    lambda _, path: path.rstrip("/") or "/",
    lambda _, path: path + "/",
    lambda _, path: "/" + path,
    lambda _, path: path.replace("/", "//"),
    lambda _, path: path.upper(),
    lambda _, path: path + "%00",
    lambda _, path: path + "/.." * 20,
    lambda _, path: path + "/%2e%2e/%2e%2e/etc/passwd",
    lambda _, path: path + ";v=1",
    lambda _, path: path + "/" + "x" * 6000,
    lambda _, path: path + "/a" * 1500,
    lambda _, path: path + "%ff%fe",
    lambda dice, path: path[: dice.randrange(len(path) + 1)] or "/",
    lambda dice, path: path + quote(dice.choice(NASTY).encode("utf-8", "surrogatepass")),
)
