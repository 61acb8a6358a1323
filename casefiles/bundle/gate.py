"""The last gate before a bundle is written: no member leaves that is not on the list, or is a picture.

The same scan is a check of every verifier, so that a receiver need not take our word.
"""

from collections.abc import Mapping

from casefiles.errors import ContainerError, GateError
from casefiles.format.layout import require_members
from casefiles.format.pictures import require_no_picture


def require_may_leave(members: Mapping[str, bytes]) -> None:
    """Refuse the whole bundle for one member that may not leave.

    Raises:
        GateError: A member is not on the list, is missing, or holds a picture, video, thumbnail
            or perceptual hash, as it is or inside base64.
    """
    try:
        require_members(members)
    except ContainerError as error:
        raise GateError("gate.member_may_not_leave", cause=error) from error
    for name, content in members.items():
        require_no_picture(name, content)
