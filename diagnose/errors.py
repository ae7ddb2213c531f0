"""The exceptions that a user can meet; each carries what failed and what to do."""

from __future__ import annotations


class MsnetError(Exception):
    """Base of all errors of msnet: a message for the user, and a hint on what to do."""

    code = 1
    """The exit code."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep `message` and `hint`; the command line prints both."""
        super().__init__(message)
        self.hint = hint


class UsageError(MsnetError):
    """The command line asks for something that does not exist."""

    code = 2


class RuleError(MsnetError):
    """A rule file is wrong; the message holds every error, each with its file."""

    code = 2


class InputError(MsnetError):
    """An input cannot be read at all."""


class NoEvidenceError(MsnetError):
    """Nothing that was named could be used as evidence."""

    code = 3
