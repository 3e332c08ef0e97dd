"""Messages for a tired person: where, what is wrong or going on, what to do. They change only when something happens."""

from collections.abc import Sequence

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.answers import listed
from failback_operator.decide.judgement import Ruling
from failback_operator.decide.phase import FLIGHT, Trouble
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.verdicts import Outcome

MOST_WHAT = 520
MOST_TROUBLE = 640  # Site Recovery's own words, which are longer
MOST_REMEDY = 320
ALSO_UNKNOWN = "Also not known"

EFFECT_WORDS = {
    EffectKind.COMMIT_FAILOVER: "commit of the failover to Azure",
    EffectKind.REPROTECT: "reprotect",
    EffectKind.FAILBACK: "failback",
    EffectKind.COMMIT: "commit",
    EffectKind.PROTECT: "protection to Azure",
}
PHASE_WORDS = {phase: EFFECT_WORDS[kind] for kind, phase in FLIGHT.items()}

TELLING = (
    WaitReason.INCOMPLETE,
    WaitReason.SLOTS,
    WaitReason.MENDING,
    WaitReason.VM_CHANGING,
    WaitReason.THROTTLED,
    WaitReason.NOT_ALLOWED,
    WaitReason.RETRY,
    WaitReason.NOT_COVERED,
    WaitReason.RIVAL,
    WaitReason.HELD,
    WaitReason.SUSPENDED,
    WaitReason.LIMIT,
    WaitReason.RECORDING,
    WaitReason.GROUP,
)
"""What machines wait for, causes before what only follows from them."""


def blocked_text(rulings: Sequence[Ruling], others: str = "Also blocked") -> str:
    """What stands in the way of the first subject, what to do first, and the names of the other subjects."""
    first = rulings[0]
    where = first.verdict.subject
    seen = "; ".join(dict.fromkeys(r.verdict.observed for r in rulings if r.verdict.subject == where))
    rest = {r.verdict.subject.name for r in rulings if r.verdict.subject != where}
    is_alone = len({r.verdict.check_id for r in rulings}) == 1
    parts = [
        sentence(f"{where.name}: {seen}", MOST_WHAT),
        sentence(f"{'To do' if is_alone else 'To do first'}: {remedy_of(first)}", MOST_REMEDY),
    ]
    return " ".join([*parts, sentence(f"{others}: {listed(rest)}")] if rest else parts)


def remedy_of(ruling: Ruling) -> str:
    """The cure; of what is not known the check's cure may not be it, unless the verdict brought its own."""
    verdict = ruling.verdict
    if verdict.outcome is Outcome.UNKNOWN and verdict.remedy is None and verdict.subject.kind != "RecoverySite":
        return f"See that all sources are read (kubectl describe rsite), then: {ruling.remedy}"
    return ruling.remedy


def trouble_text(name: str, trouble: Trouble) -> str:
    """What went wrong with a machine, in Site Recovery's own words where it has any, and what a person is to do."""
    if trouble.entry is not None and trouble.entry.outcome is EffectOutcome.AMBIGUOUS and trouble.entry.message:
        return sentence(trouble.text, MOST_TROUBLE + MOST_REMEDY)
    return f"{sentence(trouble.text, MOST_TROUBLE)} {sentence(f'To do: {trouble_remedy(name, trouble)}', MOST_REMEDY)}"


def trouble_remedy(name: str, trouble: Trouble) -> str:
    """How a machine gets out of its trouble."""
    if trouble.entry is None:
        return "Look at the item and its jobs in the vault: the operator does not know a safe way on."
    job = trouble.entry.job or trouble.entry.key
    again = f"add machine {name} and job {job} to spec.retries of the plan"
    if trouble.phase is Phase.FAILED:
        return f"Mend the cause, then let it try again: {again}."
    return f"Look at the item and its jobs in the vault; if nothing runs and the cause is mended, let it try again: {again}."


def doing(standing: Standing) -> str | None:
    """What runs or starts now; None where nothing does."""
    if standing.is_in_flight:
        return f"{PHASE_WORDS[standing.phase]} is running"
    return f"{EFFECT_WORDS[standing.effect.kind]} is starting" if standing.effect is not None else None


def moving_text(standings: Sequence[Standing]) -> str:
    """Who is on the move, by what is done."""
    names: dict[str, list[str]] = {}
    for standing in standings:
        names.setdefault(doing(standing) or "", []).append(standing.name)
    return "; ".join(f"{listed(those)}: {text}" for text, those in names.items() if text)


def waiting_text(standings: Sequence[Standing]) -> str:
    """The weightiest wait with all that wait so, and how many wait for something else; empty where nobody waits."""
    waiting = sorted(
        ((TELLING.index(s.wait.reason), position, s.name, s.wait.text) for position, s in enumerate(standings) if s.wait),
    )
    if not waiting:
        return ""
    text = waiting[0][3]
    names = [name for *_, name, other in waiting if other == text]
    told = f"{listed(names)} {'waits' if len(names) == 1 else 'wait'}: {cut(text, MOST_WHAT)}"
    rest = len(waiting) - len(names)
    return f"{told}; {rest} more {'waits' if rest == 1 else 'wait'}" if rest else told


def sentence(text: str, most: int = MOST_WHAT) -> str:
    """The text with a full stop, at most so long."""
    shortened = cut(text.rstrip(), most - 1)
    return shortened if shortened.endswith((".", "…", "!", "?")) else f"{shortened}."


def fitted(text: str | None, most: int) -> str | None:
    """What the world told, if anything, as far as the status has room for it: one odd answer must not cost a site its status."""
    return cut(text, most) if text is not None else None


def cut(text: str, most: int) -> str:
    """The text, at most so long."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
