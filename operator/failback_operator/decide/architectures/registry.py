"""Which architecture an item belongs to."""

from failback_operator.decide.architectures.base import Architecture
from failback_operator.decide.architectures.classic import Classic
from failback_operator.domain.vault import ProtectedItem

ARCHITECTURES: tuple[Architecture, ...] = (Classic(),)


def architecture_of(item: ProtectedItem) -> Architecture | None:
    """The architecture that handles the item, or None where the operator knows none."""
    return next((a for a in ARCHITECTURES if a.handles(item)), None)
