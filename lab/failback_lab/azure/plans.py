"""Task lists of the jobs. Source: site-recovery facts, section 2; ids and titles as recorded."""

from .jobs import Task


def failover_tasks() -> list[Task]:
    """Steps of a failover in either direction."""
    return [
        Task("UnplannedFailoverPreflightChecksTask", "VmUfoPrerequisitesCheck", "Prerequisites check for failover"),
        Task("ShutdownVmOnPrimaryForUFO", "VmShutdownVmOnPrimary", "Shut down the virtual machine"),
        Task("PrepareForUnPlannedFailoverTask", "VmPrepareForUnPlannedFailover", "Synchronizing the latest changes"),
        Task("FailoverTask", "VmFailover", "Start failover"),
        Task("StartVmOnSecondary", "VmFoStartVmOnSecondary", "Start the replica virtual machine"),
    ]


def commit_tasks() -> list[Task]:
    """Steps of a commit."""
    return [
        Task("CommitPreflightTask", "VmCommitPrerequisitesCheck", "Prerequisite check"),
        Task("CommitTask", "VmCommit", "Commit"),
    ]


def reprotect_tasks(members: int) -> list[Task]:
    """Steps of a reprotect in either direction; the last is a group task whose child jobs do the work."""
    return [
        Task(
            "SwitchReplicationGroupProtectionPreflightTask",
            "SwitchReplicationGroupProtectionPreflightTask",
            "Prerequisite check",
        ),
        Task("CommitFailoverTask", "VmCommitFailover", "Committing failover"),
        Task("DiscoverReplicaTask", "DiscoverReplicaTask", "Discovering replica virtual machine"),
        Task("GetSwitchProtectionRequirementsTask", "GetSwitchProtectionRequirementsTask", "Getting reprotection requirements"),
        Task("ProtectReplicaTask", "ProtectReplicaTask", f"Reprotecting virtual machine ({members})", is_group=True),
    ]


def enable_tasks() -> list[Task]:
    """Steps of the child job of a reprotect; only its scenario and title are recorded."""
    return [Task("EnableDrTask", "EnableDr", "Enable replication")]


def single_task(name: str, title: str) -> list[Task]:
    """One step."""
    return [Task(name, name, title)]
