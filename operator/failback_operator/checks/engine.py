"""Runs the checks of one kind on one subject."""

import logging
from typing import TypeVar

from failback_operator.checks.catalogue import Catalogue, Check
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.checks.subjects import subject_of
from failback_operator.domain.verdicts import Outcome, Subject, Verdict

C = TypeVar("C", SiteContext, TargetContext, ServerContext, MachineContext, PlanContext)

_log = logging.getLogger(__name__)


def run(catalogue: Catalogue[C], context: C) -> tuple[Verdict, ...]:
    """One verdict a check, in the catalogue's order. A check that breaks answers Unknown, and the others go on."""
    subject = subject_of(context)
    return tuple([_run_one(check, context, subject) for check in catalogue])


def _run_one(check: Check[C], context: C, subject: Subject) -> Verdict:
    try:
        return check.run(context, subject)
    except Exception as error:  # noqa: BLE001 - one broken check must not hide what the others know
        _log.exception("check %s broke on %s", check.id, subject)
        observed = f"the check itself failed ({type(error).__name__}); the operator's log tells more"
        return Verdict(
            check.id, subject, Outcome.UNKNOWN, check.expected, observed, remedy="Report this to the operator's authors."
        )
