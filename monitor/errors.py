"""The errors of the monitor package.

MonitorError
├── ExportError             a Telegram Desktop export cannot be read
│   ├── NotAnExportError    nothing here that Telegram Desktop writes as JSON
│   ├── BrokenExportError   damaged or ambiguous; says line and column
│   │   └── CutOffExportError   ends too early, before anything in it is whole
│   ├── ExportTooLargeError beyond a stated limit
│   └── ExportChangedError  the file changed while it was being read
├── ChatNotFoundError       the export does not hold the chat that was asked for
└── MediumError             a file that an export names cannot be had
    ├── MediumOutsideError  not a regular file inside the export folder
    ├── MediumMissingError  not there
    └── MediumUnreadableError  there, and the system refuses it

A message never quotes what stands in an export: texts, names and paths are personal.
"""

from config.errors import Explained


class MonitorError(Explained):
    """A source cannot be read as it is."""


class ExportError(MonitorError):
    """A Telegram Desktop export cannot be read."""


class NotAnExportError(ExportError):
    """Nothing here is a JSON export of Telegram Desktop."""


class BrokenExportError(ExportError):
    """The JSON is damaged or ambiguous; ``where`` names line and column."""


class CutOffExportError(BrokenExportError):
    """The file ends too early: nothing whole is left in it, or what was asked for is not."""


class ExportTooLargeError(ExportError):
    """The export, or one message of it, is beyond a stated limit."""


class ExportChangedError(ExportError):
    """The file changed between two readings; nothing from the second was used."""


class ChatNotFoundError(MonitorError):
    """The export does not hold the chat that was asked for, or holds several and none was named."""


class MediumError(MonitorError):
    """A file that an export names cannot be had; the hole that is recorded says why."""


class MediumOutsideError(MediumError):
    """The name leads out of the export folder, or to something that is not a regular file."""


class MediumMissingError(MediumError):
    """No file of this name is in the export folder."""


class MediumUnreadableError(MediumError):
    """The file is there and the system refuses to hand it over."""
