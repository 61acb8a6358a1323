"""An unfinished home holds nothing and is made anew; whatever else lies there is never taken away."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from api.home import Home
from api.unfinished import UNFINISHED, belongings, making, refuse_unfinished, require_vacant
from evidence.custody.event import Draft
from evidence.errors import HomeError
from evidence.log.note import VerifierKey
from evidence.objects.pending import lock_folder
from tests.homes import Office, copy_of, doer, new_home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A home that holds nothing but its opening."""
    home, cards = new_home(tmp_path_factory.mktemp("made") / "home")
    home.engine.dispose()
    return Office(home, cards, None)  # type: ignore[arg-type]


def unfinished(made: Office, folder: Path) -> Path:
    """The same home, as if ``init`` had been stopped at its very end."""
    home = copy_of(made, folder)
    home.engine.dispose()
    (home.path / UNFINISHED).write_bytes(b"")
    return home.path


def test_a_home_is_marked_while_it_is_made_and_whole_after(tmp_path: Path) -> None:
    home, card = tmp_path / "deep" / "home", tmp_path / "card-1.txt"
    with making(home, {card: b"words"}):
        with pytest.raises(HomeError, match="unfinished"):
            refuse_unfinished(home)
        assert [*belongings(home)] == [card]
        (home / "kept").write_bytes(b"")
    assert [file.name for file in home.iterdir()] == ["kept"]
    assert home.stat().st_mode & 0o777 == 0o700
    refuse_unfinished(home)


def test_what_was_begun_is_taken_away_with_what_was_made_elsewhere(tmp_path: Path) -> None:
    home, card, other = tmp_path / "home", tmp_path / "card-1.txt", tmp_path / "card-2.txt"
    other.write_bytes(b"somebody else's")

    def begin() -> None:
        with making(home, {card: b"words", other: b"more words"}):
            card.write_bytes(b"words")
            (home / "objects").mkdir()
            (home / "link").symlink_to(tmp_path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert [file.name for file in tmp_path.iterdir()] == ["card-2.txt"]
    assert other.read_bytes() == b"somebody else's"


def test_what_was_stopped_dead_is_made_anew(made: Office, tmp_path: Path) -> None:
    home = unfinished(made, tmp_path)
    with pytest.raises(HomeError, match="init was stopped") as raised:
        Home.open(home)
    assert str(tmp_path / "home.keys") in raised.value.fix
    require_vacant(home)
    with making(home, {}):
        assert [file.name for file in home.iterdir()] == [UNFINISHED]
        assert not (tmp_path / "home.keys").exists()


@pytest.mark.parametrize("left", [{}, {"log.key": b""}, {"log.key": b"AAAA"}])
def test_keys_that_were_cut_short_before_the_first_are_made_anew(left: dict[str, bytes], tmp_path: Path) -> None:
    home, keys = tmp_path / "home", tmp_path / "home.keys"
    for folder in (home, keys):
        folder.mkdir()
    (home / UNFINISHED).write_bytes(b"")
    (home / "log.vkey").write_text(f"{VerifierKey('o/00000000', bytes(32))}\n")
    for name, data in left.items():
        (keys / name).write_bytes(data)
        (keys / name).chmod(0o600)
    with making(home, {}):
        assert not keys.exists()


@pytest.mark.parametrize("after", range(40))
def test_stopped_while_it_is_taken_away_it_is_taken_away_by_the_next(
    made: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    home, left = unfinished(made, tmp_path), iter(range(after))

    def until(do: Callable[..., object]) -> Callable[..., object]:
        def step(*told: object, **more: object) -> object:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return do(*told, **more)

        return step

    with monkeypatch.context() as stop:
        for name in ("unlink", "rmdir"):
            stop.setattr(Path, name, until(getattr(Path, name)))
            stop.setattr(os, name, until(getattr(os, name)))
        try:
            making(home, {}).__enter__()
        except KeyboardInterrupt:
            pass
        else:
            assert after > 20
    with making(home, {}):
        assert [file.name for file in home.iterdir()] == [UNFINISHED]
        assert not (tmp_path / "home.keys").exists()


@pytest.mark.parametrize("lost", ["", "log.vkey", "log.key"])
def test_keys_of_another_home_are_never_taken_away(made: Office, tmp_path: Path, lost: str) -> None:
    home = unfinished(made, tmp_path)
    other, _cards = new_home(tmp_path / "other")
    other.engine.dispose()
    shutil.rmtree(tmp_path / "home.keys")
    shutil.copytree(other.keys.path, tmp_path / "home.keys")
    for folder in (home, tmp_path / "home.keys"):
        (folder / lost).unlink() if lost and (folder / lost).exists() else None
    before = {file: file.read_bytes() for file in other.keys.files()}
    for attempt in (lambda: require_vacant(home), lambda: making(home, {}).__enter__()):
        with pytest.raises(HomeError, match="already") as raised:
            attempt()
        assert raised.value.where == str(tmp_path / "home.keys")
    assert {file: file.read_bytes() for file in other.keys.files()} == before
    assert (home / UNFINISHED).exists()


def test_keys_without_a_home_are_never_taken_away(tmp_path: Path) -> None:
    (tmp_path / "home.keys").mkdir()
    (tmp_path / "home").mkdir()
    with pytest.raises(HomeError, match="already"), making(tmp_path / "home", {}):
        pass
    assert (tmp_path / "home.keys").is_dir()


def test_a_home_that_holds_entries_is_unfinished_to_nobody(made: Office, tmp_path: Path) -> None:
    home = copy_of(made, tmp_path)
    with home.writing() as writer:
        writer.sequencer.append([Draft("case_opened", doer(home).values() | {"case": "case-1"})])
    home.engine.dispose()
    (home.path / UNFINISHED).write_bytes(b"")
    for attempt in (lambda: Home.open(home.path), lambda: require_vacant(home.path)):
        with pytest.raises(HomeError, match="somebody put the file there"):
            attempt()
    (home.path / UNFINISHED).unlink()
    Home.open(home.path).engine.dispose()


def test_two_processes_do_not_make_one_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with making(home, {}):
        with pytest.raises(HomeError, match="another process"), making(home, {}):
            pass
        assert (home / UNFINISHED).exists()
        (home / "log.vkey").write_bytes(b"x")
    with pytest.raises(HomeError, match="already"), making(home, {}):
        pass
    handle = lock_folder(home)
    assert handle is not None
    os.close(handle)


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.parent)])
def test_a_file_or_a_link_is_no_place_for_a_home(tmp_path: Path, make: object) -> None:
    make(tmp_path / "home")  # type: ignore[operator]
    with pytest.raises(HomeError, match="already"), making(tmp_path / "home", {}):
        pass


def test_an_empty_folder_is_a_place_for_a_home_and_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    with making(tmp_path / "home", {}):
        pass
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
