"""Of what a context is: the subject that verdicts name."""

from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.domain.verdicts import Subject

Context = SiteContext | TargetContext | ServerContext | MachineContext | PlanContext


def subject_of(context: Context) -> Subject:
    """Kind and name of the object, or name of the machine, that `context` is about."""
    match context:
        case SiteContext():
            return Subject("RecoverySite", context.view.site.name)
        case TargetContext():
            return Subject("MasterTarget", context.target.name)
        case ServerContext():
            return Subject("ProcessServer", context.server.name)
        case MachineContext():
            return Subject("FailbackMachine", context.name)
        case PlanContext():
            return Subject("FailbackPlan", context.plan.name)
