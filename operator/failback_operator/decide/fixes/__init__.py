"""The fixes of master targets, one file each, in the order in which they are made."""

from failback_operator.decide.fixes.base import Ailing, Fix, FixRule
from failback_operator.decide.fixes.disk_uuid import SET_DISK_UUID
from failback_operator.decide.fixes.power_cycle import POWER_CYCLE
from failback_operator.decide.fixes.snapshots import SNAPSHOTS

FIX_RULES: tuple[FixRule, ...] = (SNAPSHOTS, SET_DISK_UUID, POWER_CYCLE)
RULE_OF = {rule.kind: rule for rule in FIX_RULES}

__all__ = ["FIX_RULES", "RULE_OF", "Ailing", "Fix", "FixRule"]
