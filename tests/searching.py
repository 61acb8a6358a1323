"""The gate's search of a member that a test holds whole."""

from casefiles.format.kept import sliced
from casefiles.format.pictures import require_no_picture


def search_member(name: str, content: bytes) -> None:
    """Refuse a member in which the gate finds a picture or a print of one."""
    require_no_picture(name, sliced(content))
