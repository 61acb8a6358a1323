"""The errors of the evidence package.

    EvidenceError
    ├── CanonicalError          a value has no canonical form here
    ├── ContentError            no such content of a message, or values that are none
    ├── SealError
    │   ├── EnvelopeError       an age header or payload is malformed or damaged
    │   ├── KeyTextError        a recipient or identity string is mistyped or of another kind
    │   ├── NoMatchingKeyError  none of the identities opens this header
    │   ├── PassphraseError     the passphrase is missing or wrong
    │   └── CardError           the SLIP-39 cards do not fit together
    ├── LogError
    │   ├── LeafError           an entry is malformed, too long or not of its schema
    │   │   └── UnknownTypeError   an entry is of a type that this program does not know
    │   ├── CommitmentError     a disclosure does not hash to its commitment
    │   ├── TileError           a tile does not fit the leaves
    │   ├── InclusionProofError
    │   ├── ConsistencyProofError
    │   ├── NoteError           a signed note is malformed or its signature is wrong
    │   └── CheckpointError     a checkpoint goes back, forks or is not of this log
    ├── StampError
    │   ├── StampUnreachableError  the office did not answer: try again later
    │   ├── StampRefusedError      the office answered and refused
    │   └── TokenError             a token is malformed, forged, or not for this data
    ├── SignedDataError         a CMS signature is malformed, wrong, or not over this content
    ├── CertificateError        a certificate chain does not lead to a trusted root
    ├── ObjectError
    │   ├── ObjectMissingError
    │   └── ObjectConflictError
    ├── StoreError
    │   ├── StorageFullError    no space left; what was acknowledged is kept
    │   ├── SchemaVersionError  the home is of another version
    │   ├── HomeBusyError       another process writes to this home
    │   ├── TaskLostError       a worker no longer has its task
    │   └── HomeError           no home here, or not a home
    ├── NotDecodedError         a medium could not be decoded; its hole says why
    ├── ProquintError           words that should name something are no such words
    ├── QuestionError           what somebody asks about a picture is malformed, or may not be asked
    ├── HashListError           a list of hashes cannot be read, or may not be added or removed
    ├── PrintsError             fingerprints are malformed, or were about to leave memory unsealed
    ├── ReleaseError            media cannot be handed over so, or not to this key
    ├── AuthorityError          an act lacks its request, its approval or its second person
    │   └── NobodyNamedError       nobody was named who acts
    └── UnknownItemError        no such item, channel or case, or several

Standard library only: the offline verifier carries this module.
"""

from config.errors import Explained, Term


class EvidenceError(Explained):
    """Something about the evidence does not hold."""


class CanonicalError(EvidenceError):
    """A value has no canonical form here (RFC 8785; numbers and booleans are not values of the log)."""


class ContentError(EvidenceError):
    """A message's content would be of no form that it can have, or values are not those of one."""


class SealError(EvidenceError):
    """Sealing or opening failed."""


class EnvelopeError(SealError):
    """An age header or payload is malformed, truncated or damaged."""


class KeyTextError(SealError):
    """A recipient or identity is mistyped, of the wrong length or of another kind."""


class NoMatchingKeyError(SealError):
    """None of the identities opens this header."""


class PassphraseError(SealError):
    """The passphrase is missing or wrong."""


class CardError(SealError):
    """The SLIP-39 cards are too few, mistyped or of another set."""


class LogError(EvidenceError):
    """The custody log, or a proof from it, does not hold."""


class LeafError(LogError):
    """An entry is malformed, too long or not of its type's schema."""


class UnknownTypeError(LeafError):
    """An entry is of a format or type that this program does not know, as a newer one may have written it."""


class CommitmentError(LogError):
    """A disclosure is malformed, or what is shown of a leaf does not hash to what the leaf commits to."""


class TileError(LogError):
    """A tile does not fit the leaves, or is absent."""


class InclusionProofError(LogError):
    """An inclusion path is too long, too short or leads elsewhere."""


class ConsistencyProofError(LogError):
    """A consistency path is too long, too short or leads elsewhere."""


class NoteError(LogError):
    """A signed note or verifier key is malformed, or the signature is wrong."""


class CheckpointError(LogError):
    """A checkpoint goes back, forks, or is not of this log."""


class StampError(EvidenceError):
    """No time stamp could be had or believed."""


class StampUnreachableError(StampError):
    """The time-stamp office did not answer in time: ask again later."""


class StampRefusedError(StampError):
    """The time-stamp office answered and refused (PKIStatus other than granted)."""


class TokenError(StampError):
    """A token is malformed, forged, or not for this data."""


class SignedDataError(EvidenceError):
    """A CMS signature is malformed, wrong, or not over this content."""


class CertificateError(EvidenceError):
    """A certificate chain does not lead to a trusted root, or was not valid at that time."""


class ObjectError(EvidenceError):
    """A sealed object is not what the log says."""


class ObjectMissingError(ObjectError):
    """No object lies at this address."""


class ObjectConflictError(ObjectError):
    """Other bytes lie at this address already."""


class StoreError(EvidenceError):
    """The home or its database cannot be used as it is."""


class StorageFullError(StoreError):
    """No space is left; what was acknowledged is kept."""


class SchemaVersionError(StoreError):
    """The database is of another schema version than this program."""


class HomeBusyError(StoreError):
    """Another process writes to this home."""


class TaskLostError(StoreError):
    """A worker no longer has its task: its lease ended, or the task was cancelled."""


class HomeError(StoreError):
    """There is no home at this place, or what is there is not one."""


class NotDecodedError(EvidenceError):
    """A medium could not be decoded; the hole that is recorded says why."""

    @property
    def reason(self) -> str:
        """The one word that the log has for it: ``truncated``, ``timeout``."""
        found = self.facts.get("found")
        return found.code.rpartition(".")[2] if isinstance(found, Term) else self.code


class ProquintError(EvidenceError):
    """Words that should name something are no such words."""


class QuestionError(EvidenceError):
    """What somebody asks about a picture is malformed, or may not be asked."""


class HashListError(EvidenceError):
    """A list of hashes cannot be read, or it may not be added or removed."""


class PrintsError(EvidenceError):
    """Fingerprints are malformed, or were about to be copied, changed or written unsealed."""


class ReleaseError(EvidenceError):
    """Media cannot be handed over so, or not to this key."""


class AuthorityError(EvidenceError):
    """An act lacks its request, its approval or its second person."""


class NobodyNamedError(AuthorityError):
    """Nobody was named who acts."""


class UnknownItemError(EvidenceError):
    """There is no such item, channel or case, or several are meant."""
