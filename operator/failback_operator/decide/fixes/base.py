"""What a fix is: shown in a finding first, then made. And what keeps one from being made: safety rules 5 and 8."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from failback_operator.api.common import LedgerEntry
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import LocatedVm, SiteContext, TargetContext
from failback_operator.domain.steps import EffectKind, MachineCall, VaultCall
from failback_operator.domain.vsphere import VirtualMachine

AUTOMATIC = "Automatic"
MOST_TEXT = 1024
MOST_AFFECTED = 30


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix that the target's spec lets the operator make. `text` is shown in the finding; `obstacle` tells why not now.

    `subject` tells fixes of one kind apart: it goes into the key of the effect. `is_for_a_person`: the operator did its part,
    and `text` says what is left. `call`: on what it is made, where that is not the target's VM. `due_at`: when time alone takes
    the obstacle away. `is_of_site`: it is the RecoverySite's to make, and told of here.
    """

    kind: EffectKind
    check_id: str
    text: str
    obstacle: str | None = None
    subject: str = ""
    is_for_a_person: bool = False
    call: MachineCall | VaultCall | None = None
    due_at: datetime | None = None
    is_of_site: bool = False

    @property
    def is_makeable(self) -> bool:
        """Whether the operator would make it now."""
        return self.obstacle is None and not self.is_for_a_person and not self.is_of_site

    @property
    def remedy(self) -> str:
        """What the finding says: what will be done, or what keeps it from being done."""
        return (f"{self.text} Not now: {self.obstacle}." if self.obstacle else self.text)[:MOST_TEXT]


@dataclass(frozen=True, slots=True)
class Ailing:
    """A master target whose VM is known, with the ids of the checks that it fails."""

    context: TargetContext
    located: LocatedVm
    failing: frozenset[str]

    @property
    def vm(self) -> VirtualMachine:
        """The VM."""
        return self.located.vm


Propose = Callable[[Ailing], Iterable[Fix]]
"""The fixes of one kind that are wanted and allowed by the spec."""

IsReached = Callable[[LedgerEntry, LocatedVm], bool | None]
"""Whether the world is where the effect was to bring it; None where that was not read."""

Resume = Callable[[LedgerEntry, LocatedVm], str | None]
"""The job from which an effect whose answer was lost is followed; UNSENT where it was not sent, None while that is open."""

UNSENT = ""


@dataclass(frozen=True, slots=True)
class FixRule:
    """All that decide/ knows of one kind of fix.

    `resume` is for effects that may be under way without a trace in the VM: they are followed, never taken for unsent. Others
    that show no result after their deadline count as not sent, since they may safely be asked for again.
    """

    kind: EffectKind
    propose: Propose
    is_reached: IsReached
    resume: Resume | None = None


def obstacle(context: TargetContext) -> str | None:
    """What keeps the VM itself from being changed now, or None."""
    if context.holders is None:
        return "not every source was read, so the master target counts as holding protected disks"
    if context.holders:
        return f"the master target holds disks of {listed(context.holders)}"
    return configuration_server_obstacle(context) if context.is_configuration_server else None


def affected(context: TargetContext) -> str:
    """Which machines a change of the configuration server affects: all that it protects. Empty for any other VM."""
    if not context.is_configuration_server:
        return ""
    names = sorted(i.friendly_name for i in context.site.vault.items) if context.site.vault else []
    shown = names[:MOST_AFFECTED]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f" It is the configuration server, which affects {', '.join(shown) or 'every machine of the site'}{more}."


def configuration_server_obstacle(context: TargetContext) -> str | None:
    """What keeps the configuration server's own VM from being changed now, or None."""
    if not context.target.spec.allow_configuration_server_restart:
        return "spec.allowConfigurationServerRestart is not set"
    return None if not runs_anything(context.site) else "a job runs in the fabric"


def runs_anything(site: SiteContext) -> bool:
    """Whether a job runs in the fabric; unread counts as running."""
    vault = site.vault
    if vault is None:
        return True
    return any(not job.is_over for job in vault.jobs) or any(item.current_scenario is not None for item in vault.items)
