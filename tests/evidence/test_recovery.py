"""What the cards must recover opens with them alone, and is this home's."""

from pathlib import Path

import pytest

from api.home import SEAL_ROOT_FILE, read_certificate
from evidence.errors import HomeError
from evidence.keys import RECOVERY
from evidence.recovery import recover_seal_root, require_recovery
from tests.homes import Office, copy_of


def test_the_cards_open_the_key_of_the_seals_root(office: Office) -> None:
    root = read_certificate(office.home.trust / SEAL_ROOT_FILE)
    assert recover_seal_root(office.home.path, office.cards[:2]).public_key() == root.public_key()
    require_recovery(office.home.path, office.cards[1:], seal_root=root)


@pytest.mark.parametrize("role", sorted(RECOVERY))
@pytest.mark.parametrize("damage", ["absent", "another", "text"])
def test_a_file_that_the_cards_cannot_recover_is_refused(
    office: Office, tmp_path: Path, role: str, damage: str
) -> None:
    home = copy_of(office, tmp_path)
    file, root = home.path / "recovery" / RECOVERY[role], read_certificate(home.trust / SEAL_ROOT_FILE)
    other = next(home.path / "recovery" / name for key, name in RECOVERY.items() if key != role)
    content = {"absent": None, "another": other.read_bytes(), "text": b"no envelope"}[damage]
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(HomeError):
        require_recovery(home.path, office.cards, seal_root=root)
    home.engine.dispose()
