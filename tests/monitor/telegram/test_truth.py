"""What the watch keeps, compared with the server's own truth over random schedules.

Nothing is invented, nothing that was visible at a look is lost, and every loss has a hole. A look is a run that caught
up. The server knows every version of every message, and when it was posted, edited and deleted.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from api.office.audit import run_audit
from api.office.completeness import Completeness, completeness_of
from evidence.finding import Verdict
from monitor.rehearsal.telegram.posts import PostTruth
from monitor.rehearsal.telegram.rooms import Room
from tests.homes import PASSPHRASE, records_of
from tests.watching import Desk, desk, picture

STEPS = 25


@dataclass
class Seen:
    """What was visible at the looks: every text of every message, and which messages."""

    texts: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    files: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    at_last: set[int] = field(default_factory=set)


@dataclass
class Kept:
    """What the home keeps of a channel: texts, deletions and file lengths by message."""

    texts: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    gone: set[int] = field(default_factory=set)
    files: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    without_file: set[int] = field(default_factory=set)


T = TypeVar("T")


class Chance:
    """A source of choices that a seed tells."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.default_rng(seed)

    def below(self, end: int) -> int:
        return int(self._source.integers(end))

    def choice(self, of: Sequence[T]) -> T:
        return of[self.below(len(of))]


class Schedule:
    """One random life of a group; the seed tells all of it."""

    def __init__(self, at: Desk, seed: int) -> None:
        self.desk, self.chance = at, Chance(seed)
        self.room = at.group()
        self.room.set_limit(self.chance.choice([1000, 1000, 30]))
        self.numbers: list[int] = []
        self.pictures: dict[int, int] = {}
        self.seen = Seen()

    def run(self, steps: int) -> None:
        acts = [self.post] * 6 + [self.edit] * 3 + [self.delete] * 3 + [self.picture] * 2
        acts += [self.burst, self.disturb, self.disturb, self.expire, self.wait, self.look, self.look, self.look]
        for _step in range(steps):
            self.chance.choice(acts)()
        self.desk.telegram.faults.clear()
        self.expire()
        self.desk.clock.pass_by(hours=2)  # whatever pause Telegram asked for is over
        self.look()

    def post(self) -> None:
        self.numbers.append(self.room.post(f"poruka {self.chance.below(1 << 40)}"))

    def burst(self) -> None:
        for _each in range(self.chance.choice([5, 60, 130])):
            self.post()

    def picture(self) -> None:
        data = picture(self.chance.below(1 << 30))
        number = self.room.post_photo(data, f"slika {self.chance.below(1 << 40)}")
        self.numbers.append(number)
        self.pictures[number] = len(data)

    def edit(self) -> None:
        if self.numbers:
            self.room.edit(self.chance.choice(self.numbers), text=f"drugo {self.chance.below(1 << 40)}")

    def delete(self) -> None:
        if self.numbers:
            number = self.numbers.pop(self.chance.below(len(self.numbers)))
            self.room.delete([number])

    def wait(self) -> None:
        self.desk.clock.pass_by(minutes=self.chance.choice([1, 10, 200]))

    def expire(self) -> None:
        self.desk.telegram.world.expire_file_references()

    def disturb(self) -> None:
        faults = self.desk.telegram.faults
        request = self.chance.choice(
            ["messages.getHistory", "updates.getChannelDifference", "channels.getMessages", "upload.getFile"]
        )
        disturb: Callable[[], None] = self.chance.choice(
            [
                lambda: faults.fail(request, "FLOOD_WAIT_1", code=420, times=1),
                lambda: faults.fail(request, "FLOOD_WAIT_3600", code=420, times=1),
                lambda: faults.fail(request, "RPC_CALL_FAIL", code=500, times=1),
                lambda: faults.cut_connections(after_bytes=self.chance.below(2000), request=request, times=1),
                lambda: faults.garbage(request, times=1, data=b"\x01\x02\x03\x04"),
            ]
        )
        disturb()

    def look(self) -> None:
        ran = self.desk.once()
        if ran.ended_by is not None:
            return
        self.seen.at_last.clear()
        for post in self.room.truth():
            if post.deleted_at is None:
                self.seen.texts[post.number].add(post.versions[-1].text)
                self.seen.at_last.add(post.number)
                if post.number in self.pictures:
                    self.seen.files[post.number].add(self.pictures[post.number])


def kept_of(at: Desk, room: Room) -> Kept:
    kept, home = Kept(), at.home
    for record in records_of(home):
        values = record.values
        if record.type == "hole" and values["lo"] is not None and values["position"] is not None:
            kept.without_file.add(int(values["lo"]))
        if record.type != "observed" or values["channel_id"] != str(room.id) or values["message_id"] is None:
            continue
        number = int(values["message_id"])
        match values["kind"]:
            case "deletion":
                kept.gone.add(number)
            case "file":
                kept.files[number].add(int(values["bytes"] or 0))
            case _:
                kept.texts[number].add(values["text"] or "")
    home.engine.dispose()
    return kept


def require_truth(truth: dict[int, PostTruth], seen: Seen, kept: Kept, found: Completeness) -> None:
    for number, texts in kept.texts.items():
        assert texts <= {version.text for version in truth[number].versions}, f"{number}: invented"
    for number in kept.gone:
        assert truth[number].deleted_at is not None, f"{number}: said to be gone"
    for number, texts in seen.texts.items():
        assert texts <= kept.texts[number], f"{number}: a version that was visible is lost"
        if truth[number].deleted_at is not None:
            assert number in kept.gone, f"{number}: its deletion is lost"
    for number, lengths in seen.files.items():
        if number not in kept.without_file:
            assert lengths <= kept.files[number], f"{number}: a picture that was visible is lost"
    holes = {number for lo, hi in found.holes for number in range(lo, hi + 1)}
    highest = max([*kept.texts, *kept.gone, *holes])  # of what came and went after it, Telegram says nothing
    unseen = {number for number in truth if number <= highest} - set(kept.texts)
    assert unseen <= holes, f"no hole for {sorted(unseen - holes)}"
    assert not holes & set(kept.texts)
    assert not found.ahead


def require_schedule(folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int, steps: int = STEPS) -> None:
    with desk(folder, monkeypatch) as at:
        schedule = Schedule(at, seed)
        schedule.run(steps)
        home = at.home
        truth = {post.number: post for post in schedule.room.truth()}
        require_truth(truth, schedule.seen, kept_of(at, schedule.room), completeness_of(home, "grupa"))
        assert schedule.seen.at_last == {number for number, post in truth.items() if post.deleted_at is None}
        done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
        assert done.report.verdict is Verdict.PASSED, done.report.problems
        home.engine.dispose()


@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_is_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    require_schedule(tmp_path, monkeypatch, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 1000))
def test_what_is_kept_is_the_truth_over_many_schedules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    require_schedule(tmp_path, monkeypatch, seed)
