"""One table: error -> exit code and HTTP status. An error takes those of its nearest class in the table.

Other tables give the status of each refused call, and the code of each error of the system.

0 done, PASSED · 1 refused, failed, FAILED · 2 usage · 3 INDETERMINATE.
"""

import errno
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from casefiles.errors import CaseError
from casefiles.verifier import report as verifier
from config.errors import CallError, ConfigError, Explained, LegalBasisError, Term, UsageError
from evidence.errors import (
    AuthorityError,
    EvidenceError,
    HashListError,
    HomeBusyError,
    LogError,
    NobodyNamedError,
    NotDecodedError,
    PassphraseError,
    PrintsError,
    ProquintError,
    QuestionError,
    ReleaseError,
    StorageFullError,
    StoreError,
    UnknownItemError,
)
from evidence.finding import Verdict
from monitor.errors import MonitorError

DONE = 0
REFUSED = 1
USAGE = 2
UNDECIDED = 3

EXIT_CODES: Mapping[type[Explained], int] = MappingProxyType(
    {
        ConfigError: REFUSED,
        UsageError: USAGE,
        EvidenceError: REFUSED,
        NobodyNamedError: USAGE,
        MonitorError: REFUSED,
        CaseError: REFUSED,
    }
)
HTTP_STATUS: Mapping[type[Explained], int] = MappingProxyType(
    {
        Explained: 500,
        ConfigError: 500,
        LegalBasisError: 422,
        UsageError: 422,
        EvidenceError: 409,
        LogError: 500,
        NotDecodedError: 422,
        AuthorityError: 403,
        NobodyNamedError: 422,
        PassphraseError: 403,
        HashListError: 422,
        ReleaseError: 422,
        PrintsError: 422,
        QuestionError: 422,
        ProquintError: 422,
        UnknownItemError: 404,
        StoreError: 503,
        HomeBusyError: 503,
        StorageFullError: 507,
        MonitorError: 422,
        CaseError: 409,
    }
)
CALL_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "call.body_too_large": 413,
        "call.body_too_slow": 408,
        "call.brings_nothing": 422,
        "call.broke": 500,
        "call.does_not_fit": 422,
        "call.foreign_origin": 403,
        "call.locked": 423,
        "call.no_bearer": 401,
        "call.no_file_name": 422,
        "call.no_key": 401,
        "call.no_such_part": 416,
        "call.no_such_route": 404,
        "call.not_json": 415,
        "call.only_some_cases": 403,
        "call.odd_query": 422,
        "call.other_host": 421,
        "call.other_method": 405,
        "call.page_and_html": 422,
        "call.form_cut": 400,
        "call.refused": 400,
        "call.scope_missing": 403,
        "call.stale_cursor": 422,
        "call.too_many": 429,
        "call.too_many_parts": 413,
        "call.too_many_passphrases": 429,
        "call.wrong_key": 401,
    }
)
"""The status of each refused call (RFC 9110, 15; RFC 4918, 11.3; RFC 6585, 4)."""
STATE_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "authority.checked_enough": 429,
        "question.no_ticket": 403,
        "question.too_long": 413,
        "question.of_another_case": 409,
        "question.withdrawn": 410,
    }
    | dict.fromkeys(
        (
            "authority.answered",
            "authority.consent_meanwhile",
            "authority.done_already",
            "authority.frozen_meanwhile",
            "authority.refused",
            "authority.task_ended",
            "authority.too_old",
        ),
        409,
    )
)
"""Refusals for what something is now, and not for who asks."""
VERDICT_CODES: Mapping[Verdict, int] = verifier.EXIT_CODES
"""The verifier's own table: a script need not know which program it called."""

_SYSTEM_CODES: Mapping[int, str] = MappingProxyType(
    {
        errno.EACCES: "system.not_permitted",
        errno.EPERM: "system.not_permitted",
        errno.EROFS: "system.read_only",
        errno.ENOENT: "system.not_there",
        errno.ENOTDIR: "system.not_there",
        errno.EEXIST: "system.there_already",
        errno.ENOSPC: "system.no_space",
        errno.EADDRINUSE: "system.port_taken",
        errno.EADDRNOTAVAIL: "system.not_our_address",
    }
)


def of_system(error: OSError) -> Explained:
    """Our error for one of the operating system, from the table of errors, with what to do about it."""
    code = _SYSTEM_CODES.get(error.errno or 0, "system.other")
    return Explained(code, system=error.strerror or str(error), where=str(error.filename or ""))


def http_status(error: Explained) -> int:
    """The status of the answer to a call that ended with an error, from the table of errors."""
    if isinstance(error, CallError):
        return CALL_STATUS[error.code]
    if error.code in STATE_STATUS:
        return STATE_STATUS[error.code]
    return next(HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)


OURS = 500
"""From this status on, what is wrong is not the call."""
API = "/api/v1"
TYPES = f"{API}/problems/"
"""Below it, each type has an address at which it is explained."""


_COMMAND = "nisisama "
OPTION = re.compile(r" --[a-z]")
"""How the name of an option of the command line begins: callers of the API have none."""
_CASES, _ITEMS, _CHANNELS = Term("remedy.cases"), Term("remedy.items"), Term("remedy.channels")
_CASE, _FREEZES, _SEEN = Term("remedy.case"), Term("remedy.freezes"), Term("remedy.seen")
_REMEDIES: Mapping[str, Term] = MappingProxyType(
    {
        "unknown_item.no_such_case": _CASES,
        "unknown_item.no_such_channel": _CHANNELS,
        "unknown_item.no_such_channel_seen": _CHANNELS,
        "unknown_item.no_such_item": _ITEMS,
        "unknown_item.case_is_a_list": _CASES,
        "unknown_item.case_is_empty": Term("remedy.add_items"),
        "unknown_item.case_is_frozen": _FREEZES,
        "unknown_item.frozen": _FREEZES,
        "unknown_item.no_such_alert": Term("remedy.alerts"),
        "unknown_item.no_such_hash_list": Term("remedy.hash_lists"),
        "unknown_item.not_in_the_case": _CASE,
        "question.of_another_case": Term("remedy.questions"),
        "recognition.in_the_future": Term("remedy.stated_on"),
        "recognition.no_file": _SEEN,
        "recognition.not_alike": _SEEN,
        "recognition.nothing_stated": _CASE,
        "recognition.nothing_to_compare": _SEEN,
        "recognition.of_another_person": Term("remedy.person"),
        "recognition.without_words": Term("remedy.words"),
        "hash_list.bad_lines": Term("remedy.skip_bad_lines"),
        "hash_list.in_the_future": Term("remedy.list_came_on"),
        "hash_list.kind_unclear": Term("remedy.hash_kind"),
        "hash_list.other_meaning": Term("remedy.hash_list_again"),
        "hash_list.other_parts": Term("remedy.hash_list_again"),
        "authority.answered": Term("remedy.requests"),
        "authority.replies_left_out": Term("remedy.replies"),
        "authority.private_chat": Term("remedy.chat"),
        "chat_not_found.not_in_export": Term("remedy.chat"),
        "chat_not_found.several": Term("remedy.chat"),
        "authority.blank_reason": Term("remedy.reason"),
        "authority.needs_reason": Term("remedy.reason"),
        "authority.names_too_like": Term("remedy.second_person"),
        "authority.needs_two_persons": Term("remedy.second_person"),
        "authority.no_consent": Term("remedy.consent"),
        "authority.receiver_not_approved": Term("remedy.second_person"),
        "authority.receiver_not_named": Term("remedy.second_person"),
        "unknown_item.unconfirmed": Term("remedy.second_person"),
        "authority.needs_legal_basis": Term("remedy.legal_basis"),
        "authority.needs_no_legal_basis": Term("remedy.no_legal_basis"),
    }
)
"""What a caller can do about an error whose own remedy is a command of the office."""


def problem_of(error: Explained) -> dict[str, Any]:
    """A refusal as problem details (RFC 9457), from the table of errors, but for the name of the call.

    ``title`` says what is wrong, ``detail`` that and the remedy; ``code`` and ``facts`` are for programs. Of what is
    wrong at the office's own machine, such as a file, the caller is told its kind alone.
    """
    told, status = error.as_json(), http_status(error)
    shown = error if status < OURS else CallError("call.broke")
    return {
        "type": TYPES + error.code,
        "title": told["message"],
        "status": status,
        "detail": str(replace(error.said, fix=_remedy(error))) if status < OURS else f"{told['message']}. {shown.fix}",
        "code": error.code,
        "facts": told["facts"] if status < OURS else {},
    }


def warning_of(error: Explained) -> dict[str, Any]:
    """A warning beside an answer: why what was logged is not signed or stamped yet; nothing of the office's machine."""
    told = error.as_json()
    return {"code": told["code"], "message": told["message"], "fix": str(Term("remedy.at_the_office"))}


def _remedy(error: Explained) -> str:
    """What a caller can do. Callers cannot run the office's commands; the API's own errors say whom to ask."""
    if error.code in _REMEDIES:
        return str(_REMEDIES[error.code])
    names_the_command_line = _COMMAND in error.fix or OPTION.search(error.fix)
    is_at_the_office = names_the_command_line and not isinstance(error, CallError)
    return str(Term("remedy.at_the_office")) if is_at_the_office else error.fix


def exit_code(error: Explained) -> int:
    """The exit code of an error, from the table of errors."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
