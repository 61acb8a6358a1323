"""A value that does not end up in a log, a page or a file by accident.

A fingerprint of a picture is personal data: somebody can compute a rough picture from it. So a
value that holds one says nothing about itself when printed, formatted or logged, and refuses to be
pickled, copied or changed. JSON and ``dataclasses.asdict`` find nothing in it to write.
"""

from typing import NoReturn, Self

from evidence.errors import PrintsError


class Unspoken:
    """Base of the values that hold fingerprints; subclasses declare ``__slots__``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: not shown>"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise PrintsError("prints.immutable", where=name)

    def __delattr__(self, name: str) -> NoReturn:
        raise PrintsError("prints.immutable", where=name)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise PrintsError("prints.unsealed")

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(None)

    def __copy__(self) -> Self:
        self.__reduce_ex__(None)

    def __deepcopy__(self, memo: object) -> Self:
        self.__reduce_ex__(None)

    def _fill(self, **fields: object) -> None:
        """Set the slots once, from ``__init__``."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)
