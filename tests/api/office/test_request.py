"""A request holds all that its act needs, sealed; and nothing of the act is done before somebody answers."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office.intake import Wish, import_export
from api.office.request import Waiting, ask, done_at_once, find_request, require_unanswered
from evidence.authority import Act, Doer
from evidence.canonical import text_value
from evidence.errors import AuthorityError, UnknownItemError
from evidence.observation import Mode
from evidence.times import format_time
from tests.homes import PASSPHRASE, Office, doer, legal_basis, records_of, size_of

WORDS = ("she-came-by-night", "a-name-of-hers", "counsel-kanarina")


def test_a_request_is_one_entry_that_says_all(home: Home) -> None:
    before, ann, odd = size_of(home), doer(home, approver=None), os.fsdecode(b"caf\xe9")
    order = {"out": text_value(odd), "receiver": None}
    waits = ask(home, Act.EXPORT, "case-1 for court", order, ann)
    (record,) = (record for record in records_of(home, before) if record.type != "anchor")
    assert (record.type, record.values["order"], record.values["approver"]) == ("requested", order, None)
    assert waits.due_at == format_time(ann.at + timedelta(days=7))
    asked = find_request(home, waits.request, home.keys.unlock(PASSPHRASE).casework)
    assert (asked.act, asked.target, asked.text("out")) == (Act.EXPORT, "case-1 for court", odd)
    assert (asked.by.actor, asked.by.reason) == ("ann", "a test")
    assert format_time(asked.by.at) == record.values["at"]
    assert home.unsigned_tail() is None
    require_unanswered(home, waits.request)
    with pytest.raises(UnknownItemError):
        require_unanswered(home, "0" * 32)


def test_nothing_that_people_said_lies_in_clear(home: Home, office: Office) -> None:
    folder = home.path.parent / WORDS[1]
    folder.symlink_to(office.export.folder)
    basis = legal_basis(home.path.parent)
    basis.write_text(basis.read_text().replace("A. Counsel", WORDS[2]))
    by = Doer("ann", "test", home.clock(), reason=WORDS[0])
    wish = Wish(folder, None, "mila", Mode.SEALED, basis, by)
    assert isinstance(import_export(home, wish), Waiting)
    (record,) = (each for each in records_of(home)[-2:] if each.type == "requested")
    said = str(record.values)
    home.engine.dispose()
    files = [path for path in home.path.rglob("*") if path.is_file()]
    for word in WORDS:
        assert word in said  # the control: that is what was said
        assert [file.name for file in files if word.encode() in file.read_bytes()] == []


def test_an_act_that_waits_is_not_taken_for_one_that_was_done() -> None:
    waits = Waiting("0" * 32, Act.KEY, "", None, None)
    assert done_at_once("done") == "done"
    with pytest.raises(TypeError):
        done_at_once(waits)


def test_who_asks_has_a_name(home: Home, tmp_path: Path) -> None:
    before = size_of(home)
    with pytest.raises(AuthorityError):
        ask(home, Act.KEY, "seal", {}, Doer("...", "test", home.clock()))
    assert size_of(home) == before
