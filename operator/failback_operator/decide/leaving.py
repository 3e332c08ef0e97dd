"""FailbackMachines that are being deleted: what keeps them, and how a person lets them go."""

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineStatus
from failback_operator.api.v1alpha1.failback_machine import IN_FLIGHT_FINALIZER
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.conditions import TRUE, State, rendered
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.ledger import OPEN
from failback_operator.domain.ids import ArmId

CONDITION, REASON = "Reconciling", "Deleting"
MOST_TEXT = 1024
NO_SITE = "its RecoverySite does not exist, so what runs cannot be followed (apply the site again and it is)"


def with_what_keeps_it(status: FailbackMachineStatus, machine: FailbackMachine, reason: str) -> FailbackMachineStatus:
    """The status; of a machine that is being deleted and is kept, with what keeps it in place of what it is about."""
    if machine.metadata.deletion_timestamp is None or IN_FLIGHT_FINALIZER not in machine.metadata.finalizers:
        return status
    text = _text(machine, reason)
    (condition,) = rendered({CONDITION: State(TRUE, REASON, text)}, machine.metadata.generation)
    conditions = [condition if each.type == CONDITION else each for each in status.conditions]
    return status.model_copy(update={"conditions": conditions, "message": text[:MOST_TEXT]})


def reason_to_keep(machine: FailbackMachine, index: SiteIndex) -> str:
    """Why the machine is still needed; the machine with its ledger as settled."""
    unsettled = [_entry_text(entry) for entry in machine.status.ledger if entry.outcome in OPEN]
    if unsettled:
        return "; ".join(unsettled)
    if index.site.vault is None:
        return "the vault could not be read lately, so it is not known whether anything runs"
    item = index.items.by_id.get(ArmId(machine.spec.item_id))
    if item is None:
        return "its protected item is not found, and the vault has not said yet that it is gone"
    return f"the machine is on its way ({architecture_of(item).position(item)}), which needs what is recorded here"


def _entry_text(entry: LedgerEntry) -> str:
    job = f" (job {entry.job})" if entry.job else ""
    match entry.outcome:
        case EffectOutcome.AMBIGUOUS:
            return f"it is not known what became of {entry.effect}{job}"
        case EffectOutcome.INTENDED:
            return f"{entry.effect} was begun and its answer is not known yet"
        case _:
            return f"{entry.effect}{job} runs"


def _text(machine: FailbackMachine, reason: str) -> str:
    patch = '{"metadata":{"finalizers":null}}'
    return (
        f"being deleted, and kept by its finalizer {IN_FLIGHT_FINALIZER}: {reason}. It goes by itself once that is over or its"
        f" item has left the vault. To let it go now, with all that is recorded of the way home:"
        f" kubectl patch fbm {machine.name} -n {machine.namespace} --type=merge -p '{patch}'"
    )
