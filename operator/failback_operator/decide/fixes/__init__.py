"""The fixes of master targets, one file each, in the order in which they are made."""

from failback_operator.decide.fixes.base import Ailing, Fix, FixRule
from failback_operator.decide.fixes.controllers import CONTROLLERS
from failback_operator.decide.fixes.disk_uuid import SET_DISK_UUID
from failback_operator.decide.fixes.drs import DRS
from failback_operator.decide.fixes.power_cycle import POWER_CYCLE
from failback_operator.decide.fixes.retention_disk import RETENTION_DISK
from failback_operator.decide.fixes.snapshots import SNAPSHOTS
from failback_operator.decide.fixes.storage_drs import STORAGE_DRS
from failback_operator.decide.fixes.template import TEMPLATE, propose_new

FIX_RULES: tuple[FixRule, ...] = (STORAGE_DRS, DRS, SNAPSHOTS, SET_DISK_UUID, CONTROLLERS, RETENTION_DISK, POWER_CYCLE, TEMPLATE)
RULE_OF = {rule.kind: rule for rule in FIX_RULES}

__all__ = ["FIX_RULES", "RULE_OF", "Ailing", "Fix", "FixRule", "propose_new"]
