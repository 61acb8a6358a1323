"""What may be read of an office at each moment, as plain rules over sets: it knows nothing of how the program does it.

A *thing* is one message, or one file of a message; it may be kept in several modes, each an *exhibit* of its own. An
act that the office must refuse raises ``Refused`` and changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

UNCLAIMED, BYSTANDER, NOTICE = timedelta(days=365), timedelta(days=90), timedelta(days=30)
RANKS = {"metadata_only": 0, "sealed": 1}


class Refused(Exception):  # noqa: N818 - what a rule says, not a fault
    """A rule forbids this act."""


class PostPlace(NamedTuple):
    """Where a message stands."""

    channel: str
    number: int


class Thing(NamedTuple):
    """A message, or the file of one."""

    place: PostPlace
    kind: str


class Exhibit(NamedTuple):
    """A thing as it is kept in one mode."""

    thing: Thing
    mode: str


@dataclass(frozen=True)
class Post:
    """What was posted.

    Attributes:
        picture: Two posts with one number have the same file.
        watched: Whether the register has its channel.
    """

    place: PostPlace
    picture: int | None
    album: int | None
    watched: bool

    def things(self) -> list[Thing]:
        return [Thing(self.place, kind) for kind in ("message", "file") if kind == "message" or self.picture]


@dataclass
class FrozenPost:
    """What one entry froze, as far as two persons have not ended it."""

    exhibits: set[Exhibit]


@dataclass
class Client:
    """A case."""

    has: set[Exhibit] = field(default_factory=set)
    gave_up: dict[Exhibit, tuple[int, datetime]] = field(default_factory=dict)
    closed: bool = False


@dataclass
class KeptBy:
    """A hold, of exhibits or of all that a case has."""

    binds: bool
    until: datetime
    since: int
    exhibits: frozenset[Exhibit] = frozenset()
    case: int | None = None


@dataclass
class OfficeModel:
    """The rules. ``step`` orders acts; ``at`` is the time of the act that is next."""

    posts: dict[PostPlace, Post]
    kept: dict[Exhibit, datetime] = field(default_factory=dict)
    buried: set[Thing] = field(default_factory=set)
    childs: set[PostPlace] = field(default_factory=set)
    missing: set[PostPlace] = field(default_factory=set)
    freezes: list[FrozenPost] = field(default_factory=list)
    looked_at: set[Exhibit] = field(default_factory=set)
    cases: list[Client] = field(default_factory=list)
    holds: dict[int, KeptBy] = field(default_factory=dict)
    step: int = 0

    # Who may read what

    def is_frozen(self, exhibit: Exhibit) -> bool:
        return any(exhibit in self.post_of(each) or each == exhibit for each in self._frozen())

    def is_hidden(self, exhibit: Exhibit) -> bool:
        closed = {each.thing for case in self.cases if case.closed for each in case.has}
        return exhibit.thing in closed or self.is_frozen(exhibit)

    def readable(self) -> set[Exhibit]:
        """What somebody may be shown who names it."""
        return {each for each in self.kept if not self.is_hidden(each)}

    def listed(self) -> set[Exhibit]:
        """What lists and searches show: of each thing the highest mode."""
        return {each for each in self.readable() if each == max(self.same(each), key=lambda e: RANKS[e.mode])}

    def of_case(self, case: int) -> set[Exhibit]:
        return self.cases[case].has & self.readable()

    def matching(self, picture: int) -> set[Exhibit]:
        """The files that a comparison with this picture may find."""
        return {each for each in self.listed() if self._is_read(each) and self._picture(each) == picture}

    # Acts

    def take_in(self, places: Iterable[PostPlace], mode: str, at: datetime) -> None:
        for thing in (thing for place in places for thing in self.posts[place].things()):
            known = [each for each in self.kept if each.thing == thing and self._is_enough(each, mode)]
            frozen = mode == "sealed" and self._is_frozen_place(thing.place)
            if thing in self.buried or (thing.kind == "message" and thing.place in self.childs):
                continue
            if thing.kind == "file" and (frozen or thing.place in self.childs):
                self.missing.add(thing.place)
            elif not known:
                self.kept[Exhibit(thing, mode)] = at
        self.find_copies()

    def open_case(self) -> None:
        self.cases.append(Client())

    def add(self, case: int, exhibits: set[Exhibit]) -> None:
        if self.cases[case].closed or not exhibits <= self.readable():
            raise Refused
        self.cases[case].has |= exhibits

    def remove(self, case: int, exhibits: set[Exhibit], at: datetime) -> None:
        mine = self.cases[case]
        if not exhibits <= mine.has & self.readable():
            raise Refused
        self._give_up(mine, exhibits, at)

    def withdraw(self, case: int, at: datetime) -> None:
        mine = self.cases[case]
        if not mine.closed:
            theirs = {each.thing for other in self.cases if other is not mine for each in other.has}
            self._give_up(mine, {each for each in mine.has if each.thing in theirs}, at)
            mine.closed = True

    def consent_again(self, case: int) -> None:
        self.cases[case].closed = False

    def destroy(self, case: int) -> None:
        """What a second person approves of a case that was closed."""
        mine = self.cases[case]
        self._destroy(
            each.thing for each in list(mine.has) if not self._binding_thing(each.thing) and not self.is_frozen(each)
        )

    def hold(self, name: int, hold: KeptBy) -> None:
        if not hold.exhibits <= self.kept.keys():
            raise Refused
        self.holds[name] = hold

    def end_hold(self, name: int) -> None:
        del self.holds[name]

    def freeze(self, exhibit: Exhibit) -> None:
        self._freeze(exhibit)
        self.find_copies()

    def lift(self, exhibit: Exhibit) -> None:
        if not self.is_frozen(exhibit):
            raise Refused
        together = self.post_of(exhibit)
        ended = [each for each in self.freezes if each.exhibits & together]
        for each in ended:
            self.looked_at |= each.exhibits
            self.freezes.remove(each)

    def erase(self, exhibits: set[Exhibit], case: int | None) -> None:
        mine = set() if case is None else self.cases[case].has
        theirs = {each.thing for other in self.cases if other.has is not mine for each in other.has}
        things = {each.thing for each in exhibits}
        if case is not None and not exhibits <= mine:
            raise Refused
        if case is None and things & {each.thing for each in mine}:
            raise Refused
        frozen = any(self.is_frozen(each) for each in exhibits)
        if frozen or things & theirs or any(map(self._binding_thing, things)):
            raise Refused
        self._destroy(things)

    def erase_childs(self, exhibit: Exhibit) -> None:
        together = self.post_of(exhibit)
        if not self.is_frozen(exhibit) or any(self._binding_thing(each.thing) for each in together):
            raise Refused
        self.find_copies()
        self.childs |= {each.thing.place for each in together}
        self._destroy({each.thing for each in together})

    def retain(self, now: datetime) -> None:
        """A run of the rule that two persons agreed to."""
        things = {each.thing for each in self.kept}
        due = [thing for thing in things if all(self._is_due(each, now) for each in self._of(thing))]
        self._destroy(due)

    def go_back_to(self, before: "OfficeModel") -> "OfficeModel":
        """What an older state is when it is put back: without what was erased since."""
        gone = self.buried - before.buried
        before._destroy(gone)
        before.childs |= self.childs
        return before

    # How it is reckoned

    def same(self, exhibit: Exhibit) -> list[Exhibit]:
        return self._of(exhibit.thing)

    def post_of(self, exhibit: Exhibit) -> set[Exhibit]:
        """What is of the same message and album."""
        here = exhibit.thing.place
        album = self._album(here)
        return {e for e in self.kept if e.thing.place == here or (album and self._album(e.thing.place) == album)}

    def find_copies(self) -> None:
        """A machine freezes what is the same file as a frozen one, unless two persons have looked at it."""
        frozen = {self._picture(each) for each in self.kept if self._is_read(each) and self.is_frozen(each)}
        for each in sorted(self.kept):
            if self._is_read(each) and self._picture(each) in frozen and each not in self.looked_at:
                self._freeze(each)

    def _freeze(self, exhibit: Exhibit) -> None:
        if exhibit not in self.kept:
            raise Refused
        if not self.is_frozen(exhibit):
            self.freezes.append(FrozenPost(self.post_of(exhibit)))

    def _frozen(self) -> Iterator[Exhibit]:
        return (each for freeze in self.freezes for each in freeze.exhibits)

    def _is_frozen_place(self, place: PostPlace) -> bool:
        album = place.channel, self.posts[place].album
        frozen = {each.thing.place for each in self._frozen()}
        return place in frozen or album in map(self._album, frozen)

    def _album(self, place: PostPlace) -> tuple[str, int] | None:
        """The album of a message, which is known while the message is kept."""
        album = self.posts[place].album
        return (place.channel, album) if album and self._of(Thing(place, "message")) else None

    def _is_enough(self, exhibit: Exhibit, mode: str) -> bool:
        return exhibit.thing.kind == "message" or RANKS[exhibit.mode] >= RANKS[mode]

    def _is_read(self, exhibit: Exhibit) -> bool:
        return exhibit.thing.kind == "file" and exhibit.mode == "sealed"

    def _picture(self, exhibit: Exhibit) -> int | None:
        return self.posts[exhibit.thing.place].picture

    def _of(self, thing: Thing) -> list[Exhibit]:
        return [each for each in self.kept if each.thing == thing]

    def _give_up(self, case: Client, exhibits: set[Exhibit], at: datetime) -> None:
        case.has -= exhibits
        case.gave_up |= dict.fromkeys(exhibits, (self.step, at))

    def _holds_of(self, exhibit: Exhibit, counts: Callable[[KeptBy], bool]) -> bool:
        return any(counts(each) and exhibit in self._under(each) for each in self.holds.values())

    def _under(self, hold: KeptBy) -> set[Exhibit]:
        if hold.case is None:
            return set(hold.exhibits)
        case = self.cases[hold.case]
        return case.has | {each for each, (step, _at) in case.gave_up.items() if step > hold.since}

    def _binding_thing(self, thing: Thing) -> bool:
        return any(self._holds_of(each, lambda hold: hold.binds) for each in self._of(thing))

    def _is_due(self, exhibit: Exhibit, now: datetime) -> bool:
        age = now - self.kept[exhibit]
        given_up = (case.gave_up[exhibit][1] for case in self.cases if exhibit in case.gave_up)
        claimed = any(exhibit in case.has for case in self.cases) or any(now - at < NOTICE for at in given_up)
        held = self._holds_of(exhibit, lambda hold: hold.binds or hold.until >= now)
        old = age > UNCLAIMED or (age > BYSTANDER and self._is_bystanders(exhibit))
        return old and not claimed and not held and not self.is_hidden(exhibit)

    def _is_bystanders(self, exhibit: Exhibit) -> bool:
        place, post = exhibit.thing.place, self.posts[exhibit.thing.place]
        pictured = bool(self._of(Thing(place, "file"))) or place in self.missing
        return exhibit.thing.kind == "message" and post.watched and post.album is None and not pictured

    def _destroy(self, things: Iterable[Thing]) -> None:
        for thing in set(things):
            self.buried.add(thing)
            for exhibit in self._of(thing):
                del self.kept[exhibit]
                for case in self.cases:
                    case.has.discard(exhibit)
                for freeze in self.freezes:
                    freeze.exhibits.discard(exhibit)
            self.missing.discard(thing.place)
        self.freezes = [each for each in self.freezes if each.exhibits]
