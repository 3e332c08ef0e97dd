"""Every limit and grace that judgement uses. Settings of the operator; defaults are the documented figures."""

from dataclasses import dataclass
from datetime import date, timedelta

from failback_operator.domain.vsphere import ControllerKind


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of judgement, each a documented setting (flag, environment).

    Source of the 15 minutes: Site Recovery calls a server critical after 15 minutes without heartbeat;
    of 60 disks and of 15 min / 24 h / 60 min: the vendor's page on preparing failback;
    of 2 TB changed a day: its limit of one process server; of Ubuntu 16.04: its page on the Linux master target;
    of 15 minutes for a new retention volume and 30 for discovery and refresh: its pages on reprotect;
    of the classic architecture's end of support: its article vmware-physical-azure-classic-deprecation.
    """

    heartbeat: timedelta = timedelta(minutes=15)
    azure_stale: timedelta = timedelta(minutes=10)
    azure_estate_stale: timedelta = timedelta(minutes=30)
    vsphere_stale: timedelta = timedelta(minutes=5)
    item_detail: timedelta = timedelta(hours=4)
    disks_per_master_target: int = 60
    scsi_slots_per_controller: int = 15
    scsi_controllers: int = 4
    accepted_controllers: frozenset[ControllerKind] = frozenset({ControllerKind.LSI_LOGIC, ControllerKind.LSI_LOGIC_SAS})
    policy_rpo_minutes: int = 15
    policy_retention_minutes: int = 1440
    policy_app_consistent_minutes: int = 60
    vcenter_discovered: frozenset[str] = frozenset({"completed"})
    expiry_warning: timedelta = timedelta(days=30)
    classic_support_end: date = date(2026, 3, 30)
    agent_registration_grace: timedelta = timedelta(minutes=15)
    app_consistent_point: timedelta = timedelta(minutes=75)
    blocking_health_codes: frozenset[str] = frozenset()
    intent_valid: timedelta = timedelta(seconds=30)
    request_timeout: timedelta = timedelta(seconds=60)
    effect_result: timedelta = timedelta(minutes=15)
    vsphere_shutdown: timedelta = timedelta(minutes=10)
    refused_retry: timedelta = timedelta(minutes=2)
    attempts: int = 3
    failover_bound_ahead: timedelta = timedelta(minutes=5)
    failover_clock_skew: timedelta = timedelta(minutes=1)
    changes_per_day_gb: int = 2000
    change_rate_period: timedelta = timedelta(days=1)
    linux_targets: tuple[str, ...] = ("ubuntu-16.04",)
    new_vm_margin_percent: int = 10
    retention_listed: timedelta = timedelta(minutes=15)
    refresh_interval: timedelta = timedelta(minutes=30)
