"""The entries of a bundle as a closed world: what one refers to is there, and each says what it may.

Whoever holds the seal, and even the log's key, can leave out an entry that another names, show one of another case, or
take one person for two. Each rule is of docs/format.md. A value that is withheld refers to nothing that can be checked.
Pure; standard library only.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from casefiles.errors import RecordsError, UndecidedError
from casefiles.format.records import ITEM, OPENING, Bounds, DisclosedLeaf
from evidence.canonical import Json
from evidence.errors import AuthorityError
from evidence.log.leaf import named_entries
from evidence.log.schema import SCHEMAS, TIERS
from evidence.names import require_others
from evidence.times import MAX_SKEW, format_time, parse_time

KINDS = frozenset({"channel", "deletion", "edit", "file", "link", "message", "service"})
MODES = frozenset({"hash_only", "metadata_only", "sealed"})
_REQUEST, _APPROVAL, _HOLE = "requested", "approved", "hole"
_CASE_OPENED, _ADDED, _REMOVED = "case_opened", "case_item_added", "case_item_removed"
_KEY_CHANGED, _SEAL = "key_changed", "seal"
_FROZEN, _ERASED = "frozen", "erased"
_CHECKED, _FILE, _IDENTICAL = "checked", "file", "identical"
_RECOGNISED, _CONSENT, _LEFT_OUT = "recognised", "consent", "left_out"
_OF_THE_CASE = frozenset({_CASE_OPENED, _ADDED, _REMOVED, _CONSENT, _CHECKED, _RECOGNISED, _LEFT_OUT})
_SHOWN = frozenset({OPENING, _KEY_CHANGED, _REQUEST, _APPROVAL, ITEM, _HOLE, _FROZEN, _ERASED}) | _OF_THE_CASE
"""The types of entries that a bundle shows; none other is about its case, and an anchor comes with its token alone."""
_NAMED: Mapping[str, str] = {"authority": _REQUEST, "request": _REQUEST, "item": ITEM, **dict.fromkeys(TIERS, ITEM)}
"""NAMEs whose value is another event, or several, and the type that these must be of."""
_STATED = (
    *((how, means, frozenset({_FILE})) for how in ("same_file", "very_similar") for means in ("file", "question")),
    ("seen", None, frozenset({"edit", _FILE, "message"})),
)
"""How a client recognises an item, by which means it was compared, and which kinds of items can be recognised so."""
_BEFORE = timedelta(days=1)
"""How long before its entry an act may have begun."""
_proven_time = functools.lru_cache(maxsize=64)(parse_time)
"""A few tokens bound thousands of entries."""


def require_closed(records: Sequence[DisclosedLeaf], *, case_id: str, log_key: str) -> None:
    """As a check of a bundle: check what its entries say of one another.

    1. Each is of a type that a bundle shows, and no event is there twice.
    2. Entry 0 alone opened the log, and shows the log's key.
    3. Each event that one names as its request, its authority or its item is there, of that type; each request that is
       there is named by what was done on it.
    4. Whatever speaks of a case speaks of this one. The case was opened once, each item was added to it, each item that
       is not shown was removed from it, erased or is frozen, and each hole is of a channel of these items.
    5. Who approved is another than who asked.
    6. An item is of a known kind and mode.
    7. A comparison names as many files as it found, each once; those that are the picture itself are one file.
    8. What the client states of an item is of an earlier entry, and says how she recognises it; she takes back what she
       stated before. Beside that, each consent says whether it was given: with its end, what she stated ends.

    Args:
        case_id: The case of which the bundle is, from ``case.json``.
        log_key: The log's key, from ``data/log/key``.

    Raises:
        RecordsError: One of them does not hold.
        AuthorityError: Two names are one person's.
    """
    # (1) types, and each once
    _require_shown_types(records)
    _require_once(records)
    # (2) the opening
    _require_opening(records, log_key)
    # (3) what is named
    by_event = {record.leaf.event_id: record for record in records}
    for record, name, named in _names(records):
        found = by_event.get(named)
        if found is None or found.leaf.type != _NAMED[name]:
            raise RecordsError("records.names_what_is_not_there", index=record.index, name=name, expected=named)
    _require_used(records)
    # (4) the case
    _require_case(records, case_id)
    _require_items_of_the_case(records, case_id)
    _require_holes_of_the_case(records)
    # (5) two persons
    _require_two_persons(records, by_event)
    # (6) kinds and modes
    for record in _of(records, ITEM):
        _require_listed(record, "kind", KINDS)
        _require_listed(record, "mode", MODES)
    # (7) comparisons
    for record in _of(records, _CHECKED):
        _require_found(record, by_event)
    # (8) statements
    _require_stated(records, by_event)


def require_logged_seal(records: Iterable[DisclosedLeaf], *, certificate_sha256: str) -> None:
    """As a check of a bundle: its seal is the one that the log names, in entry 0 or the newest change shown.

    Each change names the certificate before it, so that none between two can be left out.

    Args:
        certificate_sha256: Lower hex SHA-256 of the certificate of the seal.

    Raises:
        RecordsError: It is another one, a change does not follow the one before, or one withholds what it changes.
    """
    logged: Json = None
    for record in records:
        if record.leaf.type == OPENING:
            logged = record.values.get("seal_certificate_sha256")
        elif record.leaf.type == _KEY_CHANGED:
            if record.values.get("key") != _SEAL or record.values.get("old") != logged:
                raise RecordsError("records.seal_change_out_of_order", index=record.index, expected=_text(logged))
            logged = record.values.get("new")
    if logged != certificate_sha256:
        raise RecordsError("records.sealed_by_another", expected=_text(logged), found=certificate_sha256)


def require_within(records: Iterable[DisclosedLeaf], bounds: Bounds) -> None:
    """As a check of a bundle: the time that each entry states fits the times that are proven for it.

    Raises:
        UndecidedError: One does not: the clock by which it was written was wrong, and what it says of time is open.
    """
    for record in records:
        at = record.values.get("at")
        if isinstance(at, str):
            _require_fits(at, record.index, bounds.made_after(record.leaf.after), bounds)


def require_closings_within(
    closings: Iterable[Mapping[str, Json]], records: Iterable[DisclosedLeaf], bounds: Bounds
) -> None:
    """As a check of a bundle: the time of what closed a gap fits the times that are proven for gap and log.

    The entry need not be shown: it came after its gap.

    Args:
        closings: ``closed`` of ``case.json``.

    Raises:
        UndecidedError: As ``require_within``.
    """
    holes = {record.index: record for record in records}
    for closing in closings:
        hole = holes.get(int(closing["hole"]))  # that it is there, another check says
        if hole is not None:
            _require_fits(closing["at"], int(closing["entry"]), bounds.made_after(hole.leaf.after), bounds)


def _require_fits(at: str, index: int, after: str | None, bounds: Bounds) -> None:
    """Check the time that an entry states by when it was made at the earliest, if that is proven, and at the latest."""
    stated, latest = parse_time(at), bounds.in_log_by(index).by
    if stated > _proven_time(latest) + MAX_SKEW or (after and stated < _proven_time(after) - _BEFORE):
        if not after:
            raise UndecidedError("undecided.time_too_late", index=index, latest=latest, found=at)
        raise UndecidedError("undecided.time_outside", index=index, after=after, latest=latest, found=at)


def require_made_between(created_at: str, *, checkpoint: datetime, seal: datetime) -> None:
    """As a check of a bundle: the time at which it says it was made fits its stamps.

    It is made under the checkpoint, then sealed.

    Raises:
        UndecidedError: It does not: the clock of who made it was wrong.
    """
    at = parse_time(created_at)
    if at > seal + MAX_SKEW or at < checkpoint - _BEFORE:
        raise UndecidedError(
            "undecided.made_outside", after=format_time(checkpoint), until=format_time(seal), found=created_at
        )


def _of(records: Iterable[DisclosedLeaf], event_type: str) -> Iterator[DisclosedLeaf]:
    return (record for record in records if record.leaf.type == event_type)


def _names(records: Iterable[DisclosedLeaf]) -> Iterator[tuple[DisclosedLeaf, str, str]]:
    """Each event that is named: by which record, under which NAME."""
    for record in records:
        for name in sorted(_NAMED.keys() & record.values.keys()):
            value = record.values[name]
            for named in value if isinstance(value, list) else [value]:
                if isinstance(named, str):
                    yield record, name, named


def _require_once(records: Iterable[DisclosedLeaf]) -> None:
    seen: dict[str, int] = {}
    for record in records:
        if seen.setdefault(record.leaf.event_id, record.index) != record.index:
            raise RecordsError("records.event_twice", index=record.index, other=seen[record.leaf.event_id])


def _require_opening(records: Iterable[DisclosedLeaf], log_key: str) -> None:
    for record in _of(records, OPENING):
        if record.index != 0:
            raise RecordsError("records.opened_again", index=record.index)
        if record.values.get("log_key") != log_key:
            found = ascii(record.values.get("log_key"))[:120]
            raise RecordsError("records.opened_with_another_key", expected=log_key, found=found)


def _require_shown_types(records: Iterable[DisclosedLeaf]) -> None:
    for record in records:
        # of a type that is not known here, nothing can be said
        if record.leaf.type in SCHEMAS and record.leaf.type not in _SHOWN:
            raise RecordsError("records.of_a_type_not_shown", index=record.index, found=record.leaf.type)


def _require_used(records: Sequence[DisclosedLeaf]) -> None:
    used = {named for record, _, named in _names(records) if record.leaf.type != _APPROVAL}
    for record in _of(records, _REQUEST):
        if record.leaf.event_id not in used:
            raise RecordsError("records.request_of_nothing", index=record.index)


def _require_case(records: Iterable[DisclosedLeaf], case_id: str) -> None:
    for record in records:
        if "case" in record.withheld or record.values.get("case", case_id) != case_id:
            found = ascii(record.values.get("case"))[:80]
            raise RecordsError("records.of_another_case", index=record.index, expected=case_id, found=found)


def _require_items_of_the_case(records: Sequence[DisclosedLeaf], case_id: str) -> None:
    opened = sum(1 for _ in _of(records, _CASE_OPENED))
    if opened != 1:
        raise RecordsError("records.case_not_opened_once", expected=case_id, found=opened)
    held = {
        record.values.get("item"): record.leaf.type == _ADDED
        for record in records
        if record.leaf.type in (_ADDED, _REMOVED)
    }
    for record in _of(records, ITEM):
        if not held.get(record.leaf.event_id):
            raise RecordsError("records.item_not_of_the_case", index=record.index, expected=case_id)
    _require_removed(records)


def _require_removed(records: Sequence[DisclosedLeaf]) -> None:
    """Check that whatever was added unnamed was removed unnamed, was erased or is frozen: none is left out in silence.

    An erasure shows how many items of the case it is of. How many a freeze is of, it does not show: so many as are
    left.
    """
    added = removed = 0
    for record in records:
        if "item" in record.withheld:
            added += record.leaf.type == "case_item_added"
            removed += record.leaf.type == "case_item_removed"
            if removed > added:
                break
    frozen, erased = list(_of(records, _FROZEN)), list(_of(records, _ERASED))
    gone = removed + sum(map(_erased_items, erased))
    if removed > added or (gone < added and not frozen):
        raise RecordsError("records.item_left_out", expected=added, found=gone)
    if gone > added:
        raise RecordsError("records.erasure_of_nothing", index=erased[-1].index)
    if frozen and gone == added:
        raise RecordsError("records.freeze_of_nothing", index=frozen[0].index)
    _require_frozen_unshown(records, frozen)
    _require_erased_unshown(records, erased)


def _erased_items(erasure: DisclosedLeaf) -> int:
    """How many items of the case an erasure is of; one that does not say so stands for none."""
    items = erasure.values.get("items")
    if not isinstance(items, str) or not items.isdecimal() or items == "0":
        raise RecordsError("records.erasure_of_nothing", index=erasure.index)
    return int(items)


def _require_erased_unshown(records: Iterable[DisclosedLeaf], erased: Iterable[DisclosedLeaf]) -> None:
    named = {index: erasure.index for erasure in erased for index in named_entries(erasure.leaf)}
    for record in records:
        if record.index in named:
            raise RecordsError("records.erased_item_shown", index=record.index)


def _require_frozen_unshown(records: Iterable[DisclosedLeaf], frozen: Iterable[DisclosedLeaf]) -> None:
    items = {item.leaf.event_id for item in _of(records, ITEM)}
    for freeze in frozen:
        if items.intersection(freeze.values.get("frozen_items") or ()):
            raise RecordsError("records.frozen_item_shown", index=freeze.index)


def _require_holes_of_the_case(records: Sequence[DisclosedLeaf]) -> None:
    channels = {item.values.get("channel_id") for item in _of(records, ITEM)}
    for hole in _of(records, _HOLE):
        channel = hole.values.get("channel_id")
        # a channel that an item withholds may be that of any hole
        if channel not in channels and None not in channels:
            raise RecordsError("records.hole_of_another_channel", index=hole.index, found=_text(channel))


def _require_found(checked: DisclosedLeaf, by_event: Mapping[str, DisclosedLeaf]) -> None:
    """Check that a comparison names what it says it found, as far as it shows that."""
    named = {name: checked.values.get(name) or [] for name in TIERS}
    items = [item for each in named.values() for item in each]
    found, hidden = checked.values.get("found"), {"found", *TIERS}.intersection(checked.withheld)
    enough = isinstance(found, str) and len(items) == int(found)
    if (not enough and not hidden) or ("found" not in hidden and len(items) > int(found or 0)):
        raise RecordsError("records.found_another_number", index=checked.index, expected=_text(found), found=len(items))
    files = [by_event[item] for item in items]
    odd = any(file.index > checked.index or file.values.get("kind", _FILE) != _FILE for file in files)
    if odd or len(set(items)) != len(items):
        raise RecordsError("records.found_what_is_no_file", index=checked.index)
    _require_one_file(checked, [by_event[item] for item in named[_IDENTICAL]], [by_event[item] for item in items])


def _require_one_file(
    checked: DisclosedLeaf, identical: Sequence[DisclosedLeaf], every: Sequence[DisclosedLeaf]
) -> None:
    """Check that what is said to be the same file as the client's is one file, and that nothing else found is it."""
    digests = {item.values["sha256"] for item in identical if "sha256" in item.values}
    same = {item.leaf.event_id for item in every if item.values.get("sha256") in digests}
    if len(digests) > 1 or None in digests or not same <= {item.leaf.event_id for item in identical}:
        raise RecordsError("records.found_two_files_as_one", index=checked.index)


def _require_stated(records: Sequence[DisclosedLeaf], by_event: Mapping[str, DisclosedLeaf]) -> None:
    stated = set[str]()
    for record in _of(records, _RECOGNISED):
        values = record.values
        item = by_event.get(_text(values.get("item")))
        if item is None or item.index > record.index:
            raise RecordsError("records.stated_of_no_item", index=record.index)
        how, means = values.get("recognition", ""), values.get("means", "")
        if values.get("given") == "no" and (how, means) == (None, None):
            if item.leaf.event_id not in stated:
                raise RecordsError("records.took_back_nothing", index=record.index)
        elif values.get("given") == "yes" and _is_stated_of(item, how, means):
            stated.add(item.leaf.event_id)
        else:
            raise RecordsError("records.stated_otherwise", index=record.index)
    if any(_of(records, _RECOGNISED)):
        _require_consents_told(records)


def _require_consents_told(records: Iterable[DisclosedLeaf]) -> None:
    for consent in _of(records, _CONSENT):
        if consent.values.get("given") not in ("yes", "no"):
            raise RecordsError("records.consent_untold", index=consent.index)


def _is_stated_of(item: DisclosedLeaf, how: Json, means: Json) -> bool:
    """Whether an item can be recognised in this way; one that withholds its kind, in each of them."""
    kinds = next((kinds for *way, kinds in _STATED if way == [how, means]), frozenset[str]())
    return bool(kinds) and item.values.get("kind", _FILE) in kinds


def _text(value: Json) -> str:
    return value[:80] if isinstance(value, str) else ""


def _require_two_persons(records: Iterable[DisclosedLeaf], by_event: Mapping[str, DisclosedLeaf]) -> None:
    for record in records:
        if record.leaf.type == _APPROVAL:
            request = record.values.get("request")
            asked = by_event.get(request) if isinstance(request, str) else None
            _require_others(record, asked.values.get("actor") if asked else None, record.values.get("actor"))
        else:
            _require_others(record, record.values.get("actor"), record.values.get("approver"))


def _require_others(record: DisclosedLeaf, one: Json, other: Json) -> None:
    if not isinstance(one, str) or not isinstance(other, str):
        return
    try:
        require_others(one, other)
    except AuthorityError as error:
        raise RecordsError("records.one_person_twice", cause=error, index=record.index) from error


def _require_listed(record: DisclosedLeaf, name: str, listed: frozenset[str]) -> None:
    value = record.values.get(name)
    if value is not None and value not in listed:
        expected = ", ".join(sorted(listed))
        raise RecordsError(
            "records.of_no_known_kind", index=record.index, name=name, expected=expected, found=ascii(value)[:80]
        )
