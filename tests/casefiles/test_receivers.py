"""The register of receivers is the log: who is in it was approved by two, and nobody else is."""

from pathlib import Path

import pytest

from casefiles.receivers import Receiver, receivers, require_receiver
from evidence.custody.event import Draft
from evidence.errors import AuthorityError
from tests.homes import PASSPHRASE, doer, new_home


def test_an_entry_without_two_persons_approves_nobody(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    casework = home.keys.unlock(PASSPHRASE).casework
    assert receivers(home.engine, casework) == ()
    with home.writing() as writer:
        for by in (doer(home), doer(home, approver=None)):
            writer.sequencer.append([Draft("receiver_added", by.values() | Receiver("x", "court").values())])
    assert receivers(home.engine, casework) == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [(None, "receiver_not_named"), ("b", "receiver_not_approved"), ("a", "receiver_not_approved")],
)
def test_only_the_receiver_and_audience_that_were_approved_pass(name: str | None, code: str) -> None:
    approved = [Receiver("a", "court"), Receiver("c", "lawyer")]
    require_receiver("a", "court", approved)
    with pytest.raises(AuthorityError) as raised:
        require_receiver(name, "lawyer", approved)
    assert raised.value.code == f"authority.{code}"
