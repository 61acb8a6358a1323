"""An audit uses what the home knows, and says whether it compared the records."""

import io
import shutil

import pytest

from api.home import Home
from api.office.audit import entries_to_read, how_records_compared, run_audit
from api.office.bundle import Order, stream_case
from evidence.audit.run import Audit
from evidence.errors import PassphraseError
from evidence.finding import Verdict
from tests.casefiles import forge
from tests.homes import PASSPHRASE, doer, new_case


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


def test_a_cosigned_checkpoint_and_a_bundle_are_held_against_the_log(home: Home) -> None:
    cosigned = home.keys.signed.read_bytes() + "\u2014 witness.example/w1 5CuK9gAAAABrBwsJcGrLuQ==\n".encode()
    casework = home.keys.unlock(PASSPHRASE).casework
    bundle = io.BytesIO()
    order = Order(new_case(home), "court", "en", doer(home))
    stream_case(home, order, casework, bundle=bundle, letter=io.BytesIO())
    for held in (cosigned, bundle.getvalue()):
        done = audited(home, level=1, against=held)
        assert "log.against" in {finding.id for finding in done.report.findings}
        assert done.report.verdict is not Verdict.FAILED
    # another office's bundle is of another log
    assert [each.id for each in audited(home, level=1, against=forge.good_bundle()).report.problems] == ["log.against"]


def test_progress_hears_of_every_leaf(home: Home) -> None:
    heard: list[int] = []
    done = run_audit(home, level=1, against=None, passphrase=None, progress=heard.append)
    assert sum(heard) == done.entries == entries_to_read(home)


def test_a_log_that_does_not_say_its_length_is_audited_all_the_same(home: Home) -> None:
    with home.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event RENAME TO another")
    assert entries_to_read(home) is None
    assert audited(home, level=1).report.verdict is Verdict.FAILED
