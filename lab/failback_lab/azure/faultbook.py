"""Errors that jobs end with: the service's code where it is on record, `LAB-UNKNOWN-n` where only the symptom is.

Source: site-recovery facts, section 3.
"""

from .jobs import ServiceFault

NO_PRIVATE_PATH = ServiceFault(
    "95226",
    "Reprotect failed: the virtual machine in Azure cannot reach the configuration server.",
    "There is no site-to-site VPN or ExpressRoute private path, or the agent's service is stopped.",
    "Connect the virtual network with the on-premises site and run the operation again.",
)
VM_NOT_RUNNING = ServiceFault(
    "78093",
    "The virtual machine is not running, is hung or cannot be reached.",
    "The virtual machine is switched off, or is connected to a wrong network.",
    "Start the virtual machine, check its network and run the operation again.",
)
SAME_NAME_ON_HOST = ServiceFault(
    "78052",
    "Protection could not be completed for the virtual machine.",
    "A virtual machine of the same name exists on the host of the master target.",
    "Choose a master target on another host, or rename the virtual machine there.",
)
DATASTORE_NOT_MOUNTED = ServiceFault(
    "8061",
    "The datastore is not accessible from the ESXi host.",
    "The datastore of the virtual machine is not mounted read/write on the host of the master target.",
    "Mount the datastore on the host of the master target and run the operation again.",
)
HOST_MEMORY = ServiceFault(
    "8038",
    "The on-premises virtual machine could not be brought up.",
    "Its host has not enough memory.",
    "Free memory on the host, or move the virtual machine to another host.",
)


def _unknown(number: int, message: str, action: str = "") -> ServiceFault:
    return ServiceFault(f"LAB-UNKNOWN-{number}", message, "", action)


SNAPSHOTS = _unknown(1, "The master target has snapshots.", "Delete all snapshots of the master target.")
PARAVIRTUAL = _unknown(2, "The master target has a paravirtual SCSI controller.", "Use LSI Logic controllers only.")
TOO_MANY_DISKS = _unknown(3, "The master target would have more than 60 disks.", "Use another master target.")
DISK_UUID = _unknown(4, "disk.EnableUUID is not set on the master target.", "Set disk.EnableUUID to TRUE.")
NO_RETENTION_VOLUME = _unknown(5, "The master target has no such retention volume.", "Name a volume that it lists.")
AGENT_MISSING = _unknown(6, "The mobility agent is not installed on the virtual machine.", "Wait until it has registered.")
OTHER_FAMILY = _unknown(
    7, "The master target's operating system differs from the virtual machine's.", "Use another master target."
)
OTHER_TARGET = _unknown(
    8, "Another member of the replication group uses another master target.", "Use the group's master target."
)
TARGET_GONE = _unknown(9, "The master target's virtual machine is not in vCenter or is switched off.")
DETACH_FAILED = _unknown(10, "A disk could not be detached from the master target.", "Attach it to the virtual machine by hand.")
NO_MACHINE = _unknown(11, "The on-premises virtual machine does not exist.")
VCENTER_FAILED = _unknown(12, "vCenter did not carry out an action.")
POLICY_NOT_ASSOCIATED = _unknown(13, "The policy is not associated with the container.", "Create the mapping.")
NO_DATASTORE = _unknown(14, "The master target has no datastore to choose.", "Check VMware Tools and the host's datastores.")
SERVER_IN_AZURE = _unknown(15, "Protection towards Azure needs an on-premises process server.")
CHILD_FAILED = _unknown(16, "Enabling replication failed; see the errors of the job that did it.")
LOCKED = _unknown(17, "The virtual machine in Azure could not be deleted.", "Remove the lock and delete it.")
CS_DISCONNECTED = _unknown(18, "The configuration server is not connected.")
NOT_IN_DATABASE = _unknown(19, "The virtual machine is not in the configuration server's database.")
NO_NEW_DATASTORE = _unknown(
    30, "The datastore for the new virtual machine is not one of the master target's.", "Name one that it lists."
)
SAME_DISK_UUID = _unknown(32, "A disk of the master target has the UUID of a disk of the virtual machine.", "Make either anew.")
ADDRESS_CHANGED = _unknown(40, "The configuration server's address is not the one under which it was registered.")
OTHER_VCENTER = _unknown(41, "The virtual machine was discovered in another vCenter than the configuration server knows now.")
RAW_DEVICES = _unknown(42, "A disk of the virtual machine is a raw device, which no alternate location takes.")
PHYSICAL_2008_R2 = _unknown(43, "A physical machine with Windows Server 2008 R2 SP1 cannot be failed back.")
NO_SPACE = _unknown(31, "The datastore has no room for the disks of the new virtual machine.", "Free space on it.")

# Refusals of requests: no code is on record.
NOT_ALLOWED = "LAB-UNKNOWN-100"
JOB_RUNS = "LAB-UNKNOWN-101"
BAD_INPUT = "LAB-UNKNOWN-102"
NOT_SIMULATED = "LAB-NOT-SIMULATED"
