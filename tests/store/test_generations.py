"""Hold how generations are made, swapped and locked."""

from __future__ import annotations

from pathlib import Path

import pytest

from matome_app.errors import DataFolderError
from matome_app.store.generations import (
    current_generation,
    new_generation,
    prepare_folder,
    publish,
    remove_others,
    write_lock,
)
from matome_app.store.models import Base
from matome_app.store.session import Store


def made(data: Path) -> str:
    """Make and publish a generation with an empty store; return its name."""
    generation = new_generation(data)
    store = Store(generation.database_url, "create")
    Base.metadata.create_all(store.engine)
    store.close()
    publish(data, generation)
    return generation.name


def test_there_is_no_generation_at_first(tmp_path: Path) -> None:
    assert current_generation(tmp_path) is None
    assert current_generation(tmp_path / "missing") is None


def test_the_last_published_generation_is_the_current_one(tmp_path: Path) -> None:
    names = [made(tmp_path), made(tmp_path)]
    current = current_generation(tmp_path)
    assert current is not None
    assert current.name == names[1] != names[0]
    assert current.words.is_dir()


def test_a_generation_that_was_not_published_is_not_read_from(tmp_path: Path) -> None:
    first = made(tmp_path)
    new_generation(tmp_path)
    current = current_generation(tmp_path)
    assert current is not None
    assert current.name == first


def test_a_new_generation_never_takes_the_place_of_one_that_lies_there(tmp_path: Path) -> None:
    names = [new_generation(tmp_path).name for _ in range(12)]
    assert len(set(names)) == 12


def test_all_generations_but_one_can_be_removed(tmp_path: Path) -> None:
    made(tmp_path)
    made(tmp_path)
    (tmp_path / "notes").mkdir()
    current = current_generation(tmp_path)
    assert current is not None
    remove_others(tmp_path, current)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == sorted([current.name, "notes"])


@pytest.mark.parametrize("name", ["", "g", "../elsewhere", "g1/../g1", "g99", "\x00", "現在"])
def test_a_file_that_names_no_generation_names_none(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    (tmp_path / "current").write_text(name, encoding="utf-8")
    assert current_generation(tmp_path) is None


def test_a_generation_whose_store_is_gone_is_none(tmp_path: Path) -> None:
    made(tmp_path)
    current = current_generation(tmp_path)
    assert current is not None
    (current.folder / "matome.sqlite3").unlink()
    assert current_generation(tmp_path) is None


def test_only_one_holds_the_lock_and_it_is_free_again_afterwards(tmp_path: Path) -> None:
    with write_lock(tmp_path, wait=True) as held:
        assert held
        with write_lock(tmp_path, wait=False) as other:
            assert not other
    with write_lock(tmp_path, wait=False) as held:
        assert held


def test_the_data_folder_is_made_and_left_clean(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a/b")
    assert list((tmp_path / "a/b").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderError) as caught:
        prepare_folder(tmp_path / "file/sub")
    assert "MATOME_DATA_DIR" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_generation_becomes_the_current_one_in_one_step(tmp_path: Path) -> None:
    first = made(tmp_path)
    with open(tmp_path / "current", encoding="ascii") as reader:
        second = made(tmp_path)
        assert reader.read().strip() == first, "whoever reads the file meanwhile sees one name or the other, whole"
    assert (tmp_path / "current").read_text(encoding="ascii").strip() == second
