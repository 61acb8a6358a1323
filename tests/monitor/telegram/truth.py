"""Compares what a home keeps of its channels with the truth that the server has, after a schedule.

A *look* is a run of the watch that caught up while a room was open to the account; what was there, unchanged, from its
beginning to its end was visible. For each room:

1.  *Nothing is invented.* Each text that is kept is a version of that message, with its posting time; each file has
    the digest of a file that the message had; each deletion is of a message that was deleted. Nothing is kept twice.
2.  *Nothing visible is lost.* Each version and each file that was visible at a look is kept; a file may be missing
    if a hole names it, and its mode, its message or Telegram is to blame. If a kept message was deleted before a look,
    the deletion is kept.
3.  *Every loss is explained.* Each message number up to the highest that the watch can know of is kept, or stands in a
    hole; none is both, and none is left to be looked at.
4.  *Time.* Where no look was within ``unseen_after``, holes in time say so, without a gap between two looks, with the
    true reason; and no such hole goes beyond a look, or tells of a ban or a pause that did not happen.
5.  *The report is the record.* ``evidence completeness`` says the same spans, holes and deletions as the records.

6.  *The channel itself.* The newest snapshot has its title, if the message that told it was seen; no snapshot has a
    title that it never had.

And for the home: nothing is kept of a channel that took over a name; each account that was lost is on record, and none
that was not; each container that a message names has its entry; no file still waits; the audit is clean at level 3 with
records.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.office.audit import run_audit
from api.office.completeness import Completeness, Missed, completeness_of
from evidence.custody.event import Record
from evidence.observation import HoleReason, Mode
from evidence.store.database import reading
from evidence.times import format_time
from monitor.rehearsal.telegram.posts import PostTruth
from monitor.telegram.standing import places_waiting
from tests.homes import PASSPHRASE, records_of
from tests.monitor.telegram.schedules import RoomLife, Run, Schedule

UNSEEN_AFTER = timedelta(minutes=3)
SLACK = timedelta(seconds=20)
"""How much longer a run may be than the clock says that is read before and after it."""
_CLOSED = {HoleReason.BAN, HoleReason.CHANNEL_GONE}
_FILE_HOLES = {HoleReason.UNAVAILABLE, HoleReason.BROKE_OFF, HoleReason.REFUSED, HoleReason.MODE}


@dataclass
class Kept:
    """What the records of a home say of one room."""

    texts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    kinds: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    posted: dict[int, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    gone: list[tuple[int, str]] = field(default_factory=list)
    files: dict[int, list[str | None]] = field(default_factory=lambda: defaultdict(list))
    file_holes: dict[int, set[HoleReason]] = field(default_factory=lambda: defaultdict(set))
    unsupported: set[int] = field(default_factory=set)


def kept_of(records: Sequence[Record], channel_id: int) -> Kept:
    kept = Kept()
    for record in records:
        values = record.values
        if values.get("channel_id") != str(channel_id):
            continue
        if record.type == "hole" and values["lo"] is not None and values["position"] is not None:
            kept.file_holes[int(str(values["lo"]))].add(HoleReason(str(values["hole"])))
        if record.type == "hole" and values["hole"] == HoleReason.UNSUPPORTED:
            kept.unsupported.add(int(str(values["lo"])))
        if record.type == "observed" and values["message_id"] is not None:
            _keep(kept, int(str(values["message_id"])), values)
    return kept


def _keep(kept: Kept, number: int, values: Any) -> None:  # noqa: ANN401 - the values of a record
    match values["kind"]:
        case "deletion":
            kept.gone.append((number, values["action"]))
        case "file":
            kept.files[number].append(values["sha256"])
        case kind:
            kept.texts[number].append(values["text"] or "")
            kept.kinds[number].append(kind)
            kept.posted[number].add(values["posted_at"])


def require_truth(schedule: Schedule) -> None:
    """Compare everything; the schedule has ended with a look that nothing disturbed."""
    home = schedule.desk.home
    try:
        records = records_of(home)
        with reading(home.engine) as connection:
            waiting = {(each.channel_id, each.message_id) for each in places_waiting(connection)}
        unseen = {(life.room.id, each) for life in schedule.lives for each in life.unseen}
        assert waiting <= unseen, f"files still wait: {waiting - unseen}"
        for life in schedule.lives:
            truth = {post.number: post for post in life.room.truth()}
            kept, found = kept_of(records, life.room.id), completeness_of(home, str(life.room.id))
            assert life.last == life.present(), f"{life.name}: the last look did not see it"
            require_not_invented(truth, life, kept, schedule)
            require_not_lost(truth, life, kept, schedule)
            require_explained(truth, life, kept, found)
            require_times(schedule, life, found)
            require_titles(life, kept, records)
        kept_of_any = {str(each.values.get("channel_id")) for each in records}
        assert not kept_of_any & {str(each.id) for each in schedule.strangers}, "a channel that nobody reported"
        require_accounts(schedule, records)
        require_containers(records)
        done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
        problems = [each for each in done.report.problems if each.id != "log.anchored"]  # nothing is stamped here
        assert not problems, problems
    finally:
        home.engine.dispose()


def require_not_invented(truth: dict[int, PostTruth], life: RoomLife, kept: Kept, schedule: Schedule) -> None:
    garbled = kept.unsupported if schedule.garbage > 2 else set()  # asked for twice, after the page itself was garbage
    for number, texts in kept.texts.items():
        assert number in truth, f"{number}: invented"
        versions = [version.text for version in truth[number].versions]
        unread = number in life.unreadable or number in garbled
        assert set(texts) - ({""} if unread else set()) <= set(versions), f"{number}: a version is invented"
        words = [each for each in texts if each or not unread]
        assert len(set(words)) == len(words), f"{number}: kept twice, {kept.kinds[number]} {texts}"
        bare = len(texts) - len(words)
        assert bare <= 1 + _was_raised(life), f"{number}: kept {bare} times without words, {life.modes}"
        times = kept.posted[number] - ({None} if unread else set())
        assert unread or times, f"{number}: no time"
        assert times <= {format_time(truth[number].versions[0].at)}, f"{number}: another time"
        first = kept.kinds[number][0]
        assert first == truth[number].kind, f"{number}: begins with {first}"
        assert set(kept.kinds[number][1:]) <= {"edit", "message" if unread else "edit"}, (
            f"{number}: {kept.kinds[number]}"
        )
    for number, _how in kept.gone:
        assert truth[number].deleted_at is not None, f"{number}: said to be gone"
    assert len(set(kept.gone)) == len(kept.gone), f"{kept.gone}: gone twice"
    for number, how in kept.gone:  # what was missing may be told later
        assert how == "told" or (number, "told") not in kept.gone[: kept.gone.index((number, how))], (
            f"{number}: missing"
        )
    for number, digests in kept.files.items():
        had = set(life.digests.get(number, [])) if life.modes != [Mode.METADATA_ONLY] else set()
        had |= {None} if Mode.METADATA_ONLY in life.modes else set()
        assert set(digests) <= had, f"{number}: another file"
        twice = [each for each, times in Counter(digests).items() if times > _times(life, number, each)]
        assert not twice, f"{life.name} {number}: a file twice, {digests}, {life.digests.get(number)}"


def _was_raised(life: RoomLife) -> bool:
    """Whether what a lower mode leaves of a message that nobody can read may have been kept later: its bytes."""
    return any(before is not Mode.SEALED and Mode.SEALED in life.modes[at:] for at, before in enumerate(life.modes))


def _times(life: RoomLife, number: int, digest: str | None) -> int:
    """How often a file of a message may be kept: it can be put into the message again."""
    if digest is None:
        return len(life.digests.get(number, []))
    return life.digests[number].count(digest) * len(life.modes)


def require_not_lost(truth: dict[int, PostTruth], life: RoomLife, kept: Kept, schedule: Schedule) -> None:
    began = life.looks[-1][0]
    for number, states in life.seen.items():
        for present in states:
            assert present.text in kept.texts[number], f"{number}: a version that was visible is lost"
            if present.digest is not None:
                _require_file(life, kept, number, present.digest, schedule)
    gone = {number for number, _how in kept.gone}
    for number in kept.texts:
        deleted_at = truth[number].deleted_at
        if deleted_at is not None and deleted_at < began and number > life.hidden:
            assert number in gone, f"{number}: its deletion is lost"


def _require_file(life: RoomLife, kept: Kept, number: int, digest: str, schedule: Schedule) -> None:
    reasons = kept.file_holes[number]
    if number in life.unseen:
        return
    assert reasons <= _FILE_HOLES | {HoleReason.NOT_DECODED}, reasons
    if life.modes == [Mode.METADATA_ONLY]:
        assert HoleReason.MODE in reasons, f"{number}: no hole for the file that the mode does not allow"
    elif digest not in kept.files[number]:
        assert reasons, f"{number}: a file that was visible is lost"
        changed = digest != life.digests[number][-1] or number not in life.last or life.mode is Mode.METADATA_ONLY
        blame = changed or schedule.files_spoiled or bool(life.closed) or bool(schedule.troubles)
        assert blame, f"{number}: a file is a hole, {reasons}, and nothing is to blame"


def require_explained(truth: dict[int, PostTruth], life: RoomLife, kept: Kept, found: Completeness) -> None:
    observed = set(_numbers(found.observed))
    holes = set(_numbers(found.holes))
    assert observed == set(kept.texts), "the report has other numbers than the record"
    told = {number for number, how in kept.gone if how == "told"}
    assert set(_numbers(found.deleted)) == told
    assert set(_numbers(found.missing)) == {number for number, _how in kept.gone} - told
    assert not found.ahead
    assert holes <= set(truth), f"holes where nothing was: {sorted(holes - set(truth))[:5]}"
    assert not holes & observed
    highest = max([0, *observed, *holes])
    known_of = {number for number, post in truth.items() if post.deleted_at is None and number > life.hidden}
    there = {number for number in truth if number <= highest} | known_of
    assert there <= observed | holes, f"no hole for {sorted(there - observed - holes)[:5]}"


def _numbers(spans: Sequence[tuple[int, int]]) -> Iterator[int]:
    for lo, hi in spans:
        yield from range(lo, hi + 1)


# Time


def require_times(schedule: Schedule, life: RoomLife, found: Completeness) -> None:
    holes = [each for each in found.gaps if each.lo is None and each.reason in _REASONS]
    for hole in holes:
        _require_not_invented_time(schedule, life, hole)
    for before, after in _stretches(schedule.runs, life):
        middle = before.ended + (after.began - before.ended) / 2
        reasons = {each.reason for each in holes if each.since <= middle <= (each.until or after.ended)}
        reasons -= {HoleReason.DIFFERENCE_TOO_LONG, HoleReason.DIFFERENCE_UNREAD}
        assert reasons, f"{life.name}: no hole in time between {before.ended} and {after.began}"
        expected = _expected(schedule, life, before)
        assert reasons <= expected, f"{life.name}: {reasons} between {before.ended} and {after.began}, not {expected}"


_REASONS = {
    HoleReason.BAN,
    HoleReason.CHANNEL_GONE,
    HoleReason.DOWNTIME,
    HoleReason.FLOOD,
    HoleReason.DIFFERENCE_TOO_LONG,
    HoleReason.DIFFERENCE_UNREAD,
}


def _require_not_invented_time(schedule: Schedule, life: RoomLife, hole: Missed) -> None:
    until = hole.until
    assert until is not None, f"{life.name}: {hole.reason} since {hole.since} has no end after the last look"
    assert hole.since <= until
    within = [look for look in life.looks if look[0] > hole.since + SLACK and look[1] < until - SLACK]
    assert not within, f"{life.name}: {hole.reason} from {hole.since} to {until} goes beyond a look at {within[0]}"
    if hole.reason in _CLOSED:
        closed = any(each.was_closed(hole.since - SLACK, until) for each in schedule.lives)
        assert closed or schedule.troubles, f"{life.name}: no {hole.reason} was"
    if hole.reason is HoleReason.FLOOD:
        assert any(at <= until for at in schedule.floods), f"{life.name}: no pause was"


def _stretches(runs: Sequence[Run], life: RoomLife) -> Iterator[tuple[Run, Run]]:
    """Pairs of runs between which nobody looked for a long time, after the first look that saw the room."""
    first = life.looks[0][1]
    for before, after in itertools.pairwise(runs):
        if before.ended >= first and after.began - before.ended > UNSEEN_AFTER + SLACK:
            yield before, after


def _expected(schedule: Schedule, life: RoomLife, before: Run) -> set[HoleReason]:
    """Why nothing may have been seen after a run, given what Telegram had done until its end."""
    if before.ended_by == "" and (before.began, before.ended) in life.looks:
        return {HoleReason.DOWNTIME}
    refused = any(begun < before.began and (ended is None or ended > before.ended) for begun, ended in life.closed)
    if before.ended_by == "" and refused and life.room.usernames:
        return _CLOSED
    last = max(began for began, ended in life.looks if ended <= before.ended)
    closed = any(
        each.was_closed(last, before.ended) for each in schedule.lives if each.room in (life.room, life.room.linked)
    )
    lost = any(at <= before.ended for at in schedule.troubled_at)
    paused = any(at <= before.ended for at in schedule.floods)
    return {HoleReason.DOWNTIME, *(_CLOSED if closed or lost else ()), *([HoleReason.FLOOD] if paused else [])}


# The channel itself


def require_titles(life: RoomLife, kept: Kept, records: Sequence[Record]) -> None:
    said = [
        str(each.values["channel_title"])
        for each in records
        if each.values.get("channel_id") == str(life.room.id) and each.values.get("kind") == "channel"
    ]
    titles = [title for title in said if title != "None"]
    assert set(titles) <= set(life.titles), f"{life.name}: {set(titles) - set(life.titles)} was never its title"
    told = not life.renamed_by or life.renamed_by in kept.kinds  # if not, a later snapshot finds out
    assert not told or titles[-1] == life.room.title, f"{life.name}: no snapshot has its new title"


# The home


def require_accounts(schedule: Schedule, records: Sequence[Record]) -> None:
    told = Counter(
        (str(each.values["account"]), str(each.values["cause"])) for each in records if each.type == "account_lost"
    )
    were = Counter((name, state.value) for name, state in schedule.troubles)
    assert told <= were, f"lost accounts that were none: {told - were}"
    assert set(schedule.losses) <= set(told), f"a lost account is not on record: {set(schedule.losses) - set(told)}"


def require_containers(records: Sequence[Record]) -> None:
    named = {each.values["container_sha256"] for each in records if each.type in ("observed", "hole")} - {None}
    logged = {each.values["container_sha256"] for each in records if each.type == "imported"}
    assert named <= logged, "a message names a container that no entry has"
