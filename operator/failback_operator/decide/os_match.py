"""Which master target may take which machine by operating system, as far as assignment must know. Clause R7, R14."""

from failback_operator.checks.machine.systems import is_surely_unfit
from failback_operator.checks.master_target.system import system_of
from failback_operator.decide.survey import Survey
from failback_operator.decide.targets import Located
from failback_operator.domain.operating_system import OperatingSystem


def can_take(target: OperatingSystem, machine: OperatingSystem) -> bool:
    """False only where the target is surely of another family, or an earlier Windows; what is not known is left to the checks."""
    return not is_surely_unfit(target, machine)


def target_system(located: Located) -> OperatingSystem:
    """The master target's operating system."""
    server, vm = located.server, located.vms[0].vm if len(located.vms) == 1 else None
    return system_of(vm, server.os_version if server else None, server.os_type if server else None)


def machine_system(survey: Survey) -> OperatingSystem:
    """The machine's operating system."""
    detail, vm = survey.round.item.detail if survey.round else None, survey.vms[0].vm if len(survey.vms) == 1 else None
    return system_of(vm, detail.os_version if detail else None, detail.os_type if detail else None)
