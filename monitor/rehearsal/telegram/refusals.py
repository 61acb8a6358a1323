"""What the server answers instead of a result."""

SEE_OTHER, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE, FLOOD = 303, 400, 401, 403, 406, 420
"""Codes of ``rpc_error`` (core.telegram.org/api/errors)."""


class RefusedError(Exception):
    """A request that is answered with ``rpc_error``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def bad(message: str) -> RefusedError:
    """The loopback Telegram's error of code 400."""
    return RefusedError(BAD_REQUEST, message)


def private() -> RefusedError:
    """The loopback Telegram's answer for a channel that an account may not see or is banned from, or that is gone."""
    return RefusedError(NOT_ACCEPTABLE, "CHANNEL_PRIVATE")
