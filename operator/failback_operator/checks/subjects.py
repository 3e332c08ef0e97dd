"""Of what a context is: the subject that verdicts name."""

from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.domain.verdicts import Subject

Context = SiteContext | TargetContext | ServerContext | MachineContext | PlanContext


def subject_of(context: Context) -> Subject:
    """Kind and name of the object, or name of the machine, that `context` is about."""
    if isinstance(context, SiteContext):
        return Subject("RecoverySite", context.view.site.name)
    if isinstance(context, TargetContext):
        return Subject("MasterTarget", context.target.name)
    if isinstance(context, ServerContext):
        return Subject("ProcessServer", context.server.name)
    if isinstance(context, MachineContext):
        return Subject("FailbackMachine", context.name)
    return Subject("FailbackPlan", context.plan.name)
