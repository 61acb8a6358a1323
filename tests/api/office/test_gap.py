"""A gap that a newer source closed says when, and by what, to each receiver what it may see."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from api.home import Home, read_roots
from api.office.case import show_case
from api.office.freeze import freeze
from api.office.gap import closed_gaps
from api.office.verify import verify_bundle
from casefiles.format import layout
from evidence.canonical import Json, sha256_hex
from evidence.finding import Verdict
from evidence.observation import Mode
from tests.api.office.test_witness import CHANNEL, bring, export
from tests.homes import PASSPHRASE, doer, export_of, items_of, new_case, new_home, take_in
from tests.saved_pages import post


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path, Path]:
    """A home that got an export with messages 12 and 15 of a channel, then a fuller one; and both exports."""
    folder = tmp_path_factory.mktemp("filled")
    home = new_home(folder / "home")[0]
    older = export(folder / "older", (12, "one"), (15, "four"))
    newer = export(folder / "newer", (12, "one"), (13, "two"), (15, "four"))
    take_in(home, older, Mode.METADATA_ONLY)
    take_in(home, newer, Mode.METADATA_ONLY)
    return home, older, newer


def digest(folder: Path) -> str:
    return sha256_hex((folder / "result.json").read_bytes())


def told(home: Home, case: str, bundle: Path, audience: str) -> tuple[list[Json], str, list[dict[str, Json]]]:
    """What a bundle's description says closed gaps, what its report says was not seen, and its other entries."""
    export_of(home, case, bundle, audience=audience)
    with zipfile.ZipFile(bundle) as members, bundle.open("rb") as stream:
        report = " ".join(members.read(layout.report_name("en")).decode().split())
        closed = json.loads(members.read(layout.CASE))["closed"]
        events = [json.loads(line) for line in members.read(layout.EVENTS_JSONL).splitlines()]
        roots = [root for file in (home.path / "trust").glob("*.pem") for root in read_roots(file)]
        assert verify_bundle(stream, roots=roots).verdict is Verdict.PASSED
    return closed, report.partition("6. What was not seen")[2].partition("7. ")[0], events


def test_a_case_says_when_a_gap_was_closed_and_by_which_export(filled: tuple[Home, Path, Path]) -> None:
    home, older, newer = filled
    case, casework = new_case(home, [items_of(home)[0].item_id]), home.keys.unlock(PASSPHRASE).casework
    (gap,) = show_case(home, case, doer(home), casework).closed_gaps
    assert (gap.channel_id, gap.lo, gap.hi, gap.closing.method) == (CHANNEL, 13, 14, "desktop-json")
    assert gap.closing.container_sha256 == digest(newer) != digest(older)
    assert gap.since < gap.closing.at
    second = next(item for item in items_of(home) if item.message_id == 13)
    assert (gap.closing.at, gap.closing.hole < gap.closing.entry) == (second.acquired_at, True)


@pytest.mark.every(2)
@pytest.mark.parametrize("audience", ["court", "partner"])
def test_a_bundle_says_when_and_by_what_also_if_that_is_not_in_it(
    filled: tuple[Home, Path, Path], tmp_path: Path, audience: str
) -> None:
    home, _older, newer = filled
    case = new_case(home, [items_of(home)[0].item_id])
    (closing,), section, events = told(home, case, tmp_path / "case.asice", audience)
    assert "but closed later, according to the sender: message numbers are missing" in section
    assert "messages: 13 to 14 (2 in all)" in section
    assert "received later: 13 " in section  # 14 is a gap of the newer export
    assert "closed by: an export of Telegram Desktop (JSON)" in section
    assert f"closed with log entry: {closing['entry']}" in section
    shown = {"court": digest(newer), "partner": None}[audience]
    assert (closing["container_sha256"], (digest(newer) in "".join(section.split()))) == (shown, shown is not None)
    gaps = [event["index"] for event in events if event["values"].get("hole") == "gap"]
    assert (gaps[0], len(gaps)) == (closing["hole"], 2)
    assert not {"imported"} & {event["type"] for event in events}


def test_an_item_that_is_shown_and_closed_a_gap_is_named(filled: tuple[Home, Path, Path], tmp_path: Path) -> None:
    home = filled[0]
    _closed, section, _events = told(home, new_case(home), tmp_path / "case.asice", "court")
    (number,) = re.findall(r"\(item (\d+) here\)", section)
    held = [item.message_id for item in items_of(home)]
    assert held[int(number) - 1] == 13


def test_a_page_closes_a_gap_and_an_export_with_older_gaps_leaves_none_behind(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")[0]
    take_in(home, export(tmp_path / "first", (12, "one"), (14, "three")), Mode.METADATA_ONLY)
    bring(home, tmp_path, post(13, "two"))
    # its gap of 13 was none of ours: the page had brought the message before
    take_in(home, export(tmp_path / "second", (12, "one"), (14, "three"), (15, "four")), Mode.METADATA_ONLY)
    casework = home.keys.unlock(PASSPHRASE).casework
    (gap,) = closed_gaps(home, [CHANNEL], casework)
    assert (gap.lo, gap.hi, gap.closing.method, gap.closing.container_sha256 is None) == (13, 13, "web-page", True)
    case = new_case(home)
    closed, section, events = told(home, case, tmp_path / "case.asice", "court")
    assert "closed by: a saved web page" in section
    assert len([event for event in events if event["values"].get("hole") == "gap"]) == len(closed) == 1
    # what is frozen names nothing: neither itself nor its time
    number = next(item for item in items_of(home) if item.message_id == 13)
    freeze(home, (number.item_id,), doer(home))
    assert closed_gaps(home, [CHANNEL], casework) == []
    case = new_case(home, [items_of(home)[0].item_id])
    closed, section, _events = told(home, case, tmp_path / "again.asice", "court")
    assert (closed, "closed later" in section) == ([], False)
