"""A report says of each check what it rests on, and in its text what is to do."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from casefiles.format import layout
from casefiles.format.zip import container_bytes
from casefiles.verifier.checks import verify
from casefiles.verifier.report import (
    EXIT_CODES,
    WIDTH,
    as_json,
    as_text,
    check_list,
    detail_of,
    not_made_by,
    printable,
    proven_times,
)
from config.times import told_time
from evidence.finding import Finding, Report, Verdict
from tests.casefiles import forge

FORMAT = Path(__file__).parents[3] / "docs" / "format.md"


def report(*bad: Finding) -> Report:
    found = {each.id: each for each in bad}
    return Report(tuple(found.get(each.id, Finding(each.id, Verdict.PASSED)) for each in check_list()))


def test_codes_are_the_numbers_that_scripts_rely_on() -> None:
    assert dict(EXIT_CODES) == {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.INDETERMINATE: 3}


def test_the_page_on_formats_lists_every_check_in_order() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+) \| ([A-Z_]+) \|$", FORMAT.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(each.id, each.title, each.sub_indication) for each in check_list()]


def test_json_has_every_check_in_the_order_of_the_list() -> None:
    printed = as_json(report())
    assert printed["verdict"] == "PASSED"
    assert [check["id"] for check in printed["checks"]] == [each.id for each in check_list()]


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.INDETERMINATE])
def test_the_text_says_what_is_wrong_then_what_to_do_then_the_verdict(verdict: Verdict) -> None:
    bad = Finding(check_list()[5].id, verdict, "a.code", {"where": "file", "found": "b", "fix": "Do c"})
    lines = as_text(report(bad)).splitlines()
    assert lines[-1] == f"verdict: {verdict}"
    assert "Do c." in lines
    assert any(line.strip() == f"file: a.code: b [{check_list()[5].sub_indication}]" for line in lines)
    assert max(map(len, lines)) <= WIDTH


def test_a_check_that_was_not_made_bears_no_code_of_a_failure(tmp_path: Path) -> None:
    members = forge.good_members()
    (tmp_path / "bundle.asice").write_bytes(container_bytes(members | {layout.STAMPS: b"{}\n"}))
    lines = as_text(verify(tmp_path / "bundle.asice", roots=forge.roots())).splitlines()
    not_made = [line for line in lines if "not made, because" in line]
    assert not_made
    assert not any("[" in line for line in not_made)
    assert any("[HASH_FAILURE]" in line for line in lines), "one that failed bears it"


def test_the_same_remedy_is_told_once() -> None:
    bad = [Finding(each.id, Verdict.INDETERMINATE, "a.code", {"fix": "Give the roots"}) for each in check_list()[3:6]]
    assert as_text(report(*bad)).count("Give the roots.") == 1


def test_of_a_file_that_is_no_bundle_one_line_says_so() -> None:
    bad = Finding(check_list()[0].id, Verdict.FAILED, "a.code", {"found": "no ZIP", "fix": "Take the file itself"})
    assert as_text(report(bad)) == "a.code: no ZIP - Take the file itself\n\nverdict: FAILED\n"


def test_what_others_wrote_cannot_act_on_a_terminal() -> None:
    assert printable("a\x1b[2J\u202e\n") == r"a\x1b[2J\u202e\n"
    facts = {"where": "where\x1b", "expected": "expected", "found": "found", "fix": "fix\n"}
    finding = Finding("x", Verdict.FAILED, "a.code", facts)
    assert detail_of(finding) == r"where\x1b: a.code: found (expected expected) - fix\n"
    assert detail_of(replace(finding, facts={"found": "found"})) == "a.code: found"


def test_each_check_is_made_or_named_as_not_made_by_a_program() -> None:
    made = {each.id for each in check_list() if "sh" in each.done_by}
    assert made | {each.id for each in not_made_by("sh")} == {each.id for each in check_list()}
    assert made & {each.id for each in not_made_by("sh")} == set()


def test_the_answer_names_the_earliest_proven_time_and_its_token(tmp_path: Path) -> None:
    told = as_json(forge.checked(forge.good_bundle(), tmp_path))["proven"]
    assert [(each["what"], each["where"]) for each in told] == [
        ("first_entry", layout.STAMPS),
        ("log", layout.CHECKPOINT_TOKEN),
        ("seal", layout.SEAL_SIGNATURE),
        ("archive", layout.ARCHIVE_TOKEN),
    ]
    assert told[0]["at"] == "2026-11-20T09:05:01.000Z"
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    # a stranger renews the archive's stamp years later: the earlier times stand
    later = forge.rearchive(forge.good_members(), stamp=forge.stamping(forge.START + timedelta(days=200)))
    again = as_json(forge.checked(later, tmp_path))["proven"]
    assert again[:3] == told[:3]
    assert again[3]["at"] > told[3]["at"]
    text = as_text(forge.checked(later, tmp_path)).partition("Proven by time stamps")[2]
    assert text.index("2026-11-20 09:05:01 UTC") < text.index(told_time(again[3]["at"]))


def test_a_proven_time_is_told_no_earlier_than_it_is(tmp_path: Path) -> None:
    late = forge.START + timedelta(days=200, microseconds=1)
    checked = forge.checked(forge.rearchive(forge.good_members(), stamp=forge.stamping(late)), tmp_path)
    told = as_json(checked)["proven"][3]["at"]
    assert told.endswith("01.001Z")
    text = " ".join(as_text(checked).split())
    assert text.count(f"{told_time(told, up=True)} ") == 3  # of the stamp, in the order of the stamps, as proven
    assert told_time(told) not in text


def test_without_roots_no_time_is_proven(tmp_path: Path) -> None:
    assert as_json(forge.checked(forge.good_bundle(), tmp_path, trust=[]))["proven"] == []


@pytest.mark.parametrize("check", ["log.checkpoint", "log.inclusion"])
def test_the_stamp_of_a_daily_seal_proves_no_time_of_entries_that_it_may_not_cover(check: str, tmp_path: Path) -> None:
    report = forge.checked(forge.good_bundle(), tmp_path)
    assert "log" in [proven.what for proven in proven_times(report)]
    findings = [replace(each, verdict=Verdict.FAILED) if each.id == check else each for each in report.findings]
    assert "log" not in [proven.what for proven in proven_times(replace(report, findings=tuple(findings)))]


def test_a_renewal_and_a_counter_seal_prove_later_times_too(tmp_path: Path) -> None:
    renewed = forge.checked(container_bytes(forge.renewed()), tmp_path)
    assert [(proven.what, proven.where) for proven in proven_times(renewed)][-1] == (
        "renewed",
        "META-INF/timestamp003.tst",
    )
    sealed_too = forge.checked(forge.countersigned(), tmp_path, trust=forge.counter_roots())
    assert "counter_seal" in [proven.what for proven in proven_times(sealed_too)]
    assert not {"renewed", "counter_seal"} & {
        proven.what for proven in proven_times(forge.checked(forge.good_bundle(), tmp_path))
    }
