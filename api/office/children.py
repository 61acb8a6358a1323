"""What becomes of what may show a child: counsel's written rule for the country, and an authority's list that decides.

The rule is data (``config.catalogues.child_rules``). One that a second person has verified says that the material is
destroyed after the report, or held for the police, and the other is refused. Otherwise counsel is asked, and whoever
acts says what counsel answered. Nothing is destroyed before the sheet for the hotline was made of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from casefiles.case import open_events
from casefiles.hash_list import HashList, HashLists, Meaning
from config.catalogues import ChildHotline, ChildRule, ChildRules, Then, child_rules
from config.errors import Term
from evidence.authority import Doer, Request
from evidence.canonical import Value, text_value
from evidence.custody.append import tree_size
from evidence.errors import AuthorityError
from evidence.keys import Unlocked
from evidence.match.check import PictureQuery, Tier
from evidence.match.stored import prints_of
from evidence.names import require_others
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import same_things
from evidence.store.freeze import of_one_post
from evidence.store.hold import held_since_frozen
from evidence.store.reviews import types_of

REPORT = "hotline"
"""What ``sheet_made`` calls the sheet for a hotline."""
_AT_ONCE = 500


def _rules(home: Home) -> ChildRules:
    file = home.settings.children.rules
    return child_rules(home.path / Path(file).expanduser() if file else None)


def rule_here(home: Home, country: str | None = None) -> ChildRule:
    """Counsel's written rule, for ``erase`` and ``hold``: of a country, or of the one in the settings.

    Raises:
        CatalogueError: The file with the rules does not fit its schema.
    """
    return _rules(home).rule_of(home.settings.children.country if country is None else country)


def hotlines_here(home: Home, country: str | None = None) -> tuple[ChildHotline, ...]:
    """The hotlines that ``hotline`` prints: of a country, or of the one in the settings.

    Raises:
        CatalogueError: As ``rule_here``.
    """
    return _rules(home).hotlines_of(home.settings.children.country if country is None else country)


def rule_term(rule: ChildRule) -> Term:
    """A rule in words, for errors of ``erase`` and ``hold``; until somebody has written and verified it, it says so."""
    country = rule.country or Term("value.no_country_of_rule")
    if rule.written_by is None or rule.written_on is None:
        return Term("value.child_rule_unwritten", country=country, says=rule.says)
    by, on = rule.written_by, rule.written_on.isoformat()
    if rule.verified_by is None:
        return Term("value.child_rule_unverified", country=country, says=rule.says, by=by, on=on)
    return Term("value.child_rule", country=country, says=rule.says, by=by, on=on)


def rule_values(rule: ChildRule, counsel: str | None) -> dict[str, Value]:
    """What the order of a request logs of the rule that ``erase`` or ``hold`` followed, and of counsel's answer."""
    return {
        "rule": {
            "country": rule.country,
            "then": rule.then.value,
            "says": text_value(rule.says),
            "written_by": None if rule.written_by is None else text_value(rule.written_by),
            "written_on": None if rule.written_on is None else rule.written_on.isoformat(),
            "verified_by": None if rule.verified_by is None else text_value(rule.verified_by),
        },
        "counsel": None if counsel is None else text_value(counsel),
    }


def require_rule_of(asked: Request, rule: ChildRule) -> None:
    """Check, before ``approve`` has ``erase`` or ``hold`` done, that the rule is the one that the order names.

    Raises:
        AuthorityError: Counsel's file says something else since; or an older version of the program wrote the order.
    """
    if asked.value("rule") != rule_values(rule, None)["rule"]:
        raise AuthorityError("authority.child_rule_changed", where=asked.request, found=rule_term(rule))


def require_may_destroy(connection: sa.Connection, rule: ChildRule, counsel: str | None, items: Sequence[str]) -> None:
    """Check, before ``erase``, that the rule lets these frozen items be destroyed now.

    Where it says that they are held, they were held for the police since they were frozen; that the hold ended, every
    erasure checks.

    Raises:
        AuthorityError: It does not, or counsel's answer is missing.
    """
    if rule.then is Then.HOLD:
        if left := set(items) - held_since_frozen(connection, items):
            raise AuthorityError("authority.child_rule_holds", where=min(left), expected=rule_term(rule))
    else:
        _require_counsel(rule, counsel)


def require_may_hold(rule: ChildRule, counsel: str | None, until: date, today: date) -> None:
    """Check, before ``hold``, that the rule lets frozen items be held for the police until this day.

    Raises:
        AuthorityError: It does not, or counsel's answer is missing.
    """
    require_not_forbidden(rule)
    _require_counsel(rule, counsel)
    if rule.then is Then.HOLD and until > (last := today + timedelta(days=rule.hold_days or 0)):
        found = until.isoformat()
        raise AuthorityError("authority.child_rule_days", where=rule_term(rule), expected=last.isoformat(), found=found)


def require_not_forbidden(rule: ChildRule) -> None:
    """Check, before ``hold``, that the rule does not say that it is destroyed instead.

    Raises:
        AuthorityError: It does.
    """
    if rule.then is Then.DESTROY:
        raise AuthorityError("authority.child_rule_destroys", expected=rule_term(rule))


def _require_counsel(rule: ChildRule, counsel: str | None) -> None:
    if rule.then is Then.ASK and not (counsel or "").strip():
        raise AuthorityError("authority.child_rule_asks", expected=rule_term(rule))


def require_reported(home: Home, items: Iterable[str], casework: KeyIdentity) -> None:
    """Check, before ``erase``, that ``hotline`` made a sheet of each of these items: afterwards nobody can.

    Raises:
        AuthorityError: It did not; one of them is named.
    """
    with reading(home.engine) as connection:
        made = tuple(types_of(connection, ["sheet_made"]))
    reported = set[str]()
    for event in open_events(home.engine, made, casework):
        values: Mapping[str, Value] = event.record.values if event.record else {}
        listed = values.get("sheet_items")
        if values.get("sheet") == REPORT and isinstance(listed, list):
            reported.update(str(each) for each in listed)
    if left := set(items) - reported:
        raise AuthorityError("authority.child_not_reported", where=min(left))


def require_on_list(home: Home, items: Sequence[str], doer: Doer, keys: Unlocked) -> str:
    """The authority's lists that have a file of each post, byte for byte, and so decide for ``erase`` or ``hold``.

    What a list says of one post says nothing of another. A list that whoever acts brought, or declared, decides
    nothing: it would be one person twice.

    Returns:
        The event of each list's first part, behind one another.

    Raises:
        AuthorityError: Of a post, no list has a file.
    """
    lists = HashLists(home.engine, keys)
    lists.refresh()
    numbers = [number for number, each in lists.whole.items() if _decides(each, doer)]
    decided, left = dict[str, None](), dict.fromkeys(items)
    with reading(home.engine) as connection:
        while left:
            item = next(iter(left))
            post = same_things(connection, of_one_post(connection, item))
            for _entry, prints in prints_of(connection, keys.matching, _files_among(connection, post)):
                tiers = lists.tiers(PictureQuery.of(prints), numbers)
                exact = [lists.whole[number].event_id for number, tier in tiers.items() if tier is Tier.IDENTICAL]
                if exact:
                    decided[exact[0]] = None
                    break
            else:
                raise AuthorityError("authority.child_not_listed", where=item)
            for each in (item, *post):
                left.pop(each, None)
    return " ".join(decided)


def list_stands(home: Home, doer: Doer, keys: Unlocked) -> Callable[[sa.Connection, Sequence[str]], None]:
    """What the turn of ``erase`` or ``hold`` asks of posts on which a list decided: the same, if one was removed since.

    It is to be made before ``require_on_list`` is called.
    """
    with reading(home.engine) as connection:
        since = tree_size(connection)

    def require(connection: sa.Connection, items: Sequence[str]) -> None:
        if types_of(connection, ["hashes_removed"], first=since):
            require_on_list(home, items, doer, keys)

    return require


def _decides(listed: HashList, doer: Doer) -> bool:
    if listed.provenance.meaning is not Meaning.CHILD_ABUSE:
        return False
    try:
        for brought_by in (listed.added_by, listed.provenance.declared_by):
            require_others(doer.actor, brought_by)
    except AuthorityError:
        return False
    return True


def _files_among(connection: sa.Connection, items: Sequence[str]) -> frozenset[int]:
    item, found = database.item.c, set[int]()
    for first in range(0, len(items), _AT_ONCE):
        part = item.item_id.in_(items[first : first + _AT_ONCE])
        found |= set(connection.execute(sa.select(item.idx).where(part, item.kind == Kind.FILE.value)).scalars())
    return frozenset(found)
