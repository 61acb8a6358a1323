"""A look at a case: logged before any record of it is opened."""

from api.home import Home
from casefiles.case_entries import keep_entries_of_cases, read_entries_of_cases
from config.errors import Explained
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.seal.recipients import KeyIdentity


def look_at_case(home: Home, case_id: str, doer: Doer, casework: KeyIdentity) -> Explained | None:
    """Log a look at a case (``case_viewed``), with the snapshot of entries by case; return why it has no stamp yet."""
    snapshot = read_entries_of_cases(home.engine, casework).sealed(casework)
    look = Draft("case_viewed", doer.values() | {"case": case_id})
    return home.log_look(
        look, lambda connection, _placed: keep_entries_of_cases(connection, snapshot), casework=casework
    )
