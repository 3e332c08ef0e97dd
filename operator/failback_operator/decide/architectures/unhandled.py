"""Items that no architecture of the operator handles: nothing is allowed, nothing is known."""

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.contexts import MachineContext
from failback_operator.decide.architectures.base import Missing
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import EffectKind, ItemCall


class Unhandled:
    """Stands for every architecture that the operator does not drive."""

    def handles(self, item: ProtectedItem) -> bool:  # noqa: ARG002 - the form of all architectures
        """Every item."""
        return True

    def allows(self, item: ProtectedItem, kind: EffectKind) -> bool:  # noqa: ARG002
        """Nothing."""
        return False

    def is_after(self, item: ProtectedItem, kind: EffectKind) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def does(self, job: Job, kind: EffectKind) -> bool:  # noqa: ARG002
        """No job is known."""
        return False

    def position(self, item: ProtectedItem) -> Phase:  # noqa: ARG002
        """Unknown."""
        return Phase.UNKNOWN

    def call(self, machine: MachineContext, kind: EffectKind) -> ItemCall | Missing:  # noqa: ARG002
        """No call can be composed."""
        return Missing("an architecture that the operator drives")
