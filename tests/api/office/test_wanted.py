"""What is asked for is checked before anybody works on it, and nothing is queued that would be refused."""

import io

import pytest

from api.office.case import open_case, record_consent
from api.office.key import renew_seal
from api.office.request import Waiting, find_request
from api.office.task import UPLOADS, list_own_tasks
from api.office.wanted import (
    WantedBundle,
    WantedImport,
    ask_for_act,
    ask_for_bundle,
    ask_for_check,
    ask_for_import,
)
from config.errors import Explained
from evidence.errors import AuthorityError, UnknownItemError
from evidence.fingerprint.decoder import fingerprints_of
from evidence.match.question import question_of, seal_question
from evidence.observation import Mode
from tests.homes import consent_to, doer
from tests.working import EVERY_KIND, WorkerDesk


def refused(desk: WorkerDesk, wanted: WantedImport) -> str:
    with pytest.raises(Explained) as error:
        ask_for_import(desk.home, wanted, desk.by())
    uploads = desk.home.path / UPLOADS
    assert not uploads.exists() or list(uploads.iterdir()) == []
    assert list_own_tasks(desk.home, EVERY_KIND).entries == ()
    return error.value.code


@pytest.mark.parametrize(
    ("mode", "basis", "declared_by", "code"),
    [
        (Mode.SEALED, None, "client", "authority.needs_legal_basis"),
        (Mode.METADATA_ONLY, "text", "client", "authority.needs_no_legal_basis"),
        (Mode.SEALED, "text", "client", "legal_basis.not_toml"),
        (Mode.METADATA_ONLY, None, "a\tb", "authority.name_not_seen"),
    ],
)
def test_an_import_that_would_be_refused_is_not_queued(
    desk: WorkerDesk, mode: Mode, basis: str | None, declared_by: str, code: str
) -> None:
    wanted = WantedImport(io.BytesIO(desk.archive), declared_by, mode, None, basis, private_chat=False)
    assert refused(desk, wanted) == code


def test_a_bundle_needs_a_case_with_items_and_a_reason(desk: WorkerDesk) -> None:
    empty = open_case(desk.home, doer(desk.home)).case_id
    for case_id, reason, kind in (
        (desk.case, None, AuthorityError),
        (empty, "asked", UnknownItemError),
        ("case-000000000000", "asked", UnknownItemError),
    ):
        with pytest.raises(kind):
            ask_for_bundle(desk.home, WantedBundle(case_id, "court", "en", None), desk.by(reason=reason))
    assert list_own_tasks(desk.home, EVERY_KIND).entries == ()


def test_nothing_is_looked_for_once_consent_was_withdrawn(desk: WorkerDesk) -> None:
    query = fingerprints_of(next(iter(sorted(desk.home.path.parent.glob("more/photos/*.jpg")))).read_bytes())[0]
    sealed = seal_question(question_of(query), desk.home.recipients.matching)
    assert ask_for_check(desk.home, desk.case, {"sealed": sealed.hex()}, desk.by(), desk.keys.casework)
    record_consent(desk.home, desk.case, consent_to(desk.home, "check", given=False), doer(desk.home))
    with pytest.raises(AuthorityError):
        ask_for_check(desk.home, desk.case, {"sealed": sealed.hex()}, desk.by(), desk.keys.casework)


def test_a_request_that_needs_the_cards_is_not_approved_here(desk: WorkerDesk) -> None:
    asked = renew_seal(desk.home, [], desk.by())
    assert isinstance(asked, Waiting)
    found = find_request(desk.home, asked.request, desk.keys.casework)
    with pytest.raises(AuthorityError) as refused:
        ask_for_act(desk.home, found, desk.by("iva"), desk.keys.casework, None)
    assert refused.value.code == "authority.needs_cards"
