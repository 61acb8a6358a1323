"""An office with pictures and a case, from which something is handed over."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from api.home import Home
from api.office.release import ReleasedTo, ReleaseWish
from evidence.handover.recipient import RecipientKey, read_recipient_key
from evidence.seal.recipients import X25519Identity
from tests.freezing import office_of_posts
from tests.homes import Office as Made
from tests.homes import new_case, records_of

CLASSICAL = X25519Identity(b"\x07" * 32)


def posted_office(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An office with the posts of ``tests.freezing`` in one case; to be copied."""
    office = office_of_posts(tmp_path_factory.mktemp("posted"))
    home = Home.open(office.home.path)
    new_case(home)
    home.engine.dispose()
    return office


def age_key() -> RecipientKey:
    """The key of a recipient with age."""
    return read_recipient_key(str(CLASSICAL.recipient).encode())


def case_in(home: Home) -> str:
    """The one case."""
    (case,) = (str(each.values["case"]) for each in records_of(home) if each.type == "case_opened")
    return case


def wish_of(home: Home, *items: str, key: RecipientKey | None = None) -> ReleaseWish:
    """A release of these items to an authority."""
    to, asked = "Prosecutor of example.org", date(2026, 11, 20)
    return ReleaseWish(case_in(home), items, to, ReleasedTo.AUTHORITY, "KT 12/26", asked, key or age_key())


def flipped(files: Sequence[Path]) -> None:
    """Change one bit in the middle of each file."""
    for file in files:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.chmod(0o600)
        file.write_bytes(data)
