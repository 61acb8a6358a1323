"""The client's consent as the log records it: to what, until when, and whether it was withdrawn.

The newest record of a case counts; a withdrawal ends the whole consent. It is read from the log and not
from a row in clear (``casefiles.case_entries``), so nobody can give or keep a consent without an entry.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from casefiles.case import OpenedEvent
from casefiles.case_entries import events_of_case
from evidence.canonical import Value, text_value
from evidence.errors import AuthorityError
from evidence.seal.recipients import KeyIdentity

CHECK = "check"
"""The scope of a consent that lets a picture be looked for; every other one is an audience of bundles."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a client agreed to, or took back.

    Attributes:
        person: The client's pseudonym.
        given: False where it was withdrawn.
        scope: ``check``, and the audiences that the case may go to.
        told_on: The day on which the client said so.
        until: The last day on which it holds; None where it has no end.
        text: What the client read, in ``language``; None where only the paper has it.
        paper_sha256: Of the signed form.
    """

    person: str
    given: bool
    scope: tuple[str, ...]
    told_on: date
    until: date | None
    language: str
    text: str | None
    paper_sha256: str | None

    def values(self, case_id: str) -> dict[str, Value]:
        """What is logged beside who acts."""
        return {
            "case": case_id,
            "person": text_value(self.person),
            "given": "yes" if self.given else "no",
            "scope": list(self.scope),
            "date": self.told_on.isoformat(),
            # the schema's ``until`` is a time: the end of that day
            "until": None if self.until is None else f"{self.until.isoformat()}T23:59:59.999Z",
            "language": text_value(self.language),
            "text": None if self.text is None else text_value(self.text),
            "paper_sha256": self.paper_sha256,
        }


@dataclass(frozen=True, slots=True)
class RecordedConsent:
    """A consent or its withdrawal, and the person who recorded it."""

    consent: Consent
    recorded_by: str


def recorded_consent(engine: sa.Engine, case_id: str, casework: KeyIdentity) -> RecordedConsent | None:
    """The newest consent or withdrawal of a case, with who recorded it; None where there is none.

    Raises:
        LeafError: A record is missing or damaged.
    """
    newest = None
    for event in consent_events(engine, case_id, casework):
        newest = event.record
    return None if newest is None else RecordedConsent(read_consent(newest.values), str(newest.values["actor"]))


def consent_of(engine: sa.Engine, case_id: str, casework: KeyIdentity) -> Consent | None:
    """The newest consent or withdrawal of a case's client; None where there is none.

    Raises:
        LeafError: A record is missing or damaged.
    """
    recorded = recorded_consent(engine, case_id, casework)
    return None if recorded is None else recorded.consent


def consent_events(engine: sa.Engine, case_id: str, casework: KeyIdentity) -> Iterator[OpenedEvent]:
    """Every consent and withdrawal of a case, in the order of the log.

    Raises:
        LeafError: A record is missing or damaged.
    """
    return (event for event, _record in events_of_case(engine, case_id, ["consent"], casework))


def read_consent(values: Mapping[str, Value]) -> Consent:
    """The client's consent, or its withdrawal, that the record of a ``consent`` holds."""
    scope, until = values["scope"], values["until"]
    text, paper = values["text"], values["paper_sha256"]
    return Consent(
        person=str(values["person"]),
        given=values["given"] == "yes",
        scope=tuple(str(each) for each in scope) if isinstance(scope, list) else (),
        told_on=date.fromisoformat(str(values["date"])),
        until=None if until is None else date.fromisoformat(str(until)[:10]),
        language=str(values["language"]),
        text=None if text is None else str(text),
        paper_sha256=None if paper is None else str(paper),
    )


def require_consent(consent: Consent | None, *, scope: str, today: date) -> Consent:
    """Check that the client's consent to this is in force, and return it.

    Raises:
        AuthorityError: There is none, it was withdrawn, it has ended, or it says nothing of this.
    """
    if consent is None:
        raise AuthorityError("authority.no_consent", scope=scope)
    if not consent.given:
        raise AuthorityError("authority.consent_withdrawn", found=consent.told_on.isoformat())
    if consent.until is not None and consent.until < today:
        raise AuthorityError("authority.consent_ended", found=consent.until.isoformat())
    if scope not in consent.scope:
        raise AuthorityError("authority.consent_to_other", expected=scope, found=", ".join(consent.scope))
    return consent
