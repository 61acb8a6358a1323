"""The same contents make the same members."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given
from hypothesis import strategies as st

from casefiles.bundle.members import make_payload
from casefiles.errors import BundleError
from casefiles.format import layout
from casefiles.format.records import Bounds, ProvenTime
from config.times import told_time
from evidence.stamp.certificate import certificate_of
from evidence.times import parse_time
from tests.casefiles import forge


def test_the_same_contents_make_the_same_payload() -> None:
    one, other = (make_payload(forge.small_contents()).members for _ in range(2))
    assert one == other
    reordered = forge.changed(forge.small_contents(), entries=forge.small_contents().entries[::-1])
    assert make_payload(reordered).members == one


def test_certificates_that_were_given_lie_in_the_bundle_under_their_digests() -> None:
    root = forge.stamp_office().root
    members = make_payload(forge.small_contents(), certificates=[certificate_of(root)]).members
    name = f"data/certs/{root.fingerprint(hashes.SHA256()).hex()}.pem"
    assert members[name] == root.public_bytes(serialization.Encoding.PEM)


def preserved_and_stamped_long_before() -> forge.Log:
    """An item, stamped within the hour; then more, whose stamps nothing that is shown names."""
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.add("observed", forge.item(1))
    forge.add_to_case(log, at=forge.START)
    for hours in (1, 2, 3):
        log.anchor(forge.START + timedelta(hours=hours))
        log.add("case_viewed", {**forge.act(forge.START), "case": "case-8"})
    return log


def test_the_first_stamp_over_an_entry_goes_along_though_no_entry_names_it(tmp_path: Path) -> None:
    log = preserved_and_stamped_long_before()
    contents = forge.contents_of(log, only=[0, 1, 2, 3])
    first = min(log.times)
    assert [stamp.token_sha256 for stamp in contents.stamps] == [first.token_sha256]
    bundle, _ = forge.build(contents)
    row = json.loads(forge.members_of(bundle)[layout.ITEMS_JSONL])
    assert (row["not_before"], row["stamped_at"]) == (None, first.at)
    assert json.loads(forge.members_of(bundle)[layout.CASE])["checkpoint"]["stamped_at"] > first.at
    assert told_time(first.at) in forge.members_of(bundle)["data/report.en.txt"].decode()
    forge.checked(bundle, tmp_path).require_passed()


@pytest.mark.parametrize("fraction_us", [0, 1, 1_000, 512_345, 999_999])
def test_the_report_says_that_nothing_was_in_the_log_before_it_was(fraction_us: int) -> None:
    """A token is never told as an earlier time than it has, nor one that an entry came after as a later one."""
    log, fraction = forge.Log(), timedelta(microseconds=fraction_us)
    log.add("log_opened", forge.opening())
    log.anchor(forge.START + fraction)
    log.add("observed", forge.item(1))
    forge.add_to_case(log, at=forge.START)
    log.anchor(forge.START + timedelta(hours=1) + fraction)
    final = forge.stamping(forge.START + timedelta(hours=2) + fraction)(hashlib.sha256(log.checkpoint()).digest())
    contents = forge.changed(forge.contents_of(log), checkpoint_token=final)
    members = make_payload(contents).members
    said = " ".join(members["data/report.en.txt"].decode().split())
    first, second, last = (forge.START + timedelta(hours=hours, seconds=1) + fraction for hours in (0, 1, 2))
    after, by = re.findall(r"stamped between: (.{19}) UTC and (.{19}) UTC", said)[0]
    every = re.findall(r"in the custody log by (.{19}) UTC", said)[0]
    assert read(after) <= first < read(after) + timedelta(seconds=1)
    assert read(by) - timedelta(seconds=1) < second <= read(by)
    assert read(every) - timedelta(seconds=1) < last <= read(every)
    (row,) = map(json.loads, members[layout.ITEMS_JSONL].splitlines())
    stamped_at = json.loads(members[layout.CASE])["checkpoint"]["stamped_at"]
    assert parse_time(row["not_before"]) <= first
    assert second <= parse_time(row["stamped_at"]) < second + timedelta(milliseconds=1)
    assert last <= parse_time(stamped_at) < last + timedelta(milliseconds=1)


def read(told: str) -> datetime:
    return datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def test_no_stamp_goes_along_that_bounds_nothing() -> None:
    log = preserved_and_stamped_long_before()
    contents = forge.contents_of(log, only=[0, 1, 2, 3])
    idle = log.stamp(max(log.times).token_sha256)
    with pytest.raises(BundleError, match="bound"):
        make_payload(forge.changed(contents, stamps=(*contents.stamps, idle)))


times = st.lists(
    st.builds(ProvenTime, st.sampled_from("abcdef"), st.integers(1, 9), st.integers(0, 99).map(str), st.just("")),
    max_size=8,
    unique_by=lambda time: time.token_sha256,
)


@given(times, st.lists(st.tuples(st.integers(0, 9), st.just("0" * 64)), max_size=5))
def test_an_entry_is_bounded_by_the_earliest_token_that_covers_it_however_few_go_along(
    earlier: list[ProvenTime], entries: list[tuple[int, str]]
) -> None:
    final = ProvenTime("c", 10, "final", "")
    bounds = Bounds(final, earlier)
    needed = bounds.needed_by(entries)
    kept = Bounds(final, [time for time in earlier if time.token_sha256 in needed])
    for index, _after in entries:
        plain = min(time for time in (*earlier, final) if time.size > index)  # the slow reference
        assert bounds.in_log_by(index) == plain == kept.in_log_by(index)
    assert kept.needed_by(entries) == needed
