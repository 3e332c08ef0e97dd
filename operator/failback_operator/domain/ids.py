"""Identities. Each is text that the outside world gave; only the comparison differs."""

from typing import NewType

Moref = NewType("Moref", str)
"""A managed object's id in one vCenter, e.g. `vm-42`."""


class ArmId(str):
    """An ARM id. Equal without regard to case, kept as received.

    Source: Site Recovery answers `/Subscriptions/…` where `/subscriptions/…` was asked.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.casefold() == other.casefold()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.casefold())

    @property
    def resource_name(self) -> str:
        """The last segment."""
        return self.rstrip("/").rsplit("/", 1)[-1]
