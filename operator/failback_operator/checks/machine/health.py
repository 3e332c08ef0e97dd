"""What Site Recovery says is wrong with the item, in its own words."""

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import ALL_STEPS, EFFECTS, About
from failback_operator.checks.machine.base import item_check
from failback_operator.domain.health import HealthError
from failback_operator.domain.protected_item import ProtectedItem

LEVELS = ("error", "warning")
BAD = frozenset({"critical", "warning"})
INFO = "info"
MOST_TOLD = 3
MOST_PARTS = 300
"""Length of each part of an error's text where one error is told; of several each has its share."""
MOST_ACTION = 900


@item_check(
    About(
        id="ReplicationHealthy",
        clause="R1",
        condition="OperationAllowed",
        expected="Site Recovery reports no error and no warning of the machine's replication",
        remedy="Follow what Site Recovery recommends (the item in the portal, Health errors).",
        source="replicationHealth and healthErrors of the item: errors of health are no failures of operations, and entries of "
        "level Info stand on healthy items, so they are told and block nothing",
        steps=ALL_STEPS,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def replication_healthy(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """No health error above Info, and the replication's health is neither Warning nor Critical."""
    errors = sorted((e for e in item.health_errors if e.level.casefold() != INFO), key=_weight)
    health = item.replication_health or ""
    is_bad = health.casefold() in BAD
    if not errors and not is_bad:
        return passed("no health error is reported")
    texts = [f"replication health: {health}"] if is_bad else []
    texts += _texts(errors)
    action = next((e.recommended_action for e in errors if e.recommended_action), None)
    return failed("; ".join(texts), f"Site Recovery recommends: {_cut(action, MOST_ACTION)}" if action else None)


def _weight(error: HealthError) -> tuple[int, str, str]:
    level = error.level.casefold()
    return (LEVELS.index(level) if level in LEVELS else len(LEVELS), error.code, error.message)


def _texts(errors: list[HealthError]) -> list[str]:
    """The first of them in full, the others by their codes."""
    told, rest = errors[:MOST_TOLD], errors[MOST_TOLD:]
    texts = [_text(error, MOST_PARTS // len(told)) for error in told]
    return [*texts, f"and {len(rest)} more: {listed(e.code for e in rest)}"] if rest else texts


def _text(error: HealthError, most: int) -> str:
    """Level, code, message, causes and recommended action, each verbatim and none longer than `most`."""
    parts = [
        f"{error.level} {error.code}: {_cut(error.message, most)}",
        f"Possible causes: {_cut(error.possible_causes, most)}" if error.possible_causes else "",
        f"Recommended action: {_cut(error.recommended_action, most)}" if error.recommended_action else "",
    ]
    return " ".join(part.strip() for part in parts if part.strip())


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


@item_check(
    About(
        id="HealthErrorsAccepted",
        clause="R1",
        condition="OperationAllowed",
        expected="none of the health errors is one that the operator's setting blocking-health-codes names",
        remedy="Mend what Site Recovery reports (the item in the portal, Health errors); or let a named person waive this check "
        "for the machine.",
        source="healthErrors of the item; which of them must stop a failback is documented nowhere, so the list is a setting, "
        "empty at first",
        steps=EFFECTS,
        is_waivable=True,
        needs_machine=True,
    )
)
def health_errors_accepted(context: MachineContext, item: ProtectedItem) -> Answer:
    """No error of a code that the setting names, of whatever level."""
    blocking = context.site.limits.blocking_health_codes
    if not blocking:
        return not_applicable("no health error is set to block")
    found = sorted((e for e in item.health_errors if e.code in blocking), key=_weight)
    if not found:
        return passed("none of the health errors is set to block")
    return failed("; ".join(_texts(found)))
