"""Two persons are two persons, a reason is said, and more than metadata stands on counsel's words."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import LegalBasisError
from evidence.authority import Act, Doer, legal_basis_for, one_person, read_request, request_of, two_persons
from evidence.canonical import Value
from evidence.errors import AuthorityError, NobodyNamedError
from evidence.log.schema import SCHEMAS
from evidence.observation import Mode
from tests.homes import LEGAL_BASIS
from tests.nonempty import nonempty

AT = datetime(2026, 1, 1, tzinfo=UTC)


def ann(*, reason: str | None = "her own words", approver: str | None = None, actor: str = "ann") -> Doer:
    return Doer(actor, "nisisama/0", AT, reason=reason, approver=approver)


@pytest.mark.parametrize("approver", [None, "", " ", "\t\n"])
def test_two_persons_need_a_second_one(approver: str | None) -> None:
    with pytest.raises(AuthorityError, match="needs two persons") as raised:
        two_persons(Act.IMPORT, "export", ann(approver=approver))
    assert (raised.value.where, "--approved-by" in raised.value.fix) == ("import", True)


@pytest.mark.parametrize(
    ("actor", "approver"),
    [
        ("ann", "ann"),
        ("ann", " Ann "),
        ("Straße", "STRASSE"),
        ("A\u0301na", "\u00c1na"),
        ("ann", "\uff41\uff4e\uff4e"),
        ("ann", "ann."),
        ("ann", "\u0430nn"),
    ],
)
def test_nobody_approves_their_own_request_however_it_is_spelled(actor: str, approver: str) -> None:
    for permit in (two_persons, one_person):
        with pytest.raises(AuthorityError, match="their own request"):
            permit(Act.IMPORT, "export", ann(actor=actor, approver=approver))


def test_one_person_needs_a_reason() -> None:
    with pytest.raises(AuthorityError, match="needs a reason") as raised:
        one_person(Act.EXPORT, "case", ann(reason=None))
    assert raised.value.where == "export"


@pytest.mark.parametrize("reason", ["", "  ", "\t\n", "\u3000"])
def test_a_reason_with_nothing_in_it_is_refused_wherever_it_comes_from(reason: str) -> None:
    with pytest.raises(AuthorityError, match="the reason has nothing in it"):
        ann(reason=reason)


def test_a_blank_second_person_is_no_reason_to_do_without_review() -> None:
    with pytest.raises(AuthorityError, match="needs two persons"):
        one_person(Act.EXPORT, "case", ann(approver=" "))


def test_two_persons_log_a_request_and_its_approval() -> None:
    grant = two_persons(Act.WATCH, "channel \ud800", ann(approver="bo"))
    request, approval = grant.drafts
    assert (request.type, approval.type) == ("requested", "approved")
    assert grant.request == request.event_id == approval.values["request"] == approval.values["authority"]
    assert (request.values["actor"], approval.values["actor"]) == ("ann", "bo")
    assert request.values["what"] == "watch"
    assert request.values["target"] == {"b64": "Y2hhbm5lbCDtoIA"}
    assert grant.review_by is None


def test_one_person_logs_a_request_and_is_reviewed_within_seven_days() -> None:
    grant = one_person(Act.EXPORT, "case", ann())
    assert [draft.type for draft in grant.drafts] == ["requested"]
    assert grant.request == grant.drafts[0].event_id
    assert grant.review_by == AT + timedelta(days=7)


def test_a_mode_above_metadata_needs_a_legal_basis_that_is_valid_today(tmp_path: Path) -> None:
    file, today = tmp_path / "basis.toml", date(2026, 1, 1)
    file.write_text(LEGAL_BASIS.format(expires=today))
    for mode in nonempty(set(Mode) - {Mode.METADATA_ONLY}):
        basis = legal_basis_for(mode, file, today=today)
        assert (basis and basis.counsel) == "A. Counsel"
        with pytest.raises(AuthorityError, match="needs a legal basis") as raised:
            legal_basis_for(mode, None, today=today)
        assert (raised.value.where, "--legal-basis" in raised.value.fix) == (mode.value, True)
        with pytest.raises(LegalBasisError, match="not valid today"):
            legal_basis_for(mode, file, today=today + timedelta(days=1))


def test_metadata_alone_takes_no_legal_basis_because_none_is_logged(tmp_path: Path) -> None:
    file, today = tmp_path / "basis.toml", date(2026, 1, 1)
    file.write_text(LEGAL_BASIS.format(expires=today))
    assert legal_basis_for(Mode.METADATA_ONLY, None, today=today) is None
    for given in (file, tmp_path / "none"):
        with pytest.raises(AuthorityError, match="needs no legal basis") as raised:
            legal_basis_for(Mode.METADATA_ONLY, given, today=today)
        assert (raised.value.where, "--legal-basis" in raised.value.fix) == ("metadata_only", True)


def test_one_person_with_a_second_one_needs_no_review() -> None:
    grant = one_person(Act.EXPORT, "case", ann(reason=None, approver="bo"))
    assert [draft.type for draft in grant.drafts] == ["requested", "approved"]
    assert grant.review_by is None


@pytest.mark.parametrize("actor", ["", " ", "\t\n"])
def test_nobody_acts_without_a_name(actor: str) -> None:
    with pytest.raises(NobodyNamedError, match="nobody was named") as raised:
        ann(actor=actor)
    assert "--by" in raised.value.fix


@pytest.mark.parametrize("hidden", ["ann\ufe0f", "\u3164", "a\u200dnn", "..."])
def test_what_is_no_name_neither_acts_nor_approves(hidden: str) -> None:
    for named in ({"actor": hidden}, {"approver": hidden}):
        with pytest.raises(AuthorityError):
            ann(**named)


def test_who_acts_is_told_by_names_that_every_schema_has() -> None:
    values: dict[str, Value] = ann(approver=" bo ", reason="\udcff").values("ab" * 16)
    for name, schema in SCHEMAS.items():
        assert values.keys() <= set(schema.act) or name == "anchor"
    assert values["at"] == "2026-01-01T00:00:00.000Z"
    assert values["authority"] == "ab" * 16
    assert values["approver"] == "bo"
    assert values["reason"] == {"b64": "7bO_"}
    assert (
        Doer("a", "b", AT).values() | {"reason": None, "authority": None, "approver": None}
        == Doer("a", "b", AT).values()
    )


@pytest.mark.parametrize("reason", [None, "her own words", "\udcff"])
def test_a_request_reads_as_it_was_asked_and_its_basis_is_asked_of_the_day(reason: str | None) -> None:
    basis = {"text": "law", "counsel": "A. Counsel", "country": "RS", "date": "2026-01-01", "expires": "2026-06-30"}
    order: dict[str, Value] = {"out": {"b64": "7bO_"}, "receiver": None, "legal_basis": basis}
    asked_by = ann(reason=reason)
    draft = request_of(Act.IMPORT, "export", asked_by, order)
    asked = read_request(draft.event_id, 7, draft.values, None)
    assert (asked.act, asked.target, asked.by, asked.order) == (Act.IMPORT, "export", asked_by, order)
    assert (asked.text("out"), asked.text_or_none("receiver")) == ("\udcff", None)
    assert asked.legal_basis(date(2026, 6, 30)).counsel == "A. Counsel"
    with pytest.raises(LegalBasisError):
        asked.legal_basis(date(2026, 7, 1))


def test_a_request_of_another_version_names_what_it_does_not_say() -> None:
    draft = request_of(Act.ERASE, "case", ann(), {"cause": "withdrawn"})
    asked = read_request(draft.event_id, 7, draft.values, None)
    assert asked.text("cause") == "withdrawn"
    for read in nonempty([asked.value, asked.text, asked.text_or_none]):
        with pytest.raises(AuthorityError, match="another version") as refused:
            read("language")
        assert ("language" in refused.value.expected, "--refuse" in refused.value.fix) == (True, True)


def test_a_request_of_an_act_that_was_done_at_once_has_no_order() -> None:
    draft = request_of(Act.WATCH, "channel", ann())
    assert read_request(draft.event_id, 0, draft.values, None).order == {}
