"""Every query of items either leaves out what is frozen, or is known here with the reason why it need not."""

import ast
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tests.contracts.tree import Source, sources
from tests.nonempty import nonempty

TABLES = {"item", "case_item", "alert"}
"""The tables of ``evidence.store.database`` whose rows name items."""
ASKS = {
    "conditions",
    "freezes_of",
    "frozen_files",
    "is_frozen",
    "is_frozen_message",
    "is_hidden",
    "no_hole_of_frozen",
    "not_frozen",
    "require_not_frozen",
    "require_shown",
}
"""Names by which a function asks what is frozen."""
_KNOWN = "only counts or compares what is known already, and shows nothing of an item"
_AUDIT = "an audit compares every row with the log, and reads no content"
_NUMBERS = "that a message was seen, by its number; nothing of what it is"
_ITSELF = "is the condition, or part of it"
_WRITES = "writes rows from the log"
RAW: Mapping[str, str] = MappingProxyType(
    {
        "api/office/addition.py:tally_of": "how many of an addition there are; it shows none",
        "api/office/alert.py:_require_open": "``dismiss_alert`` asks once the alert is found",
        "api/office/check.py:_files": "how many files there are; those that are frozen are counted as not compared",
        "api/office/children.py:_files_among": "files of what is frozen, for whoever decides on it",
        "api/office/completeness.py:_gone": _NUMBERS,
        "api/office/completeness.py:_looks": _NUMBERS,
        "api/office/completeness.py:_numbers": _NUMBERS,
        "api/office/erase.py:_beside": "what else is there of a message; identifiers, for whoever erases it",
        "api/office/erase.py:_holders": "which cases have an item, for whoever erases it",
        "api/office/erase.py:_placed": "the place of what is erased, to make a mark of it",
        "api/office/erase.py:_require_there": "whoever erases what is frozen names it",
        "api/office/freeze.py:require_seen": "whoever may see an item may freeze it, also twice",
        "api/office/hotline.py:_places": "where in the log that is which is frozen, for the sheet on it",
        "api/office/intake.py:_kept_of": _KNOWN,
        "api/office/item.py:_require_item": "whether a cursor is one; it is asked only where no item follows",
        "api/office/log.py:_index_of": "the log only grows: the proof of an entry says nothing of what it is",
        "api/office/probe.py:_newest": "when the newest post of the office's own channel was made",
        "api/office/short.py:shown_length": "how many characters tell identifiers apart",
        "casefiles/appearance.py:_is_same": "``_is_news`` and ``list_alerts`` ask",
        "casefiles/appearance.py:_items": "``_is_news`` asks in the turn that logs it",
        "casefiles/case.py:held_items": "what is added already is not added again",
        "casefiles/withdrawal.py:closed_case": "what is left of a case that was closed, so that it can be destroyed",
        "casefiles/withdrawal.py:shared_items": "which items another case has too; they stay there, and none is shown",
        "casefiles/case.py:require_items": "whether an item exists; ``require_not_frozen`` asks beside it",
        "casefiles/freeze.py:freeze_copies": "they are frozen here",
        "casefiles/hash_list.py:_found_of": "``_is_news`` asks in the turn that logs an alert; else it is frozen here",
        "evidence/audit/rows.py:_dismissals": _AUDIT,
        "evidence/audit/rows.py:_removals": _AUDIT,
        "evidence/audit/rows.py:findings": _AUDIT,
        "evidence/audit/store.py:_gone": _AUDIT,
        "evidence/audit/store.py:_item_at": _AUDIT,
        "evidence/custody/clock.py:_last_times": "a time",
        "evidence/match/library.py:_standing": "how many are frozen, for a check to say",
        "evidence/intake/absent.py:_first_kept": "``_lacked`` leaves out what is frozen: it asks ``_frozen``",
        "evidence/intake/absent.py:_gone": "is left out",
        "evidence/intake/absent.py:_newest": "where the items of the log end",
        "evidence/intake/known.py:_rows": _KNOWN,
        "evidence/intake/known.py:wanted_item": _KNOWN,
        "evidence/match/library.py:_drop": "drops more; ``refresh`` drops what is frozen",
        "evidence/match/library.py:_matches": "of pictures of which the frozen were dropped; ``check`` asks again",
        "evidence/store/captured.py:captured_at": "whether a message was captured before; nothing of what it is",
        "evidence/store/captured.py:confirmed": "asks whether a second person confirmed it; the query beside it asks",
        "evidence/store/captured.py:ended": "is due for destruction; ``_is_due`` asks",
        "evidence/store/captured.py:require_captured": "whether anything was kept, frozen or not",
        "evidence/store/captured.py:require_confirmed": "whether a second person confirmed it; nothing of what it is",
        "evidence/store/captured.py:waiting_captures": "how many items a capture kept",
        "evidence/store/erase.py:_work": "is destroyed here",
        "evidence/store/erase.py:erased_with": "is destroyed; whoever asks has asked what is frozen",
        "evidence/store/erase.py:erasures_of_case": "of what was erased; the row of the item is gone",
        "evidence/store/erase.py:lost_of_case": "of what was erased; the row of the item is gone",
        "evidence/store/erase.py:same_things": "is destroyed; whoever asks has asked what is frozen",
        "evidence/store/hold.py:held_freezes": "which freezes are decided; it shows none",
        "evidence/store/freeze.py:_at_a_frozen_place": _ITSELF,
        "evidence/store/freeze.py:_is_frozen_album": _ITSELF,
        "evidence/store/freeze.py:_withdrawn": _ITSELF,
        "evidence/store/freeze.py:frozen_files": _ITSELF,
        "evidence/store/freeze.py:frozen_among": _ITSELF,
        "evidence/store/freeze.py:is_frozen": _ITSELF,
        "evidence/store/freeze.py:lifted_files": _ITSELF,
        "evidence/store/freeze.py:not_frozen": _ITSELF,
        "evidence/store/freeze.py:_rows_of_posts": _ITSELF,
        "evidence/store/freeze.py:withdrawn_files": _ITSELF,
        "evidence/store/hold.py:_of_case": "what a hold keeps, frozen or not",
        "evidence/store/hold.py:not_held": "what a hold keeps, frozen or not",
        "evidence/store/retention.py:count_due": "``_is_due`` asks; how many, and none of them",
        "evidence/store/retention.py:due_items": "``_is_due`` asks",
        "evidence/store/retention.py:require_due": "``_is_due`` asks",
        "evidence/store/hold.py:_binding": "what nobody may erase; identifiers, for whoever would",
        "evidence/store/projection.py:_alert_dismissed": _WRITES,
        "evidence/store/projection.py:_case_item_added": _WRITES,
        "evidence/store/projection.py:_case_item_removed": _WRITES,
        "evidence/store/projection.py:_frozen": _WRITES,
        "evidence/store/received.py:received_parts": "whether a hole was filled; who shows the items asks",
        "evidence/store/upgrade.py:stands": "of one place, where all is frozen or nothing",
        "evidence/store/upgrade.py:was_left": _KNOWN,
        "monitor/telegram/capture.py:_before": _KNOWN,
        "monitor/telegram/counters.py:blocks_between": "numbers of blocks; ``known_below`` asks for each message",
    }
)
"""Functions that need not ask, each with its reason."""


def speaks_of_items(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in TABLES
        and isinstance(node.value, ast.Name)
        and node.value.id == "database"
        for node in ast.walk(function)
    )


def asks(function: ast.AST) -> bool:
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return bool(ASKS & (names | {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """Each function that stands in no other."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node)


def silent(every: tuple[Source, ...]) -> set[str]:
    """The functions that speak of items and do not ask."""
    return {
        f"{source.name}:{function.name}"
        for source in every
        for function in functions(source.tree)
        if speaks_of_items(function) and not asks(function)
    }


def test_every_query_of_items_leaves_out_what_is_frozen_or_is_known_here() -> None:
    assert silent(sources()) == RAW.keys()
    assert all(nonempty(list(RAW.values())))


def test_a_query_that_does_not_ask_is_found() -> None:
    asking = "def f(c):\n    return c.execute(sa.select(database.item.c.idx).where(not_frozen()))\n"
    quiet = asking.replace("not_frozen()", "True")
    for text, found in ((asking, False), (quiet, True)):
        (function,) = functions(ast.parse(text))
        assert speaks_of_items(function)
        assert asks(function) is not found
