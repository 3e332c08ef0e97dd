"""Which architecture an item belongs to."""

from failback_operator.decide.architectures.base import Architecture
from failback_operator.decide.architectures.classic import Classic
from failback_operator.decide.architectures.unhandled import Unhandled
from failback_operator.domain.protected_item import ProtectedItem

ARCHITECTURES: tuple[Architecture, ...] = (Classic(),)
UNHANDLED = Unhandled()


def architecture_of(item: ProtectedItem) -> Architecture:
    """The architecture that handles the item; one that allows nothing where the operator drives none."""
    return next((a for a in ARCHITECTURES if a.handles(item)), UNHANDLED)
