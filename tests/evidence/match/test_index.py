"""The stored prints are those of the files that stand, and no other key opens them."""

from collections.abc import Iterator

import pytest

from api.home import Home
from evidence.errors import NoMatchingKeyError
from evidence.match.index import stored_prints
from evidence.observation import Mode
from evidence.seal.recipients import generate_identity
from monitor.rehearsal.export import write_export
from tests.homes import PASSPHRASE, items_of, new_home, take_in


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One export, kept in two modes."""
    folder = tmp_path_factory.mktemp("index")
    home, _cards = new_home(folder / "home")
    export = write_export(folder / "export", seed=7, messages=16, photos=0)
    for mode in (Mode.HASH_ONLY, Mode.SEALED):
        take_in(home, export.folder, mode)
    yield home
    home.engine.dispose()


def test_another_matching_key_opens_no_print(home: Home) -> None:
    with pytest.raises(NoMatchingKeyError):
        list(stored_prints(home.engine, generate_identity()))


def test_every_file_that_was_read_has_its_prints_once_and_of_its_highest_mode(home: Home) -> None:
    sealed = [item.item_id for item in items_of(home) if (item.kind, item.mode) == ("file", "sealed")]
    found = list(stored_prints(home.engine, home.keys.unlock(PASSPHRASE).matching))
    assert [item for item, _prints in found] == sealed
    assert len({prints.sha256 for _item, prints in found}) > 1
