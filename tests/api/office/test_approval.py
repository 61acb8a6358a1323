"""A second person approves what waits, and it is done as one call by two persons does it; or reviews, or refuses."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.home import Home, read_roots
from api.office.approval import Answered, Means, approve, refuse, require_approvable, waiting
from api.office.audit import run_audit
from api.office.bundle import Order, export_case
from api.office.case import record_consent, remove_items
from api.office.channel import add_channel, list_channels, remove_channel
from api.office.health import reviews
from api.office.key import renew_seal
from api.office.receiver import add_receiver, remove_receiver
from api.office.request import Waiting, find_request
from api.office.verify import verify_bundle
from casefiles.bundle.destination import Destination
from casefiles.case import add_items
from casefiles.format import layout
from config.errors import LegalBasisError
from config.watchlist import watch_entry
from evidence.authority import Doer, Request
from evidence.errors import AuthorityError, HomeError
from evidence.finding import Verdict
from evidence.intake.keep import Intake
from evidence.observation import Mode
from monitor.rehearsal.export import write_export
from tests.homes import (
    PASSPHRASE,
    Office,
    consent_to,
    doer,
    export_of,
    items_of,
    legal_basis,
    new_case,
    records_of,
    reviews_of,
    size_of,
    take_in,
)

ENTRY = watch_entry(
    channel="kanal", report_url="https://x.y", reported_by="Org", reported_on="2026-01-01", access="public"
)


@dataclass(frozen=True)
class AskingDesk:
    """A home, and what a person needs to ask for each act in it."""

    home: Home
    office: Office
    case: str

    @property
    def folder(self) -> Path:
        return self.home.path.parent

    def means(self) -> Means:
        return Means(self.home.keys.unlock(PASSPHRASE).casework, self.office.cards[:2])

    def by(self, name: str, *, later: timedelta = timedelta(0), reason: str | None = None) -> Doer:
        return Doer(name, "test", self.home.clock() + later, reason=reason)

    def found(self, waits: Waiting) -> Request:
        return find_request(self.home, waits.request, self.means().casework)

    def approve(self, asked: Request, name: str = "bo", *, later: timedelta = timedelta(0)) -> Answered:
        return approve(self.home, asked, self.by(name, later=later), self.means())


@pytest.fixture
def desk(home: Home, office: Office) -> AskingDesk:
    return AskingDesk(home, office, new_case(home, [item.item_id for item in items_of(home)][:4]))


def watch(desk: AskingDesk, by: Doer) -> object:
    return add_channel(desk.home, ENTRY, Mode.SEALED, legal_basis(desk.folder), by)


def take(desk: AskingDesk, by: Doer) -> object:
    return take_in(desk.home, desk.office.export.folder, by=by)


def receive(desk: AskingDesk, by: Doer) -> object:
    return add_receiver(desk.home, "Court", "court", by)


def renew(desk: AskingDesk, by: Doer) -> object:
    return renew_seal(desk.home, desk.office.cards[:2], by)


def export(desk: AskingDesk, by: Doer) -> object:
    return export_of(desk.home, desk.case, desk.folder / "out.asice", by=by)


Do = Callable[[AskingDesk, Doer], object]
ACTS: Mapping[str, tuple[Do, str]] = {
    "watch": (watch, "channel_added"),
    "import": (take, "imported"),
    "receiver": (receive, "receiver_added"),
    "key": (renew, "key_changed"),
    "export": (export, "exported"),
}
"""How each act is asked for, and the entry that it is."""


def some(names: Iterable[str], *plain: str) -> list[Any]:
    """All names; without ``--slow``, the plain ones alone."""
    return [name if name in plain else pytest.param(name, marks=pytest.mark.slow) for name in names]


def asked_for(desk: AskingDesk, do: Do) -> Request:
    waits = do(desk, doer(desk.home, approver=None))
    assert isinstance(waits, Waiting)
    return desk.found(waits)


def logged(home: Home, since: int) -> Iterator[tuple[str, Mapping[str, object]]]:
    return ((record.type, record.values) for record in records_of(home, since) if record.type != "anchor")


def without(values: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}


@pytest.mark.parametrize("act", some(ACTS, "watch", "import", "receiver", "key"))
def test_what_one_person_asks_for_is_done_by_the_approval_of_another(desk: AskingDesk, act: str) -> None:
    (do, entry), before = ACTS[act], size_of(desk.home)
    asked = asked_for(desk, do)
    assert [kind for kind, _values in logged(desk.home, before)] == ["requested"]  # nothing of it was done
    assert not (desk.folder / "out.asice").exists()
    for name in ("ann", "Ann.", "\u0430nn"):
        with pytest.raises(AuthorityError, match="their own request"):
            desk.approve(asked, name)
    since = size_of(desk.home)
    done = desk.approve(asked)
    (first, approval), *_, (last, values) = logged(desk.home, since)
    assert (first, last) == ("approved", entry)
    assert (approval["actor"], approval["request"], approval["authority"]) == ("bo", asked.request, asked.request)
    assert (values["actor"], values["approver"], values["authority"]) == ("ann", "bo", asked.request)
    assert (values["reason"], done.done is None, done.waiting) == ("a test", False, 0)
    for stale in (asked, find_request(desk.home, asked.request, desk.means().casework)):
        with pytest.raises(AuthorityError, match="already answered"):
            desk.approve(stale, "cy")
    audited = run_audit(desk.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert [finding.facts for finding in audited.report.problems] == []
    assert audited.compared


@pytest.mark.parametrize("act", some(["watch", "receiver", "export"], "receiver"))
def test_an_approved_act_says_what_an_act_at_once_says(desk: AskingDesk, act: str) -> None:
    (do, entry), before = ACTS[act], size_of(desk.home)
    desk.approve(asked_for(desk, do))
    (waited,) = (values for kind, values in logged(desk.home, before) if kind == entry)
    (desk.folder / "out.asice").unlink(missing_ok=True)
    for ending in ("txt", "pdf"):
        (desk.folder / f"out.asice.letter.{ending}").unlink(missing_ok=True)
    if act == "watch":
        remove_channel(desk.home, "kanal", doer(desk.home))
    before = size_of(desk.home)
    do(desk, doer(desk.home))
    (at_once,) = (values for kind, values in logged(desk.home, before) if kind == entry)
    names = ("at", "authority", "tool", "bundle_sha256")
    assert without(waited, *names) == without(at_once, *names)


@pytest.mark.parametrize("act", some(["watch", "export"], "watch"))
@pytest.mark.parametrize("by", ["ann", "bo"])
def test_a_request_ends_when_it_is_taken_back_or_refused(desk: AskingDesk, act: str, by: str) -> None:
    asked, before = asked_for(desk, ACTS[act][0]), size_of(desk.home)
    with pytest.raises(AuthorityError, match="needs a reason"):
        refuse(desk.home, asked, desk.by(by))
    assert refuse(desk.home, asked, desk.by(by, reason="a slip")).done is None
    ((kind, values),) = logged(desk.home, before)
    assert (kind, values["actor"], values["request"], values["reason"]) == ("refused", by, asked.request, "a slip")
    assert waiting(desk.home, None).entries == ()
    for answer in (desk.approve, lambda asked: refuse(desk.home, asked, desk.by(by, reason="again"))):
        with pytest.raises(AuthorityError, match="already answered"):
            answer(asked)
    assert len(list(logged(desk.home, before))) == 1


def test_what_is_done_waits_for_a_review_and_cannot_be_refused(desk: AskingDesk) -> None:
    add_channel(desk.home, ENTRY, Mode.METADATA_ONLY, None, doer(desk.home, approver=None))
    ((request, _due),), before = reviews_of(desk.home), size_of(desk.home)
    asked = find_request(desk.home, request, desk.means().casework)
    for name in ("ann", "bo"):
        with pytest.raises(AuthorityError, match="it is done"):
            refuse(desk.home, asked, desk.by(name, reason="no"))
    assert size_of(desk.home) == before
    assert desk.approve(asked).done is None
    assert [kind for kind, _values in logged(desk.home, before)] == ["approved"]
    assert waiting(desk.home, None).entries == ()


def test_the_review_of_an_export_is_an_entry_of_the_second_person(desk: AskingDesk) -> None:
    home, means = desk.home, desk.means()
    record_consent(home, desk.case, consent_to(home, "court"), doer(home))
    add_receiver(home, "Court", "court", doer(home))
    order = Order(desk.case, "court", "en", doer(home, approver=None), "Court")
    export_case(home, order, means.casework, Destination(desk.folder / "out.asice"))
    ((request, _due),), before = reviews_of(home), size_of(home)
    asked = find_request(home, request, means.casework)
    approve(home, asked, Doer("bo", "test", home.clock(), reason="seen"), means)
    ((kind, values),) = logged(home, before)
    assert (kind, values["actor"], values["reason"], values["request"]) == ("approved", "bo", "seen", request)
    assert (asked.act.value, asked.target) == ("export", f"{desk.case} for court")
    assert reviews_of(home) == []


def test_a_request_can_be_approved_for_seven_days(desk: AskingDesk) -> None:
    asked, before, week = asked_for(desk, receive), size_of(desk.home), timedelta(days=7)
    late = replace(desk.by("bo"), at=asked.by.at + week + timedelta(milliseconds=1))
    with pytest.raises(AuthorityError, match="too old"):
        require_approvable(desk.home, asked, late, desk.means().casework)
    with pytest.raises(AuthorityError, match="too old"):
        approve(desk.home, asked, late, desk.means())
    assert size_of(desk.home) == before
    approve(desk.home, asked, replace(late, at=asked.by.at + week), desk.means())


# What would be another act now


def another_export(desk: AskingDesk) -> None:
    result = desk.folder / "export" / "result.json"
    result.write_bytes(result.read_bytes() + b"\n")


def registered(desk: AskingDesk) -> None:
    add_channel(desk.home, ENTRY, Mode.METADATA_ONLY, None, doer(desk.home))


def taken_back(desk: AskingDesk) -> None:
    add_receiver(desk.home, "Court", "court", doer(desk.home))
    remove_receiver(desk.home, "Court", "court", doer(desk.home), desk.means().casework)


def item_added(desk: AskingDesk) -> None:
    with desk.home.writing() as writer:
        items = [item.item_id for item in items_of(desk.home)]
        add_items(desk.home.engine, writer.sequencer, desk.case, items[4:5], doer(desk.home))


def item_removed(desk: AskingDesk) -> None:
    remove_items(desk.home, desk.case, (items_of(desk.home)[0].item_id,), doer(desk.home))


def withdrawn(desk: AskingDesk) -> None:
    record_consent(desk.home, desk.case, consent_to(desk.home, given=False), doer(desk.home))


def renewed(desk: AskingDesk) -> None:
    renew(desk, doer(desk.home))


CHANGES: Mapping[str, tuple[Do, Callable[[AskingDesk], None]]] = {
    "changed_export": (take, another_export),
    "changed_register": (watch, registered),
    "changed_receiver": (receive, taken_back),
    "changed_case": (export, item_added),
    "consent_withdrawn": (export, withdrawn),
    "changed_case  ": (export, item_removed),
    "changed_seal": (renew, renewed),
}


@pytest.mark.parametrize(
    "code", some(CHANGES, "changed_export", "changed_receiver", "consent_withdrawn", "changed_seal")
)
def test_nothing_is_approved_that_would_now_be_another_act(desk: AskingDesk, code: str) -> None:
    shutil.copytree(desk.office.export.folder, desk.folder / "export")
    desk = replace(desk, office=replace(desk.office, export=replace(desk.office.export, folder=desk.folder / "export")))
    do, change = CHANGES[code]
    asked = asked_for(desk, do)
    change(desk)
    before = size_of(desk.home)
    with pytest.raises(AuthorityError) as raised:
        desk.approve(asked)
    assert raised.value.code == f"authority.{code.strip()}"
    assert [kind for kind, _values in logged(desk.home, before)] == []
    refuse(desk.home, asked, desk.by("bo", reason="ask again"))


def test_a_legal_basis_that_has_ended_meanwhile_is_one_no_more(desk: AskingDesk) -> None:
    basis = legal_basis(desk.folder)
    basis.write_text(basis.read_text().replace("A. Counsel", "B. Counsel"))
    asked = asked_for(desk, watch)
    basis.unlink()  # what counsel wrote is in the order, not in a file
    before, ended = (
        size_of(desk.home),
        {**asked.order, "legal_basis": {**asked.order["legal_basis"], "expires": "2020-01-02"}},
    )
    with pytest.raises(LegalBasisError, match="not valid today"):
        desk.approve(replace(asked, order=ended))
    assert size_of(desk.home) == before
    desk.approve(asked)
    (row,) = list_channels(desk.home).entries
    assert row.mode == "sealed"


def test_a_bundle_of_items_whose_import_waited_verifies_and_withholds_the_order(desk: AskingDesk) -> None:
    known = {item.item_id for item in items_of(desk.home)}
    more = write_export(desk.folder / "more", seed=8, messages=16, photos=0)
    asked = asked_for(replace(desk, office=replace(desk.office, export=more)), take)
    desk.approve(asked)
    new = [item.item_id for item in items_of(desk.home) if item.item_id not in known]
    export_of(desk.home, new_case(desk.home, new), bundle := desk.folder / "waited.asice")
    with zipfile.ZipFile(bundle) as members, bundle.open("rb") as stream:
        events = [json.loads(line) for line in members.read(layout.EVENTS_JSONL).splitlines()]
        roots = [root for file in desk.home.trust.glob("*.pem") for root in read_roots(file)]
        assert verify_bundle(stream, roots=roots).verdict is Verdict.PASSED
    (request,) = (event for event in events if event["event"] == asked.request)
    assert (request["type"], "order" in request["withheld"]) == ("requested", True)
    assert str(desk.folder) not in json.dumps(events)


# What failed after its approval


def test_an_import_cut_short_is_finished_by_who_approved_it_and_by_nobody_else(
    desk: AskingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asked_for(desk, take)

    def full(*_told: object) -> None:
        raise HomeError("home.unsigned", cause="x")

    before = size_of(desk.home)
    monkeypatch.setattr(Intake, "take_container", full)
    with pytest.raises(HomeError):
        desk.approve(asked)
    monkeypatch.undo()
    again = find_request(desk.home, asked.request, desk.means().casework)
    assert again.review is not None
    assert again.review.approved
    (wait,) = waiting(desk.home, None).entries
    assert (wait.stage.value, wait.what) == ("unfinished", "import")
    assert [finding.code for finding in reviews(desk.home)] == ["reviews.not_finished"]
    with pytest.raises(AuthorityError, match="another person approved"):
        desk.approve(again, "cy")
    desk.approve(again, later=timedelta(days=30))
    assert [kind for kind, _values in logged(desk.home, before)] == ["approved", "imported"]
    assert waiting(desk.home, None).entries == ()


def test_of_one_import_approved_twice_at_once_one_is_recorded(
    desk: AskingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one begins while the first is reading: it finds the approval in the log, and nothing done."""
    asked, take_container, before = asked_for(desk, take), Intake.take_container, size_of(desk.home)
    refused = list[str]()

    def meanwhile(intake: Intake, *told: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it is given
        monkeypatch.undo()
        again = find_request(desk.home, asked.request, desk.means().casework)
        desk.approve(again)
        try:
            return take_container(intake, *told, **more)
        except AuthorityError as error:
            refused.append(error.code)
            raise

    monkeypatch.setattr(Intake, "take_container", meanwhile)
    with pytest.raises(AuthorityError, match="already answered"):
        desk.approve(asked)
    assert refused == ["authority.answered"]
    assert [kind for kind, _values in logged(desk.home, before)] == ["approved", "imported"]
    assert waiting(desk.home, None).entries == ()
    run_audit(
        desk.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None
    ).report.require_passed()


def test_an_approval_of_an_act_that_fails_is_not_logged(desk: AskingDesk) -> None:
    asked, before = asked_for(desk, export), size_of(desk.home)
    (desk.folder / "out.asice").write_text("in the way")
    with pytest.raises(HomeError):
        desk.approve(asked)
    assert size_of(desk.home) == before
    (desk.folder / "out.asice").unlink()
    assert desk.approve(asked, "cy").done is not None


def test_an_approved_export_without_its_names_is_finished(desk: AskingDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_for(desk, export)

    def stop(*_told: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("casefiles.bundle.destination.Parts.hand_over", stop)
    with pytest.raises(KeyboardInterrupt):
        desk.approve(asked)
    monkeypatch.undo()
    before = size_of(desk.home)
    asked = find_request(desk.home, asked.request, desk.means().casework)
    assert asked.review is None
    done = desk.approve(asked).done
    assert (desk.folder / "out.asice").exists()
    assert done is not None
    assert [kind for kind, _values in logged(desk.home, before)] == []


# What waits


def test_what_waits_is_listed_with_and_without_the_passphrase(desk: AskingDesk) -> None:
    asked = asked_for(desk, receive)
    add_channel(desk.home, ENTRY, Mode.METADATA_ONLY, None, doer(desk.home, approver=None))
    closed, opened = waiting(desk.home, None).entries, waiting(desk.home, desk.means().casework).entries
    assert [(wait.what, wait.stage.value, wait.asked) for wait in closed] == [
        ("receiver", "request", None),
        ("watch", "review", None),
    ]
    assert [wait.asked and (wait.asked.by.actor, wait.asked.target) for wait in opened] == [
        ("ann", "Court for court"),
        ("ann", "kanal"),
    ]
    assert closed[0].request == asked.request
    later = Home(desk.home.path, lambda: desk.home.clock() + timedelta(days=8))
    assert [wait.stage.value for wait in waiting(later, None).entries] == ["lapsed", "late"]
    assert [(each.code, each.verdict) for each in reviews(desk.home)] == [
        ("reviews.request_waits", Verdict.PASSED),
        ("reviews.waiting", Verdict.PASSED),
    ]
    assert [(each.code, each.verdict) for each in reviews(later)] == [
        ("reviews.too_old", Verdict.PASSED),
        ("reviews.late", Verdict.INDETERMINATE),
    ]
    later.engine.dispose()
