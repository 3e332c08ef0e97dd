"""Every setting of the operator, each with its flag, environment variable, default and meaning.

`python -m failback_operator.runtime.settings` prints docs/settings.md.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import TypeVar

from pydantic import TypeAdapter

from failback_operator.domain.limits import Limits
from failback_operator.domain.vsphere import ControllerKind
from failback_operator.observe.azure import BudgetSettings, PollSettings, ReaderSettings, Timeouts
from failback_operator.observe.vsphere import VsphereSettings

T = TypeVar("T")
ENV_PREFIX = "FAILBACK_"


def _setting(default: T, text: str) -> T:
    """A setting with its default and what it means."""
    made: T = field(default=default, metadata={"help": text})
    return made


def _seconds(default: timedelta, text: str) -> float:
    return _setting(default.total_seconds(), text)


_LIMITS, _POLL, _READ, _TIMEOUTS, _VSPHERE = Limits(), PollSettings(), ReaderSettings(), Timeouts(), VsphereSettings()
_BUDGET = BudgetSettings()


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Times of a Lease in seconds.

    `retry`: how often another's is looked at. `margin`: ours no longer counts so long before its end.
    """

    duration: float
    renew: float
    retry: float
    margin: float

    def __post_init__(self) -> None:
        if not 0 < self.renew < self.duration - self.margin:
            raise ValueError("a Lease must be renewed before it ends: lease-renew < lease - lease-margin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. Names ending in `_seconds` are durations in seconds; a port of 0 is not opened."""

    kubeconfig: str = _setting("", "Kubeconfig to log in with; empty: the pod's service account, else KUBECONFIG.")
    namespace: tuple[str, ...] = _setting((), "Namespace to watch; may be given several times; none: all.")
    lease_namespace: str = _setting(
        "", "Namespace of the Leases; empty: the operator's own (the pod's, or that of the kubeconfig's context)."
    )
    identity: str = _setting("", "Name of this replica in the Leases; empty: host name and a random part.")
    log_format: str = _setting("json", "Form of the log: json or plain.")
    log_level: str = _setting("info", "Lowest level that is logged: debug, info, warning or error.")
    bind_address: str = _setting("0.0.0.0", "Address on which probe and metrics listen.")  # noqa: S104 - a pod's own network
    probe_port: int = _setting(0, "Port of the liveness probe, path /healthz.")
    metrics_port: int = _setting(0, "Port of the metrics, path /metrics.")

    workers: int = _setting(4, "Sites reconciled at a time.")
    effects: int = _setting(16, "Effects made at a time, all sites together.")
    resync_seconds: float = _setting(60.0, "Each site is judged again after this time at the latest.")
    debounce_seconds: float = _setting(0.2, "Facts and events that come within this time are judged together.")
    backoff_seconds: float = _setting(1.0, "Wait after a failed reconcile; doubled with each further failure.")
    backoff_limit_seconds: float = _setting(60.0, "Longest wait after a failed reconcile.")
    first_read_seconds: float = _setting(
        60.0, "After a start, a site that was judged before keeps its status until each source answered, or for this time."
    )
    sweep_seconds: float = _setting(300.0, "Interval of the full list that finds what the watch missed.")
    watch_stale_seconds: float = _setting(120.0, "The probe fails when the watch is behind a full list for longer than this.")
    kubernetes_timeout_seconds: float = _setting(30.0, "Longest wait for an answer of the API server.")
    credentials_seconds: float = _setting(60.0, "Interval at which Secrets and ConfigMaps are read again.")
    lease_seconds: float = _setting(15.0, "Duration of a Lease: after it another replica may take the site.")
    lease_renew_seconds: float = _setting(5.0, "Interval at which a Lease is renewed.")
    lease_retry_seconds: float = _setting(2.0, "Interval at which a Lease that another replica holds is looked at.")
    lease_margin_seconds: float = _setting(3.0, "So long before its end a Lease no longer counts as held.")

    azure_reads_per_hour: float = _setting(
        _BUDGET.reads_per_hour,
        "Most reads of a subscription in an hour, all its sites together, but for those of effects. Intervals grow instead.",
    )
    azure_low_remaining: int = _setting(
        _BUDGET.low_remaining, "Reads and effects come slower once Azure says that fewer requests than this are left."
    )
    azure_list_seconds: float = _seconds(_POLL.list_interval, "Interval of the full read of a vault.")
    azure_job_seconds: float = _seconds(_POLL.job_interval, "Interval at which jobs and items in motion are read.")
    azure_vm_seconds: float = _seconds(
        _POLL.vm_interval, "Interval at which Azure machines between reprotect and failback are read, as the budget allows."
    )
    azure_retry_seconds: float = _seconds(_POLL.retry_interval, "Wait after a failed read of a vault.")
    azure_jitter: float = _setting(_POLL.jitter, "Part by which each of these intervals may differ.")
    azure_connect_seconds: float = _seconds(_TIMEOUTS.connect, "Longest wait for a connection to Azure.")
    azure_read_seconds: float = _seconds(_TIMEOUTS.read, "Longest wait for an answer of Azure to a read.")
    azure_call_seconds: float = _seconds(_READ.call_timeout, "Longest time of one read, its retries and pages included.")
    azure_retries: int = _setting(_TIMEOUTS.retries, "Retries of a read; effects are never retried.")
    azure_concurrency: int = _setting(_READ.concurrency, "Reads of one vault at a time.")
    azure_detail_seconds: float = _seconds(_READ.detail_age, "Age at which what only GET shows of an item is read again.")
    azure_reversed_seconds: float = _seconds(
        _READ.reversed_age, "The same of machines that replicate to the site, whose recovery points are shown by GET alone."
    )
    azure_details_per_read: int = _setting(_READ.details_per_read, "GETs of items at most in one full read.")
    azure_estate_seconds: float = _seconds(
        _READ.estate_age, "Age at which network interfaces, locks and disks of many Azure machines are read again."
    )
    azure_vm_gets: int = _setting(_READ.vm_gets, "Up to so many Azure machines are read one by one; more by the list.")
    azure_watched_gets: int = _setting(
        _READ.watched_gets, "Up to so many Azure machines between reprotect and failback are read one by one; more by two lists."
    )
    azure_job_window_seconds: float = _seconds(_READ.job_window, "How far back the vault's jobs are read.")
    azure_jobs_per_read: int = _setting(_READ.jobs_per_read, "GETs of jobs at most in one full read.")
    azure_jobs_filter: str = _setting(_READ.jobs_filter, "OData filter of the list of jobs; empty lists all.")

    vsphere_connect_seconds: float = _seconds(_VSPHERE.connect_timeout, "Longest wait for a connection to vCenter.")
    vsphere_call_seconds: float = _seconds(_VSPHERE.call_timeout, "Longest wait for an answer of vCenter.")
    vsphere_read_seconds: float = _seconds(_VSPHERE.read_timeout, "Longest time of a whole read of vCenter.")
    vsphere_wait_seconds: float = _seconds(_VSPHERE.wait, "How long one wait for changes may idle; at most 60.")
    vsphere_event_seconds: float = _seconds(
        _VSPHERE.events, "The same while machines are on their way home: events of their VMs are read that often."
    )
    vsphere_search_seconds: float = _seconds(_VSPHERE.search, "Interval at which the VMs of a site are searched anew.")
    vsphere_retry_seconds: float = _seconds(_VSPHERE.retry, "First wait after a failed read of vCenter.")
    vsphere_retry_limit_seconds: float = _seconds(_VSPHERE.retry_limit, "Longest wait after a failed read of vCenter.")
    vsphere_refused_login_seconds: float = _seconds(
        _VSPHERE.refused_login, "A refused password is not tried again before this; repeated failures lock accounts."
    )
    vsphere_refused_login_limit_seconds: float = _seconds(_VSPHERE.refused_login_limit, "Longest such wait.")
    vsphere_threads: int = _setting(_VSPHERE.threads, "Threads for each vCenter, the watching one not counted.")
    server_privileges: tuple[str, ...] = _setting(
        _VSPHERE.server_privileges, "Privilege that the configuration server's own account needs in vCenter; several times."
    )
    vsphere_page_size: int = _setting(_VSPHERE.page_size, "Objects on one page of a read.")
    vsphere_shutdown_seconds: float = _seconds(
        _LIMITS.vsphere_shutdown, "So long a guest may take to shut down in a power cycle before a person is told."
    )
    vsphere_follow_seconds: float = _setting(2.0, "Interval at which an effect on a VM is followed.")

    heartbeat_seconds: float = _seconds(_LIMITS.heartbeat, "A server without heartbeat for longer counts as not connected.")
    azure_stale_seconds: float = _seconds(_LIMITS.azure_stale, "Facts of a vault older than this are not judged.")
    vsphere_stale_seconds: float = _seconds(_LIMITS.vsphere_stale, "Facts of a vCenter older than this are not judged.")
    item_detail_seconds: float = _seconds(_LIMITS.item_detail, "What only GET shows of an item is not judged when older.")
    azure_estate_stale_seconds: float = _seconds(
        _LIMITS.azure_estate_stale, "Network interfaces and locks older than this are not judged."
    )
    disks_per_master_target: int = _setting(
        _LIMITS.disks_per_master_target, "Most disks on a master target; Site Recovery takes no more than 60."
    )
    scsi_slots_per_controller: int = _setting(_LIMITS.scsi_slots_per_controller, "Disks on one SCSI controller.")
    scsi_controllers: int = _setting(_LIMITS.scsi_controllers, "SCSI controllers that a VM may have.")
    accepted_controllers: tuple[str, ...] = _setting(
        tuple(sorted(_LIMITS.accepted_controllers)), "Kind of controller that a master target may have; several times."
    )
    policy_rpo_minutes: int = _setting(_LIMITS.policy_rpo_minutes, "RPO threshold that a failback policy has.")
    policy_retention_minutes: int = _setting(_LIMITS.policy_retention_minutes, "Retention that a failback policy has.")
    policy_app_consistent_minutes: int = _setting(
        _LIMITS.policy_app_consistent_minutes, "Interval of application-consistent points that a failback policy has."
    )
    vcenter_discovered: tuple[str, ...] = _setting(
        tuple(sorted(_LIMITS.vcenter_discovered)),
        "Status of a vCenter's discovery (replicationvCenters discoveryStatus) that counts as done; several times.",
    )
    expiry_warning_seconds: float = _seconds(
        _LIMITS.expiry_warning, "Agents and certificates that end within this time are warned of."
    )
    classic_support_end: str = _setting(
        _LIMITS.classic_support_end.isoformat(), "Last day of the vendor's support for the classic architecture, as YYYY-MM-DD."
    )
    app_consistent_point_seconds: float = _seconds(
        _LIMITS.app_consistent_point,
        "So long the first application-consistent point may take, and so old the newest may be, for a failback to LatestTag.",
    )
    blocking_health_codes: tuple[str, ...] = _setting(
        (), "Code of a health error that stops the machine which has it; several times. Others are told as warnings."
    )
    agent_registration_grace_seconds: float = _seconds(
        _LIMITS.agent_registration_grace, "So long after its start a machine may take to report to the configuration server."
    )
    intent_valid_seconds: float = _seconds(_LIMITS.intent_valid, "An effect is never sent later than this after its intent.")
    request_timeout_seconds: float = _seconds(_LIMITS.request_timeout, "An effect without answer after this time is lost.")
    refused_retry_seconds: float = _seconds(_LIMITS.refused_retry, "Wait before a refused or unsent effect is tried again.")
    effect_result_seconds: float = _seconds(
        _LIMITS.effect_result, "A job that is missing, or ended without moving its item, for so long is left to a person."
    )
    attempts: int = _setting(_LIMITS.attempts, "Tries of one step that is refused; then a person must say `retries`.")
    failover_bound_ahead_seconds: float = _seconds(
        _LIMITS.failover_bound_ahead, "failedOverBefore further ahead of its first sight is ignored until edited."
    )
    failover_clock_skew_seconds: float = _seconds(
        _LIMITS.failover_clock_skew, "Clocks of operator and Azure may differ by so much."
    )
    changes_per_day_gb: int = _setting(
        _LIMITS.changes_per_day_gb, "Data in GB that may change in a day on the machines of one master target, without a warning."
    )
    change_rate_period_seconds: float = _seconds(
        _LIMITS.change_rate_period, "Time over which Site Recovery tells the data change rate of a machine."
    )
    linux_targets: tuple[str, ...] = _setting(
        _LIMITS.linux_targets, "System that a Linux master target may have without a warning, e.g. ubuntu-16.04; several times."
    )
    new_vm_margin_percent: int = _setting(
        _LIMITS.new_vm_margin_percent, "By so much more than its disks a new VM is to find free on its datastore, in percent."
    )
    retention_listed_seconds: float = _seconds(
        _LIMITS.retention_listed, "So long Site Recovery may take to list a new retention volume before a refresh is due."
    )
    refresh_interval_seconds: float = _seconds(
        _LIMITS.refresh_interval, "The configuration server is refreshed at most once in this time."
    )

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "Settings":
        """The settings from values by name. Raises ValueError where one is of no use."""
        return TypeAdapter(cls).validate_python(values)

    def limits(self) -> Limits:
        """The limits of judgement."""
        return Limits(
            heartbeat=timedelta(seconds=self.heartbeat_seconds),
            azure_stale=timedelta(seconds=self.azure_stale_seconds),
            vsphere_stale=timedelta(seconds=self.vsphere_stale_seconds),
            item_detail=timedelta(seconds=self.item_detail_seconds),
            azure_estate_stale=timedelta(seconds=self.azure_estate_stale_seconds),
            disks_per_master_target=self.disks_per_master_target,
            scsi_slots_per_controller=self.scsi_slots_per_controller,
            scsi_controllers=self.scsi_controllers,
            accepted_controllers=frozenset(ControllerKind(kind) for kind in self.accepted_controllers),
            policy_rpo_minutes=self.policy_rpo_minutes,
            policy_retention_minutes=self.policy_retention_minutes,
            policy_app_consistent_minutes=self.policy_app_consistent_minutes,
            vcenter_discovered=frozenset(each.casefold() for each in self.vcenter_discovered),
            expiry_warning=timedelta(seconds=self.expiry_warning_seconds),
            classic_support_end=date.fromisoformat(self.classic_support_end),
            app_consistent_point=timedelta(seconds=self.app_consistent_point_seconds),
            blocking_health_codes=frozenset(self.blocking_health_codes),
            agent_registration_grace=timedelta(seconds=self.agent_registration_grace_seconds),
            intent_valid=timedelta(seconds=self.intent_valid_seconds),
            request_timeout=timedelta(seconds=self.request_timeout_seconds),
            refused_retry=timedelta(seconds=self.refused_retry_seconds),
            attempts=self.attempts,
            failover_bound_ahead=timedelta(seconds=self.failover_bound_ahead_seconds),
            failover_clock_skew=timedelta(seconds=self.failover_clock_skew_seconds),
            effect_result=timedelta(seconds=self.effect_result_seconds),
            vsphere_shutdown=timedelta(seconds=self.vsphere_shutdown_seconds),
            changes_per_day_gb=self.changes_per_day_gb,
            change_rate_period=timedelta(seconds=self.change_rate_period_seconds),
            linux_targets=self.linux_targets,
            new_vm_margin_percent=self.new_vm_margin_percent,
            retention_listed=timedelta(seconds=self.retention_listed_seconds),
            refresh_interval=timedelta(seconds=self.refresh_interval_seconds),
        )

    def lease_times(self) -> LeaseTimes:
        """Times of the Leases. Raises ValueError where they contradict each other."""
        return LeaseTimes(
            duration=self.lease_seconds,
            renew=self.lease_renew_seconds,
            retry=self.lease_retry_seconds,
            margin=self.lease_margin_seconds,
        )

    def poll(self) -> PollSettings:
        """Intervals of the reading of Azure."""
        return PollSettings(
            list_interval=timedelta(seconds=self.azure_list_seconds),
            job_interval=timedelta(seconds=self.azure_job_seconds),
            vm_interval=timedelta(seconds=self.azure_vm_seconds),
            retry_interval=timedelta(seconds=self.azure_retry_seconds),
            jitter=self.azure_jitter,
        )

    def reader(self) -> ReaderSettings:
        """Limits of one read of Azure."""
        return ReaderSettings(
            call_timeout=timedelta(seconds=self.azure_call_seconds),
            concurrency=self.azure_concurrency,
            detail_age=timedelta(seconds=self.azure_detail_seconds),
            reversed_age=timedelta(seconds=self.azure_reversed_seconds),
            details_per_read=self.azure_details_per_read,
            estate_age=timedelta(seconds=self.azure_estate_seconds),
            vm_gets=self.azure_vm_gets,
            watched_gets=self.azure_watched_gets,
            job_window=timedelta(seconds=self.azure_job_window_seconds),
            jobs_per_read=self.azure_jobs_per_read,
            jobs_filter=self.azure_jobs_filter,
        )

    def budget(self) -> BudgetSettings:
        """How much of a subscription is read."""
        turn = max(self.azure_list_seconds, self.azure_stale_seconds / 2)
        return BudgetSettings(self.azure_reads_per_hour, self.azure_low_remaining, turn)

    def timeouts(self) -> Timeouts:
        """Limits of one request to Azure."""
        return Timeouts(
            connect=timedelta(seconds=self.azure_connect_seconds),
            read=timedelta(seconds=self.azure_read_seconds),
            retries=self.azure_retries,
        )

    def vsphere(self) -> VsphereSettings:
        """Times and sizes of the reading of a vCenter."""
        return VsphereSettings(
            connect_timeout=timedelta(seconds=self.vsphere_connect_seconds),
            call_timeout=timedelta(seconds=self.vsphere_call_seconds),
            read_timeout=timedelta(seconds=self.vsphere_read_seconds),
            wait=timedelta(seconds=self.vsphere_wait_seconds),
            events=timedelta(seconds=self.vsphere_event_seconds),
            search=timedelta(seconds=self.vsphere_search_seconds),
            retry=timedelta(seconds=self.vsphere_retry_seconds),
            retry_limit=timedelta(seconds=self.vsphere_retry_limit_seconds),
            refused_login=timedelta(seconds=self.vsphere_refused_login_seconds),
            refused_login_limit=timedelta(seconds=self.vsphere_refused_login_limit_seconds),
            threads=self.vsphere_threads,
            server_privileges=self.server_privileges,
            answers_kept=timedelta(seconds=self.vsphere_stale_seconds),
            page_size=self.vsphere_page_size,
        )


@dataclass(frozen=True, slots=True)
class Described:
    """How a setting is given and what it means."""

    name: str
    default: object
    text: str

    @property
    def shown(self) -> str:
        """Its default as text."""
        match self.default:
            case tuple():
                return " ".join(self.default)
            case float():
                return f"{self.default:g}"
            case _:
                return str(self.default)

    @property
    def flag(self) -> str:
        """Its option on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """Its environment variable; several values are parted by blanks."""
        return ENV_PREFIX + self.name.upper()


def described() -> tuple[Described, ...]:
    """All settings in order."""
    return tuple(Described(each.name, each.default, each.metadata["help"]) for each in fields(Settings))


def document() -> str:
    """docs/settings.md."""
    head = (
        "# Settings\n\nEach setting is a flag of `failback-operator run`, an environment variable and a value of the chart"
        " (`settings`, in camelCase).\nA flag goes before the variable. Durations are in seconds; several values in a variable"
        " are parted by blanks.\nMade by `python -m failback_operator.runtime.settings`.\n\n"
        "| flag | environment | default | meaning |\n| --- | --- | --- | --- |\n"
    )
    rows = (
        f"| `{each.flag}` | `{each.variable}` | {f'`{each.shown}`' if each.shown else ''} | {each.text} |\n"
        for each in described()
    )
    return head + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(document())
