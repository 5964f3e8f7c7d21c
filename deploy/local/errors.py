"""What can go wrong while the local stack starts; every message says what to do.

::

    StackError
    ├── Prerequisite     fatal: this machine lacks something; the message says how to get it
    ├── BadOption        fatal: an option that cannot work; the message holds the value and the choices
    ├── AlreadyRunning   fatal: another stack owns this folder; end it or choose another
    ├── Aborted          fatal: the start was aborted, by its user or because another part failed
    ├── PartFailed       fatal: a part exited or never became ready; the message ends with its last log lines
    └── NotReady         retryable: a part does not answer yet
"""


class StackError(Exception):
    """The root of the local stack's errors."""


class Prerequisite(StackError):
    """The machine lacks something that the stack needs."""


class BadOption(StackError):
    """An option that cannot work."""


class AlreadyRunning(StackError):
    """The state folder belongs to a stack that is still running."""


class Aborted(StackError):
    """A start that was aborted."""


class PartFailed(StackError):
    """A part exited, or did not pass its check in time."""


class NotReady(StackError):
    """A part's check did not pass; it may pass later."""
