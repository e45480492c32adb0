"""Say what follows from what was looked at: a line a finding, each with what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from matome_app.doctor.examine import Examination

INDEX: Final = "run `flask index`"
REBUILD: Final = "run `flask index --rebuild`"
LEAST_FREE: Final = 200_000_000
"""Bytes that a small site needs to build again."""


class Finding(NamedTuple):
    """One thing to know; of a `note` nothing follows, it passes by itself."""

    code: str
    message: str
    to_do: str
    level: Literal["problem", "note"] = "problem"

    @property
    def line(self) -> str:
        """Return the finding as one sentence."""
        return f"{self.message}: {self.to_do}" if self.to_do else self.message


Rule = Callable[[Examination], Iterator[Finding]]


def findings(seen: Examination) -> list[Finding]:
    """Return what is to be done, the first things first."""
    return [finding for rule in RULES for finding in rule(seen)]


def _folders(seen: Examination) -> Iterator[Finding]:
    if not seen.content.exists:
        yield Finding(
            "content-missing", f"there is no content folder at {seen.content_dir}", "name it with MATOME_CONTENT_DIR"
        )
    if not seen.can_write:
        what = "cannot be written" if seen.has_data else "cannot be made"
        yield Finding(
            "data-read-only",
            f"the data folder {seen.data_dir} {what} by this user",
            "give it access, or name another with MATOME_DATA_DIR",
        )
    if seen.is_building:
        how_far = f", {seen.progress['done']:,} of {seen.progress['total']:,} posts" if seen.progress else ""
        yield Finding("building", f"process {seen.builder} is building{how_far}", "look again when it is done", "note")


def _space(seen: Examination) -> Iterator[Finding]:
    inside = f"{seen.generation.name}/" if seen.generation else ""
    needed = max(LEAST_FREE, sum(size for name, size in seen.sizes.items() if inside and name.startswith(inside)))
    if seen.free is not None and seen.free < needed:
        yield Finding(
            "disk-low",
            f"{seen.free / 1e6:,.0f} MB are free and a rebuild takes about {needed / 1e6:,.0f}",
            "free some space on the disk of the data folder",
        )


def _generation(seen: Examination) -> Iterator[Finding]:
    if seen.generation is None and not seen.is_building:
        if seen.named:
            yield Finding("store-missing", f"the store of the generation {seen.named} is gone", f"{INDEX} to build it")
        else:
            yield Finding("not-built", "nothing has been built yet", f"{INDEX}, or start the server, which does it")
    if seen.generation is None:
        return
    if seen.database.error:
        yield Finding("store-unreadable", f"the store cannot be read ({seen.database.error})", f"{INDEX}, it rebuilds")
    elif seen.database.checked:
        yield Finding("store-damaged", f"the store is damaged ({seen.database.checked[0]})", REBUILD)
    if seen.words.error:
        yield Finding("words-unreadable", f"the words of the index cannot be read ({seen.words.error})", REBUILD)
    if seen.noted:
        yield Finding("damage-noted", f"a server met damage ({seen.noted})", f"{INDEX}, it repairs")
    if seen.database.behind:
        yield Finding("log-waits", "what was written last waits in a log", f"{INDEX}, or start the server", "note")
    if seen.seal not in ("holds", "none") and not seen.is_building and not seen.database.error:
        yield Finding("seal-broken", f"{seen.seal} since the last run, and not by a run", f"{INDEX}, it looks deep")


def _versions(seen: Examination) -> Iterator[Finding]:
    if seen.generation is None or seen.database.error or seen.is_building:
        return
    for name, stored in (("store", seen.database.meta.get("versions")), ("analyzer", _analyzer(seen))):
        if stored != seen.versions[name]:
            what = f"the {name} was made by another version ({stored or 'unknown'}; this is {seen.versions[name]})"
            yield Finding(f"{name}-version", what, f"{INDEX}, it rebuilds")
    if not seen.database.is_complete:
        yield Finding("unfinished", "a build was cut off before its end", f"{INDEX}, it goes on where that one ended")


def _analyzer(seen: Examination) -> str | None:
    return seen.database.search_meta.get("analyzer")


def _changes(seen: Examination) -> Iterator[Finding]:
    changes = seen.content.changes
    if changes and any(changes.values()) and not seen.is_building:
        what = ", ".join(f"{count:,} {name}" for name, count in changes.items() if count)
        yield Finding("stale", f"the content folder has changed ({what})", INDEX)


def _faults(seen: Examination) -> Iterator[Finding]:
    known = max(seen.content.faulty, seen.database.states.get("faulty", 0))
    if known:
        one = known == 1
        what = "1 file is faulty" if one else f"{known:,} files are faulty"
        yield Finding("faulty-files", what, f"`flask check` {'says where' if one else 'lists them'}")
    if duplicates := max(seen.content.counts.get("duplicate", 0), seen.database.states.get("duplicate", 0)):
        what = "1 file claims" if duplicates == 1 else f"{duplicates:,} files claim"
        yield Finding("duplicates", f"{what} the URL of another", "`flask check` names them; rename one of each two")
    if seen.content.unreadable:
        yield Finding(
            "unreadable",
            f"{seen.content.unreadable:,} files or folders of the content cannot be read",
            "give this user access to them",
        )


def _sides(seen: Examination) -> Iterator[Finding]:
    """Compare store and index, which are committed together, and with every file read the content, too."""
    store, index = seen.database.store, seen.database.index
    if seen.database.error or seen.is_building or not store:
        return
    pairs = [(name, store[name], index[name]) for name in ("posts", "comments", "users", "tags")]
    pairs += [("texts of comments", store["comments"], index["texts"])]
    pairs += [("comments that posts count", store["listed"], store["comments"])]
    for name, left, right in pairs:
        if left != right:
            yield Finding("sides-differ", f"{name}: the store has {left:,} and the index {right:,}", REBUILD)
    words = seen.words.documents
    if words is None and index["comments"] and not seen.words.error:
        yield Finding("words-missing", "the words of the index are gone", INDEX)
    elif words is not None and words < index["comments"]:
        what = f"the words of {index['comments'] - words:,} comments are missing (they are found, but come last)"
        yield Finding("words-behind", what, INDEX)
    yield from _content_differs(seen)


def _content_differs(seen: Examination) -> Iterator[Finding]:
    counts, store = seen.content.counts, seen.database.store
    if not seen.content.is_read or seen.content.changes is None or any(seen.content.changes.values()):
        return
    compared = [("live", "posts", store["posts"] - store["kept"])]
    if not store["kept"]:
        compared += [(name, name, store[name]) for name in ("comments", "users", "tags")]
    for name, what, stored in compared:
        if counts[name] != stored:
            message = f"{what}: the files hold {counts[name]:,} and the store {stored:,}, though none has changed"
            yield Finding("content-differs", message, REBUILD)


def _remains(seen: Examination) -> Iterator[Finding]:
    error, run = seen.state.get("error"), seen.state.get("run")
    if isinstance(error, dict) and not seen.is_building:
        ended = str(run.get("end", "")) if isinstance(run, dict) else ""
        if str(error.get("at", "")) > ended:
            yield Finding("last-error", f"the last run failed ({error.get('message')})", f"{INDEX} when it is mended")
    if seen.leftovers and not seen.is_building:
        names = ", ".join(seen.leftovers[:4]) + (" …" if len(seen.leftovers) > 4 else "")
        yield Finding("leftovers", f"a build that was cut off left {names}", f"{INDEX}, it tidies up", "note")


RULES: Final[tuple[Rule, ...]] = (_folders, _generation, _versions, _sides, _changes, _faults, _space, _remains)
