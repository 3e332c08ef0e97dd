"""The table of error codes and the checks that prevent each, by row and cause; and what is not tried.

Source: site-recovery facts, section 3; of the documents behind it above all vmware-azure-troubleshoot-failback-reprotect.
"""

ROWS: dict[str, tuple[str, ...]] = {
    "95226": ("no private path", "agent's service stopped"),
    "agent is not installed": ("within 15 minutes", "never"),
    "78093": ("Azure VM off", "wrong network", "hung"),
    "78052": ("VM of the same name on the target's host",),
    "8061": ("mounted read-only", "not mounted", "not accessible"),
    "8038": ("host short of memory",),
    "datastore list empty": (
        "target is no VM of the known vCenter",
        "vCenter account may only read",
        "no VMware Tools",
        "only NFS on the host",
        "discovery stale",
    ),
    "retention drive not listed": (
        "FAT",
        "FAT32",
        "zero size",
        "locked",
        "cache or install volume",
        "replication target",
        "absent",
    ),
    "reprotect succeeds, replication fails": ("target newer than the servers",),
    "reprotect fails on the target": (
        "snapshots",
        "paravirtual controller",
        "more than 60 disks",
        "disk.EnableUUID off",
        "disk UUID of one template",
        "BIOS UUID of one template",
    ),
    "extra disk, full copy": ("source without disk.EnableUUID",),
    "disk detach fails at failback": ("Storage vMotion after reprotect", "vCenter not connected"),
    "failback impossible": (
        "Azure VM deleted",
        "Azure VM moved to another group",
        "migration completed",
        "protection disabled",
        "not in the configuration server's database",
        "configuration server's address changed",
        "ESXi with the free licence",
        "physical Windows Server 2008 R2 SP1",
        "UEFI",
        "another vCenter",
    ),
    "RDM or NFS at an alternate location": ("raw device", "NFS"),
    "TLS error 35 at registration": ("authenticating proxy",),
    "Linux target broken": ("kernel upgraded",),
    "health errors": ("78026", "161011", "548004"),
    "forward failover": ("28031", "28092", "70038", "170010"),
}
"""Code or symptom → its causes."""

ELSEWHERE: dict[tuple[str, str], str] = {
    ("95226", "no private path"): "the path through the network and its ports are judged by later work; the simulator refuses "
    "already (tests/integration/azure/test_refusals.py)",
    ("failback impossible", "ESXi with the free licence"): "such a host cannot be in a vCenter, so its VMs are not found: to the "
    "checks it is the cause 'target is no VM of the known vCenter'; no source tells the licence",
    ("TLS error 35 at registration", "authenticating proxy"): "happens in the guest while it is set up: nothing tells of it "
    "from outside",
    ("forward failover", "28031"): "a failover to Azure: not on the way home; told as a health error",
    ("forward failover", "28092"): "a failover to Azure: not on the way home; told as a health error",
    ("forward failover", "70038"): "a failover to Azure: not on the way home; told as a health error",
    ("forward failover", "170010"): "a failover to Azure: not on the way home; told as a health error",
}
"""Why a cause has no case here."""
