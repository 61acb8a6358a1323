"""The errors of the casefiles package.

    CaseError
    ├── BundleError         a bundle cannot be built from what was given
    │   └── GateError       a member may not leave: not on the list, a picture, or a print of one
    ├── PagesError          the report cannot be made as PDF: a part of this program is missing or fails
    ├── RecognitionError    what the client states of an item cannot be recorded
    ├── SheetError          a sheet for the platform cannot be made
    ├── SearchError         nothing can be looked for with what was given
    ├── TrustError          a root that was given to trust cannot be read
    └── VerificationError   a bundle does not hold
        ├── ContainerError  the container is not in its one form, or has other members
        ├── ManifestError   a manifest does not fit the members
        ├── BundleSealError the seal does not hold, or its certificate may not seal
        ├── RecordsError    the tables say other things than the leaves and disclosures
        └── UndecidedError  nothing speaks against it, and it cannot be decided with what was given

Standard library only: the offline verifier carries this module.
"""

from config.errors import Explained


class CaseError(Explained):
    """Something about a case or its bundle does not hold."""


class BundleError(CaseError):
    """A bundle cannot be built from what was given."""


class GateError(BundleError):
    """A member may not leave the house: not on the list, a picture, or a print of one."""


class PagesError(CaseError):
    """The report cannot be made as PDF: a part of this program is missing or fails."""


class RecognitionError(CaseError):
    """What the client states of an item cannot be recorded."""


class SheetError(CaseError):
    """A sheet for the platform cannot be made."""


class SearchError(CaseError):
    """There is no word to look for, or one that is in every text."""


class TrustError(CaseError):
    """A root that was given to trust cannot be read."""


class VerificationError(CaseError):
    """A bundle does not hold."""


class ContainerError(VerificationError):
    """The container is not in its one form, or has other members than it may have."""


class ManifestError(VerificationError):
    """A manifest does not fit the members."""


class BundleSealError(VerificationError):
    """The seal does not hold, or its certificate may not seal."""


class RecordsError(VerificationError):
    """The tables say other things than the leaves and their disclosures."""


class UndecidedError(VerificationError):
    """Nothing speaks against it, but it cannot be decided with what was given."""
