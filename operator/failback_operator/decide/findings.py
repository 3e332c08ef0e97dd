"""Findings of rulings, worst first; and the plan's one line a check and kind of subject."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from failback_operator.api.common import Finding, Severity
from failback_operator.checks.answers import listed
from failback_operator.decide.judgement import Ruling
from failback_operator.domain.verdicts import Outcome

MOST = 100
MOST_TEXT = 1024
MOST_SUBJECT = 316
_WEIGHT = {Severity.BLOCKER: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Shown:
    """A ruling as it is shown: whether the plan waives it, and a remedy that tells more than the check's."""

    ruling: Ruling
    is_waived: bool = False
    remedy: str | None = None


def finding(shown: Shown) -> Finding:
    """The finding of a failed or unknown ruling."""
    ruling, verdict = shown.ruling, shown.ruling.verdict
    return Finding(
        check=verdict.check_id,
        subject=str(verdict.subject)[:MOST_SUBJECT],
        severity=ruling.severity,
        verdict="Fail" if verdict.outcome is Outcome.FAIL else "Unknown",
        clause=ruling.check.clause or None,
        expected=verdict.expected[:MOST_TEXT],
        observed=verdict.observed[:MOST_TEXT],
        remedy=(shown.remedy or ruling.remedy)[:MOST_TEXT],
        docs=ruling.check.docs,
        waived=shown.is_waived,
    )


def findings(shown: Iterable[Shown]) -> list[Finding]:
    """The findings of what is open, worst first."""
    return sorted((finding(s) for s in shown if s.ruling.is_open), key=_weight)


def summarised(shown: Iterable[Shown]) -> list[Finding]:
    """One finding a check and kind of subject: the only one as it is, several with their number and up to five names."""
    groups: dict[tuple[str, str, bool], list[Shown]] = defaultdict(list)
    for each in shown:
        if each.ruling.is_open:
            groups[each.ruling.verdict.check_id, each.ruling.verdict.subject.kind, each.is_waived].append(each)
    return sorted((_summary(kind, group) for (_, kind, _), group in groups.items()), key=_weight)


def _summary(kind: str, group: list[Shown]) -> Finding:
    each = sorted((finding(s) for s in group), key=lambda f: (_weight(f), f.subject))
    if len(each) == 1:
        return each[0]
    names = listed(s.ruling.verdict.subject.name for s in group)
    observed = f"{len(each)} of kind {kind}: {names}; first: {each[0].observed}"
    waived = "*waived" if each[0].waived else "*"
    return each[0].model_copy(update={"subject": f"{kind}/{waived}", "observed": observed[:MOST_TEXT]})


def _weight(found: Finding) -> tuple[bool, int, bool, str, str]:
    return (found.waived, _WEIGHT[found.severity], found.verdict != "Fail", found.check, found.subject)


def shortened(found: list[Finding]) -> tuple[list[Finding], int]:
    """The first hundred, and how many more there are."""
    return found[:MOST], max(0, len(found) - MOST)
