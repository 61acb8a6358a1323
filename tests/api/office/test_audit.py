"""An audit uses what the home knows, and says whether it compared the records."""

import shutil

import pytest

from api.home import Home
from api.office.audit import how_records_compared, run_audit
from evidence.audit.run import Audit
from evidence.errors import PassphraseError
from evidence.finding import Verdict
from tests.homes import PASSPHRASE, new_case


def audited(home: Home, *, level: int = 3, passphrase: str | None = None, against: bytes | None = None) -> Audit:
    return run_audit(home, level=level, against=against, passphrase=passphrase, progress=lambda _more: None)


@pytest.mark.parametrize(
    ("level", "passphrase", "records"),
    [
        (3, PASSPHRASE, "compared"),
        (3, None, "not compared: no passphrase"),
        (2, PASSPHRASE, "not compared: level 2"),
        (1, None, "not compared: level 1"),
    ],
)
def test_an_audit_says_whether_records_were_compared(
    home: Home, level: int, passphrase: str | None, records: str
) -> None:
    done = audited(home, level=level, passphrase=passphrase)
    assert done.report.verdict is Verdict.PASSED
    assert how_records_compared(home, done, level) == records


def test_a_wrong_passphrase_is_refused(home: Home) -> None:
    with pytest.raises(PassphraseError):
        audited(home, passphrase="wrong")


def test_without_the_keys_folder_the_records_are_left_out(home: Home) -> None:
    shutil.move(home.keys.path, home.path.parent / "away")
    done = audited(home, passphrase=PASSPHRASE)
    assert (done.compared, done.report.verdict) == (False, Verdict.INDETERMINATE)
    assert how_records_compared(home, done, 3) == "not compared: no keys' folder"


def test_an_older_checkpoint_from_outside_is_held_against_the_log(home: Home) -> None:
    older = home.keys.signed.read_bytes()
    new_case(home, [])
    assert "log.against" in {finding.id for finding in audited(home, against=older).report.findings}
    assert audited(home, against=older).report.verdict is not Verdict.FAILED
    assert [each.id for each in audited(home, against=b"no checkpoint").report.problems] == ["log.against"]


def test_progress_hears_of_every_leaf(home: Home) -> None:
    heard: list[int] = []
    done = run_audit(home, level=1, against=None, passphrase=None, progress=heard.append)
    assert sum(heard) == done.entries
