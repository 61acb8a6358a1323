"""The shipped catalogue holds, and every mistake in one is named with its file and key."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from config import catalogues
from config.catalogues import Then, child_rules, group_of, reported_groups, sheet_platform, time_stamp_offices
from config.errors import CatalogueError
from tests.nonempty import nonempty

DATA = Path(catalogues.__file__).parent / "data"
# as their owners publish them; a second writing beside the catalogue's own
FINGERPRINTS = {
    "digicert": "552F7BDC F1A7AF9E 6CE67201 7F4F12AB F77240C7 8E761AC2 03D1D9D2 0AC89988",
    "globalsign": "2CABEAFE 37D06CA2 2ABA7391 C0033D25 982952C4 53647349 763A3AB5 AD6CCF69",
}
Change = Callable[[dict[str, Any]], None]


def test_the_shipped_offices_are_these_with_these_roots() -> None:
    shipped = time_stamp_offices()
    assert set(shipped) == set(FINGERPRINTS)
    for name, entry in shipped.items():
        certificates = [x509.load_pem_x509_certificate(root.pem) for root in entry.roots]
        found = [one.fingerprint(hashes.SHA256()).hex() for one in certificates]
        assert found == [FINGERPRINTS[name].replace(" ", "").lower()]
        assert found == [root.sha256 for root in entry.roots]
        assert all(one.subject == one.issuer for one in certificates)


def test_no_shipped_office_claims_to_have_been_checked() -> None:
    for entry in nonempty(time_stamp_offices().values()):
        assert entry.verified_by is None
        assert entry.qualified is None


def test_the_catalogue_cannot_be_changed_by_its_readers() -> None:
    shipped = time_stamp_offices()
    with pytest.raises(TypeError):
        shipped["mine"] = shipped["digicert"]
    with pytest.raises(AttributeError):
        shipped["digicert"].url = "http://elsewhere"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def altered(copy: Path, change: Change) -> Path:
    file = copy / "offices.json"
    whole = json.loads(file.read_text())
    change(whole)
    file.write_text(json.dumps(whole))
    return copy


def test_an_unchanged_copy_is_accepted(copy: Path) -> None:
    assert time_stamp_offices(altered(copy, lambda whole: None)) == time_stamp_offices()


def entry(change: Change) -> Change:
    return lambda whole: change(whole["offices"]["digicert"])


def root(change: Change) -> Change:
    return entry(lambda row: change(row["roots"][0]))


FAULTS: dict[str, tuple[Change, str]] = {
    "another format": (lambda whole: whole.update(format="nisisama/offices/2"), "format"),
    "a key that is not known": (entry(lambda row: row.update(colour="red")), "offices.digicert.colour"),
    "a key that is missing": (entry(lambda row: row.pop("source")), "offices.digicert.source"),
    "an empty source": (entry(lambda row: row.update(source=" ")), "offices.digicert.source"),
    "an address of another kind": (entry(lambda row: row.update(url="ftp://x/")), "offices.digicert.url"),
    "an address with a password": (entry(lambda row: row.update(url="http://a:b@c/")), "offices.digicert.url"),
    "an address of nobody": (entry(lambda row: row.update(url="http:///tsa")), "offices.digicert.url"),
    "a country that is no code": (entry(lambda row: row.update(country="Serbia")), "offices.digicert.country"),
    "a yes in words": (entry(lambda row: row.update(qualified="yes")), "offices.digicert.qualified"),
    "a checker without a name": (entry(lambda row: row.update(verified_by="")), "offices.digicert.verified_by"),
    "no roots": (entry(lambda row: row.update(roots=[])), "offices.digicert.roots"),
    "a root outside the folder": (root(lambda row: row.update(file="../x.pem")), "offices.digicert.roots.0.file"),
    "a fingerprint cut short": (root(lambda row: row.update(sha256="55")), "offices.digicert.roots.0.sha256"),
    "a fingerprint of another root": (
        root(lambda row: row.update(sha256="0" * 64)),
        "offices.digicert.roots.0: digicert-trusted-root-g4.pem is another",
    ),
    "a root that is not there": (root(lambda row: row.update(file="none.pem")), "none.pem"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_file_and_the_key_are_named_for(copy: Path, fault: str) -> None:
    change, named = FAULTS[fault]
    with pytest.raises(CatalogueError) as caught:
        time_stamp_offices(altered(copy, change))
    assert named in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1, "format": 2}', "\x00", "[" * 100_000])
def test_what_is_no_catalogue_is_refused(copy: Path, text: str) -> None:
    (copy / "offices.json").write_text(text)
    with pytest.raises(CatalogueError, match=r"offices\.json"):
        time_stamp_offices(copy)


def test_a_key_written_twice_is_refused_and_named(copy: Path) -> None:
    file = copy / "offices.json"
    file.write_text(file.read_text().replace('"country": "US",', '"country": "US", "country": "RS",'))
    with pytest.raises(CatalogueError, match="country"):
        time_stamp_offices(copy)


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"offices\.json"):
        time_stamp_offices(tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pem, other: pem + other,
        lambda pem, other: other + pem,
        lambda pem, other: b"Comment\n" + pem,
        lambda pem, other: pem.replace(b"\n", b"\r\n"),
        lambda pem, other: pem[: len(pem) // 2],
        lambda pem, other: b"",
        lambda pem, other: b"\xff" + pem,
    ],
    ids=["another after", "another before", "a comment", "other line ends", "half", "nothing", "no ASCII"],
)
def test_a_root_file_holds_one_certificate_and_nothing_else(copy: Path, spoil: Callable[[bytes, bytes], bytes]) -> None:
    file = copy / "offices" / "digicert-trusted-root-g4.pem"
    other = (copy / "offices" / "globalsign-root-ca-r6.pem").read_bytes()
    file.write_bytes(spoil(file.read_bytes(), other))
    with pytest.raises(CatalogueError):
        time_stamp_offices(copy)


# Publicly reported groups


def reports_altered(copy: Path, change: Change) -> Path:
    file = copy / "reported.json"
    whole = json.loads(file.read_text())
    change(whole)
    file.write_text(json.dumps(whole))
    return copy


def test_every_reported_group_is_spelled_in_latin_and_where_a_report_does_so_in_cyrillic() -> None:
    groups = reported_groups()
    assert {group.name for group in groups.values()} == {
        "Public Room", "Balkan Room", "Gevgelija Hub", "Serbian Room", "Smokva",
    }  # fmt: skip
    for group in nonempty(groups.values()):
        assert group.name in group.spellings
        assert group.reports
    cyrillic = {name for name, group in groups.items() if any("\u0400" <= c < "\u0500" for c in str(group.spellings))}
    assert {"public-room", "serbian-room", "smokva", "gevgelija-hub"} == cyrillic


def test_no_handle_and_no_address_of_a_channel_is_shipped() -> None:
    text = (DATA / "reported.json").read_text()
    assert "@" not in text
    assert "t.me" not in text
    for group in nonempty(reported_groups().values()):
        for report in group.reports:
            assert report.verified_by is None


def test_no_two_groups_are_called_the_same() -> None:
    groups = reported_groups()
    for name, group in nonempty(groups.items()):
        for spelling in (name, group.name, *group.spellings):
            assert group_of(f"  {spelling.upper()} ", groups) == group
    assert group_of("Nobody's Room", groups) is None


def test_the_earliest_report_of_a_group_comes_first(copy: Path) -> None:
    def change(whole: dict[str, Any]) -> None:
        first = whole["reports"]["joint-statement-2021"]
        whole["reports"]["earlier"] = {**first, "reported_on": "2020-01-31"}
        whole["groups"]["smokva"]["reports"].append("earlier")

    (earlier, later) = reported_groups(reports_altered(copy, change))["smokva"].reports
    assert [str(earlier.reported_on), str(later.reported_on)] == ["2020-01-31", "2021-04-15"]


REPORT_FAULTS: dict[str, tuple[Change, str]] = {
    "another format": (lambda whole: whole.update(format="nisisama/reported/2"), "format"),
    "no day": (
        lambda whole: whole["reports"]["joint-statement-2021"].update(reported_on="in April"),
        "reports.joint-statement-2021.reported_on",
    ),
    "no address": (
        lambda whole: whole["reports"]["joint-statement-2021"].update(url="t.me/x"),
        "reports.joint-statement-2021.url",
    ),
    "a handle": (lambda whole: whole["groups"]["smokva"].update(handle="@x"), "groups.smokva.handle"),
    "no spelling": (lambda whole: whole["groups"]["smokva"].update(spellings=[]), "groups.smokva.spellings"),
    "no report": (lambda whole: whole["groups"]["smokva"].update(reports=[]), "groups.smokva.reports"),
    "a report that is not there": (
        lambda whole: whole["groups"]["smokva"].update(reports=["joint-statement-2021", "other"]),
        "groups.smokva.reports.1",
    ),
}


@pytest.mark.parametrize("fault", REPORT_FAULTS)
def test_a_fault_in_the_reports_is_named_with_file_and_key(copy: Path, fault: str) -> None:
    change, key = REPORT_FAULTS[fault]
    with pytest.raises(CatalogueError) as raised:
        reported_groups(reports_altered(copy, change))
    assert f"reported.json, {key}" in str(raised.value)


def test_no_line_of_law_claims_to_have_been_verified() -> None:
    platform = sheet_platform()
    assert (platform.name, platform.address_months, platform.verified_by) == ("Telegram", 12, None)
    assert platform.countries == ("BA", "HR", "ME", "MK", "RS", "SI", "XK")
    for rule in nonempty(platform.rules):
        assert rule.verified_by is None
        assert rule.source
    assert {rule.country for rule in platform.rules if "European Preservation Order" in rule.says} == {"HR", "SI"}


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole["rules"]["offence-hr"].pop("source"),
        lambda whole: whole["rules"]["offence-hr"].update(sheets=["letter"]),
        lambda whole: whole["rules"]["offence-hr"].update(country="Croatia"),
        lambda whole: whole["platform"].update(address_months=0),
    ],
)
def test_a_mistake_in_the_law_is_named(copy: Path, change: Change) -> None:
    file = copy / "platform.json"
    assert sheet_platform(copy) == sheet_platform()
    whole = json.loads(file.read_text(encoding="utf-8"))
    change(whole)
    file.write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        sheet_platform(copy)
    assert refused.value.facts["file"] == "platform.json"


def test_no_country_has_a_rule_of_counsel_yet_and_each_asks() -> None:
    shipped = child_rules()
    assert set(shipped.rules) == {"BA", "HR", "ME", "MK", "RS", "SI", "XK"}
    for rule in nonempty([shipped.default, *shipped.rules.values()]):
        assert (rule.then, rule.written_by, rule.verified_by) == (Then.ASK, None, None)
    assert shipped.rule_of("XX") == shipped.rule_of("") == shipped.default
    assert {country for country in shipped.rules if shipped.hotlines_of(country)} == {"HR", "RS", "SI"}
    for hotline in nonempty([each for found in shipped.hotlines.values() for each in found]):
        assert (hotline.verified_by, bool(hotline.source)) == (None, True)


WRITTEN = {"then": "hold", "hold_days": 9, "written_by": "A. Counsel", "written_on": "2026-01-02", "verified_by": "bo"}


def children_altered(copy: Path, **rule: object) -> Path:
    file = copy / "children.json"
    whole = json.loads(file.read_text(encoding="utf-8"))
    whole["countries"]["SI"]["rule"] |= rule
    file.write_text(json.dumps(whole), encoding="utf-8")
    return file


def test_a_rule_of_counsel_decides_once_another_person_has_verified_it(copy: Path) -> None:
    rule = child_rules(children_altered(copy, **WRITTEN)).rule_of("SI")
    assert (rule.then, rule.hold_days, rule.country) == (Then.HOLD, 9, "SI")
    rule = child_rules(children_altered(copy, verified_by=None)).rule_of("SI")
    assert (rule.written, rule.then) == (Then.HOLD, Then.ASK)


@pytest.mark.parametrize(
    "wrong",
    [
        {"written_by": None},
        {"written_on": None},
        {"written_on": "2 January"},
        {"hold_days": None},
        {"hold_days": 0},
        {"then": "destroy"},
        {"then": "ask"},
        {"then": "keep"},
        {"more": "x"},
    ],
)
def test_a_rule_that_nobody_wrote_or_that_says_two_things_is_named(copy: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(CatalogueError) as refused:
        child_rules(children_altered(copy, **WRITTEN | wrong))
    assert refused.value.facts["file"] == "children.json"
    assert str(refused.value.facts["key"]).startswith("countries.SI.rule")
