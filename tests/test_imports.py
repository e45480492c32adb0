"""Hold the direction of imports: the pure core knows nothing of what is built on it, and no module needs itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "matome_app"

LAYERS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "printable": (),
    "privacy": ("printable",),
    "log": ("privacy", "printable"),
    "state": (),
    "config": ("errors",),
    "content": ("errors",),
    "images": ("config", "errors"),
    "store": ("content", "errors"),
    "search": ("content", "errors"),
    "progress": (),
    "search_log": (),
    "status": ("log", "progress"),
    "readers": ("store", "search"),
    "store_files": ("readers", "state", "store"),
    "term_file": ("store_files", "search", "errors"),
    "runtime": ("readers", "store_files", "term_file", "state", "progress", "store", "config", "errors"),
    "changes": ("store", "content", "config", "errors"),
    "update": ("changes", "progress", "readers", "store", "search", "content", "config", "errors"),
    "judging": ("changes", "state", "readers", "store", "search", "config", "errors"),
    "ingest": (
        *("judging", "changes", "update", "state", "progress", "readers", "store", "search", "content"),
        *("config", "errors"),
    ),
    "watching": ("ingest", "judging", "update", "state", "store", "content", "config", "errors"),
    "background": ("watching", "judging", "ingest", "runtime", "store", "search", "config", "errors"),
    "web": (
        *("runtime", "readers", "store", "search", "images", "state", "status", "config", "errors"),
        *("search_log", "progress", "log", "privacy"),
        *("content.models", "content.permalinks", "content.reading", "content.visible"),
    ),
    "deployment": ("config", "errors", "web.headers"),
    "doctor": (
        *("judging", "changes", "state", "status", "progress", "store", "search", "content", "web.context"),
        *("printable", "config", "errors"),
    ),
    "cli": (
        *("deployment", "doctor", "watching", "ingest", "update", "progress", "store", "web.context", "content"),
        *("search_log", "printable", "config", "errors"),
    ),
    "": ("background", "cli", "log", "web", "runtime", "config", "errors"),
}
"""What each part may import besides itself; the last is the package's own `__init__`."""

TOUCHES_FILES = {"open", "os", "pathlib", "io", "shutil", "tempfile", "glob", "subprocess", "socket", "sqlite3"}


def name_of(path: Path) -> str:
    """Return a module's name below the package, empty for the package itself."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(module: str) -> Iterator[tuple[str, bool]]:
    """Yield everything a module imports, by full name, and whether it does so when it is imported itself."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    at_once = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in at_once
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            source = node.module or ""
            below = source.removeprefix("matome_app").lstrip(".")
            for alias in node.names:
                inner = f"{below}.{alias.name}".lstrip(".")
                is_module = source.split(".")[0] == "matome_app" and inner in MODULES
                yield f"{source}.{alias.name}" if is_module else source, id(node) in at_once


def inner_imports(module: str, *, at_once: bool = False) -> set[str]:
    """Return the modules of the package that a module imports, `at_once` only those it cannot be imported without."""
    found = {name for name, now in imports(module) if name.split(".")[0] == "matome_app" and (now or not at_once)}
    return {name.removeprefix("matome_app").lstrip(".") for name in found}


def outer_imports(module: str) -> set[str]:
    """Return the packages of others that a module imports."""
    return {name.split(".")[0] for name, _ in imports(module)} - {"matome_app"}


def is_within(module: str, part: str) -> bool:
    """Tell whether a module is a part of the package or lies in it."""
    return module == part or (bool(part) and module.startswith(f"{part}."))


def test_every_part_of_the_package_has_a_layer() -> None:
    assert {name.split(".")[0] for name in MODULES} == set(LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_below_it(module: str) -> None:
    part = module.split(".")[0]
    allowed = (*LAYERS[part], *((part,) if part else ()))
    wrong = {name for name in inner_imports(module) if not any(is_within(name, one) for one in allowed)}
    assert wrong == set()


def test_layers_have_a_bottom() -> None:
    order = list(LAYERS)
    for part, below in LAYERS.items():
        for other in below:
            # `cli` and `web` are neighbours: only what the commands need of a request's context is used.
            assert order.index(other.split(".")[0]) < order.index(part)


def test_store_and_search_do_not_know_each_other() -> None:
    for module in MODULES:
        for one, other in (("store", "search"), ("search", "store")):
            if is_within(module, one):
                assert not any(is_within(name, other) for name in inner_imports(module)), module


def test_the_pages_never_build() -> None:
    for module in MODULES:
        if is_within(module, "web"):
            assert not inner_imports(module) & {"ingest", "background", "cli", "content.loader", "content.check"}, (
                module
            )


@pytest.mark.parametrize("module", [name for name in MODULES if is_within(name, "content")])
def test_content_is_pure(module: str) -> None:
    assert not outer_imports(module) & {"flask", "werkzeug", "jinja2", "sqlalchemy", "whoosh", "sudachipy", "numpy"}


@pytest.mark.parametrize("module", [name for name in MODULES if is_within(name, "content")])
def test_only_four_modules_of_content_touch_files(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    touched = (outer_imports(module) | called) & TOUCHES_FILES
    touching = ("content.scanning", "content.settling", "content.loader", "content.check")
    assert bool(touched) is (module in touching), touched


def test_store_and_search_know_nothing_of_the_web() -> None:
    for module in MODULES:
        if any(is_within(module, part) for part in ("store", "search", "runtime", "ingest")):
            assert not outer_imports(module) & {"flask", "werkzeug", "jinja2", "click"}, module


def test_no_module_needs_itself_to_be_imported() -> None:
    graph = {module: inner_imports(module, at_once=True) & set(MODULES) for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for needed in sorted(graph[module]):
                visit(needed, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())
    assert done == set(MODULES)


def test_the_entry_point_only_makes_the_app() -> None:
    tree = ast.parse((ROOT / "wsgi.py").read_text(encoding="utf-8"))
    kinds = [type(node).__name__ for node in tree.body if not ast.unparse(node).startswith(("gc.", "import gc"))]
    assert kinds == ["Expr", "ImportFrom", "Assign"]
