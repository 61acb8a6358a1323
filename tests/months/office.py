"""A real office under a clock that the test moves, and what each of its ways to read shows.

Every act is the verb that the commands call, on a home with its own database, keys and sealed files. A kill is a
process that ends at one of its statements or file operations, without a word to anybody.
"""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from api.made import shown_items
from api.office.backup import Wishes, back_up, restore
from api.office.case import add_items, open_case, record_consent, remove_items, show_case
from api.office.channel import add_channel
from api.office.check import check_picture
from api.office.erase import ErasureCause, ErasureWish, erase_items
from api.office.freeze import freeze, lift_freeze
from api.office.hold import HoldWish, end_holds, place_hold
from api.office.intake import Wish, import_export
from api.office.item import EVERYTHING, item_rows, show_item
from api.office.opened import OpenOffice
from api.office.retention import agree_to_rule, run_retention
from api.office.search import Quest, search_items
from api.office.withdrawal import WithdrawalWish, withdraw_case
from casefiles.consent import CHECK
from config.watchlist import watch_entry
from evidence.errors import AuthorityError, HomeError, UnknownItemError
from evidence.keys import Unlocked, keys_beside
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.appearing import jpeg, look_out
from tests.erasing import COUNSEL, report_now
from tests.evidence.fingerprint.pictures import image
from tests.homes import LEGAL_BASIS, PASSPHRASE, consent_to, doer, export_of, new_home
from tests.months.model import Exhibit, KeptBy, Post, PostPlace, Thing

WATCHED, OTHER = "4242", "5151"
WORD = "fjala"
POSTS = {
    post.place: post
    for post in (
        Post(PostPlace(WATCHED, 1), None, None, watched=True),
        Post(PostPlace(WATCHED, 2), 2, None, watched=True),
        Post(PostPlace(WATCHED, 3), 3, 7, watched=True),
        Post(PostPlace(WATCHED, 4), 4, 7, watched=True),
        Post(PostPlace(WATCHED, 5), 2, None, watched=True),
        Post(PostPlace(OTHER, 1), None, None, watched=False),
        Post(PostPlace(OTHER, 2), 3, None, watched=False),
        Post(PostPlace(OTHER, 3), 6, None, watched=False),
    )
}
KILLED = 9


class MovedClock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = system_clock()

    def __call__(self) -> datetime:
        return self.now

    def move(self, days: int) -> None:
        self.now += timedelta(days=days, minutes=7)


@dataclass
class MonthsOffice:
    """A home, and the names of its items and cases in the order of the model."""

    folder: Path
    clock: MovedClock
    home: Home
    keys: Unlocked
    cases: list[str] = field(default_factory=list)
    holds: dict[int, str] = field(default_factory=dict)
    backups: int = 0

    @classmethod
    def begin(cls, folder: Path) -> "MonthsOffice":
        home, _cards = new_home(folder / "home")
        home.engine.dispose()
        clock = MovedClock()
        home = Home.open(home.path, clock)
        entry = watch_entry(
            channel=WATCHED, report_url="https://example.org/r", reported_by="Org", reported_on="2026-01-01",
            access="public",
        )  # fmt: skip
        add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
        return cls(folder, clock, home, home.keys.unlock(PASSPHRASE))

    def close(self) -> None:
        self.home.engine.dispose()

    def reopen(self) -> None:
        self.home.engine.dispose()
        self.home = Home.open(self.home.path, self.clock)

    # Names

    def named(self) -> Mapping[Exhibit, str]:
        """Every item that there is, hidden or not, as rows in clear have it."""
        item = database.item.c
        wanted = sa.select(item.item_id, item.channel_id, item.message_id, item.kind, item.mode)
        with reading(self.home.engine) as connection:
            rows = connection.execute(wanted.where(item.message_id.is_not(None))).all()
        return {_exhibit(row.channel_id, row.message_id, row.kind, row.mode): row.item_id for row in rows}

    # Acts

    def take_in(self, places: Iterable[PostPlace], mode: str) -> None:
        for channel in (WATCHED, OTHER):
            numbers = sorted(each.number for each in places if each.channel == channel)
            if numbers:
                self._import(channel, numbers, mode)
        look_out(self.home)

    def _import(self, channel: str, numbers: list[int], mode: str) -> None:
        export = self.folder / "export"
        shutil.rmtree(export, ignore_errors=True)
        write_posts(export, channel, numbers)
        (basis := self.folder / "basis.toml").write_text(
            LEGAL_BASIS.format(expires=self.clock().date() + timedelta(days=2))
        )
        wish = Wish(export, None, "mila", Mode(mode), basis if mode == "sealed" else None, doer(self.home))
        import_export(self.home, wish)

    def open_case(self) -> None:
        by = doer(self.home)
        case = open_case(self.home, by).case_id
        self.cases.append(case)
        record_consent(self.home, case, consent_to(self.home, CHECK, "lawyer"), by)

    def add(self, case: int, exhibits: set[Exhibit]) -> None:
        add_items(self.home, self.cases[case], self._ids(exhibits), doer(self.home))

    def remove(self, case: int, exhibits: set[Exhibit]) -> None:
        remove_items(self.home, self.cases[case], self._ids(exhibits), doer(self.home))

    def withdraw(self, case: int, *, destroy: bool) -> None:
        wish = WithdrawalWish(self.cases[case], "mila", self.home.today(), "sq")
        by = doer(self.home, approver="bo" if destroy else None)
        withdraw_case(self.home, wish, by, self.keys)

    def consent_again(self, case: int) -> None:
        record_consent(self.home, self.cases[case], consent_to(self.home, CHECK, "lawyer"), doer(self.home))

    def hold(self, name: int, hold: KeptBy) -> None:
        kind = HoldKind.LEGAL if hold.binds else HoldKind.RENEWAL
        case = None if hold.case is None else self.cases[hold.case]
        wish = HoldWish(kind, hold.until.date(), case, self._ids(hold.exhibits))
        self.holds[name] = place_hold(self.home, wish, doer(self.home)).hold_id

    def end_hold(self, name: int) -> None:
        end_holds(self.home, [self.holds.pop(name)], doer(self.home))

    def freeze(self, exhibit: Exhibit) -> None:
        office = OpenOffice.of(self.home, self.keys)
        freeze(self.home, self._ids({exhibit}), replace(doer(self.home), actor="zana"), office=office)

    def lift(self, exhibit: Exhibit) -> None:
        lift_freeze(self.home, self._ids({exhibit}), doer(self.home), self.keys.casework)

    def erase(self, exhibits: set[Exhibit], case: int | None, cause: ErasureCause = ErasureCause.MISTAKE) -> None:
        """With two persons; of a child's, counsel answered, and the sheet for the hotline was made."""
        named, counsel = None if case is None else self.cases[case], None
        if cause is ErasureCause.CHILD:
            counsel = COUNSEL
            with suppress(UnknownItemError):  # it is not frozen, which the erasure refuses too
                report_now(self.home, *self._ids(exhibits))
        erase_items(self.home, ErasureWish(self._ids(exhibits), cause, named, counsel), doer(self.home), self.keys)

    def retain(self) -> None:
        agree_to_rule(self.home, doer(self.home))
        run_retention(self.home, doer(self.home, approver=None), self.keys.casework)

    def _ids(self, exhibits: Iterable[Exhibit]) -> tuple[str, ...]:
        named = self.named()
        return tuple(named.get(each, "0" * 32) for each in sorted(exhibits))

    # Backups

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    def back_up(self) -> Path:
        return back_up(self.home, self.disk, with_keys=True, progress=_untold).path

    @contextmanager
    def put_back_beside(self, backup: Path) -> Iterator["MonthsOffice"]:
        """The office as a backup has it, with the keys of today: nobody can write to it."""
        (away := self.folder / "restored").mkdir()
        shutil.copytree(self.home.keys.path, keys_beside(away / "home").path)
        try:
            _restore(backup, away / "home", self.clock, Wishes())
            home = Home.open(away / "home", self.clock)
            yield replace(self, home=home)
            home.engine.dispose()
        finally:
            shutil.rmtree(away)

    def go_back_to(self, backup: Path) -> None:
        """Lose the home and its keys; go on from a backup, with the list of what was erased that lay elsewhere."""
        self.home.engine.dispose()
        erased = None
        if self.home.keys.graves.exists():
            erased = self.folder / "graves"
            shutil.copy(self.home.keys.graves, erased)
        shutil.rmtree(self.home.path)
        shutil.rmtree(self.home.keys.path)
        _restore(backup, self.home.path, self.clock, Wishes(erased=erased))
        self.home = Home.open(self.home.path, self.clock)

    # A kill

    def killed(self, act: Callable[["MonthsOffice"], object], at: int) -> bool:
        """Have a child process do something, and end it at its statement or file operation of this number.

        Returns:
            Whether it was killed; it may have been done before.
        """
        self.home.engine.dispose()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                left = [at]
                _end_after(left)
                self.home = Home.open(self.home.path, self.clock)
                act(self)
                code = 0
            except (AuthorityError, UnknownItemError):
                code = 0
            finally:
                os._exit(code)
        _pid, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, KILLED):
            raise AssertionError(f"the child ended with {code}")
        self.home = Home.open(self.home.path, self.clock)
        return code == KILLED

    # Who may read what

    def listed(self) -> set[Exhibit]:
        """What ``evidence list`` shows."""
        rows = (row for _index, row in item_rows(self.home, EVERYTHING, limit=1000, after=-1))
        return {_exhibit(r.channel_id, r.message_id, r.kind, r.mode) for r in rows if r.message_id is not None}

    def shown(self) -> set[Exhibit]:
        """What ``evidence show`` shows, of all items that there are."""
        return {exhibit for exhibit, item in self.named().items() if self._is_shown(item)}

    def _is_shown(self, item: str) -> bool:
        try:
            show_item(self.home, item)
        except UnknownItemError:
            return False
        return True

    def found(self, case: int) -> set[Exhibit]:
        """What a search for the word of every message finds."""
        quest = Quest(self.cases[case], doer(self.home), (WORD,))
        pages = search_items(self.home, quest, self.keys.casework, lambda _more: None).pages
        rows = (hit.item for page in pages for hit in page.entries)
        return {_exhibit(r.channel_id, r.message_id, r.kind, r.mode) for r in rows}

    def of_case(self, case: int) -> set[Exhibit]:
        """What ``case show`` shows."""
        shown = show_case(self.home, self.cases[case], doer(self.home), self.keys.casework)
        return self._of_ids(each.item_id for each in shown.items.entries)

    def exported(self, case: int) -> set[Exhibit]:
        """What the bundle for a lawyer shows."""
        out = self.folder / "out.asice"
        for file in self.folder.glob("out*"):
            file.unlink()
        export_of(self.home, self.cases[case], out, "lawyer")
        return self._of_ids(shown_items(out))

    def matching(self, case: int, picture: int) -> set[Exhibit]:
        """What a comparison with a picture finds."""
        checked = check_picture(
            self.home, io.BytesIO(picture_of(picture)), self.cases[case], doer(self.home), self.keys
        )
        return self._of_ids(match.item_id for match in checked.pictures[0].matches)

    def _of_ids(self, ids: Iterable[str]) -> set[Exhibit]:
        exhibits = {item: exhibit for exhibit, item in self.named().items()}
        return {exhibits[each] for each in ids}


def _exhibit(channel: str, number: int, kind: str, mode: str) -> Exhibit:
    return Exhibit(Thing(PostPlace(channel, number), kind), mode)


def _untold(_bytes: int) -> nullcontext[Callable[[int], object]]:
    return nullcontext(lambda _more: None)


def _restore(backup: Path, path: Path, clock: Callable[[], datetime], wishes: Wishes) -> None:
    try:
        restore(backup, path, clock, passphrase=lambda: PASSPHRASE, progress=_untold, wishes=wishes)
    except HomeError as error:
        if error.code != "home.restored_behind":  # it stands; nobody adds to it
            raise


def _end_after(left: list[int]) -> None:
    def step(*_arguments: object, **_more: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(KILLED)

    def heard(event: str, _arguments: object) -> None:
        if event in ("os.rename", "os.link", "os.remove", "os.truncate"):
            step()

    sa.event.listen(sa.Engine, "before_cursor_execute", step)
    sa.event.listen(sa.Engine, "commit", step)
    sys.addaudithook(heard)


def picture_of(number: int) -> bytes:
    return jpeg(image(width=160, height=120, seed=number))


def write_posts(folder: Path, channel: str, numbers: Iterable[int]) -> None:
    """An export of these messages, as they always were."""
    (folder / "photos").mkdir(parents=True)
    messages = []
    for number in numbers:
        post = POSTS[PostPlace(channel, number)]
        message = {"id": number, "type": "message", "date": "2024-11-14T10:00:00", "date_unixtime": "1731574800"}
        message |= {"from": "Zogu", "from_id": "user7", "text": f"{WORD} {channel} {number}"}
        if post.picture:
            (folder / "photos" / f"{number}.jpg").write_bytes(picture_of(post.picture))
            message |= {"photo": f"photos/{number}.jpg", "width": 160, "height": 120}
        messages.append(message | ({"media_group_id": post.album} if post.album else {}))
    export = {"name": "Kanali", "type": "public_channel", "id": int(channel), "messages": messages}
    (folder / "result.json").write_text(json.dumps(export), encoding="utf-8")
