"""What an architecture of Site Recovery must tell: what an item allows, what the call is, what its success looks like."""

from dataclasses import dataclass
from typing import Protocol

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.contexts import MachineContext
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import EffectKind, ItemCall, Step

EFFECT_OF_STEP = {
    Step.REPROTECT: EffectKind.REPROTECT,
    Step.FAILBACK: EffectKind.FAILBACK,
    Step.COMMIT: EffectKind.COMMIT,
    Step.PROTECT: EffectKind.PROTECT,
}
"""The effect that does each step."""

STEP_OF_EFFECT = {
    EffectKind.COMMIT_FAILOVER: Step.REPROTECT,
    **{kind: step for step, kind in EFFECT_OF_STEP.items()},
}
"""The step that each effect on an item belongs to; a failover is committed on the way to reprotect."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a call cannot be composed yet: what is not known, in words for a person."""

    what: str


class Architecture(Protocol):
    """One architecture. All answers come from the item as read; none from texts meant for people."""

    def handles(self, item: ProtectedItem) -> bool:
        """Whether the item belongs to this architecture."""
        ...

    def allows(self, item: ProtectedItem, kind: EffectKind) -> bool:
        """Whether Site Recovery allows the call now and nothing runs on the item."""
        ...

    def is_after(self, item: ProtectedItem, kind: EffectKind) -> bool:
        """Whether the item is where success of the effect leaves it, or further."""
        ...

    def does(self, job: Job, kind: EffectKind) -> bool:
        """Whether the job is of the scenario that the effect starts."""
        ...

    def position(self, item: ProtectedItem) -> Phase:
        """Where the item stands, by itself alone. NotFailedOver stands for S0 whatever came before it."""
        ...

    def call(self, machine: MachineContext, kind: EffectKind) -> ItemCall | Missing:
        """The call that makes the effect, or what is missing for it."""
        ...
