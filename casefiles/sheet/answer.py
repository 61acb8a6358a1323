"""The answer to a client who took her consent back: one page in her language, as data and as text, 78 columns wide.

It says what was destroyed, what is still kept and why, what was handed over before and to whom, and until when a backup
may hold it. It names no item, no channel and no other case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casefiles.report.lines import joined, spelled, title
from casefiles.report.text import banner
from casefiles.sheet.parts import SheetHeading, SheetPart, SheetText
from casefiles.sheet.text import part_text
from config.times import told_time
from config.words import Words


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What two persons destroyed at once.

    Attributes:
        backups_until: When the last backup with it ends; None where the office has not said.
    """

    at: str
    items: int
    backups_until: str | None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A signed file that left.

    Attributes:
        receiver: None where the office named none.
    """

    at: str
    audience: str
    receiver: str | None
    items: str


@dataclass(frozen=True, slots=True)
class GivenOut:
    """Pictures or videos that left, by one release (``released``)."""

    at: str
    recipient: str
    files: int


@dataclass(frozen=True, slots=True)
class WithdrawalAnswer:
    """What the answer says.

    Attributes:
        withdrawn_on: The day on which she said so, ``YYYY-MM-DD``.
        left: How many items are still to be destroyed.
        held: How many items a hold keeps, and why, in the words of whoever holds.
        frozen: How many items wait for another decision that comes first.
        sheets: When sheets for the platform were written; a person may have sent them.
    """

    rehearsal: bool
    organisation: str
    case_id: str
    made_at: str
    withdrawn_on: str
    destroyed: Sequence[Destroyed]
    left: int
    held: int
    reasons: Sequence[str]
    frozen: int
    handed_over: Sequence[HandedOver]
    given_out: Sequence[GivenOut]
    sheets: Sequence[str]


def answer_text(words: Words, answer: WithdrawalAnswer) -> str:
    """The answer as a text."""
    lines = [*banner(words, rehearsal=answer.rehearsal), *title(words.say("answer.title"))]
    return joined([*lines, *(line for part in answer_parts(words, answer) for line in part_text(part))])


def answer_parts(words: Words, answer: WithdrawalAnswer) -> Iterator[SheetPart]:
    """The parts of the answer below its title."""
    yield SheetText(
        words.say(
            "answer.made",
            organisation=spelled(answer.organisation),
            case=spelled(answer.case_id),
            at=told_time(answer.made_at),
        ),
        apart=True,
    )
    yield SheetText(words.say("answer.withdrawn", date=answer.withdrawn_on))
    yield SheetHeading(words.say("answer.destroyed"))
    yield from (SheetText(text, "-") for text in _destroyed(words, answer))
    yield SheetHeading(words.say("answer.handed"))
    yield from (SheetText(text, "-") for text in _handed_over(words, answer))
    yield SheetText(words.say("answer.handed.note"), apart=True)
    yield SheetHeading(words.say("answer.stays"))
    yield from (SheetText(text, "-") for text in _stays(words, answer))


def _destroyed(words: Words, answer: WithdrawalAnswer) -> Iterator[str]:
    for each in answer.destroyed:
        yield words.count("answer.destroyed.items", each.items, at=told_time(each.at))
    if not answer.destroyed:
        yield words.say("answer.destroyed.none")
    if answer.left:
        yield words.count("answer.left", answer.left)


def _handed_over(words: Words, answer: WithdrawalAnswer) -> Iterator[str]:
    for each in answer.handed_over:
        whom = words.say(f"audience.{each.audience}")
        receiver = whom if each.receiver is None else f"{spelled(each.receiver)} ({whom})"
        yield words.count("answer.handed.bundle", int(each.items), at=told_time(each.at), receiver=receiver)
    for release in answer.given_out:
        receiver = spelled(release.recipient)
        yield words.count("answer.handed.media", release.files, at=told_time(release.at), receiver=receiver)
    for at in answer.sheets:
        yield words.say("answer.handed.sheet", at=told_time(at))
    if not answer.handed_over and not answer.given_out and not answer.sheets:
        yield words.say("answer.handed.none")


def _stays(words: Words, answer: WithdrawalAnswer) -> Iterator[str]:
    if answer.held:
        yield words.count("answer.held", answer.held)
    for reason in answer.reasons:
        yield words.say("answer.reason", reason=spelled(reason))
    if answer.frozen:
        yield words.count("answer.frozen", answer.frozen)
    until = [each.backups_until for each in answer.destroyed]
    known = [each for each in until if each is not None]
    if answer.destroyed and len(known) == len(until):
        yield words.say("answer.backups", until=told_time(max(known), up=True))
    elif answer.destroyed:
        yield words.say("answer.backups.unknown")
    yield words.say("answer.log")
    yield words.say("answer.others")
