"""What the vendor's page on preparing reprotection and failback asks, clause by clause: a check names the clause that it is for.

Source: Site Recovery article vmware-azure-prepare-failback.
"""

CLAUSES: dict[str, str] = {
    "R1": "Machines that failed over to Azure are reprotected towards the site, then failed back by a failover to it.",
    "R2": "The on-premises configuration server runs and is connected to Azure.",
    "R3": "The configuration server's database has the VM to fail back to; a restored server keeps its IP address.",
    "R4": "Where machines kept their addresses, the configuration server has two NICs in different subnets, one for failback.",
    "R5": "A process server stands in the Azure network of the machines, and reaches configuration server and master target.",
    "R6": "A master target takes at most 60 disks; more disks, or heavy traffic, need further master targets.",
    "R7": "A replication group is all Windows or all Linux, on one master target of the same or a later version.",
    "R8": "A master target's disks have no snapshots.",
    "R9": "A master target has LSI Logic SCSI controllers only, no paravirtual one.",
    "R10": "A failback policy (15 min, 24 h, 60 min) exists and is associated with the configuration server.",
    "R11": "Replication back runs over a site-to-site VPN or ExpressRoute private peering.",
    "R12": "The ports for reprotection and failback are open.",
    "R13": "Azure VMs reach the process server in Azure, and the connection from it to the site has enough bandwidth.",
    "R14": "A separate master target is Windows or Linux as its machines are; Linux machines always need a Linux one.",
    "R15": "No Storage vMotion of a master target; disks that it moved are found and attached to their machines again.",
    "R16": "A master target has a retention volume of its own: not FAT, not empty, not locked, not the cache volume.",
    "R17": "A new retention volume is listed within 15 minutes, or once the configuration server was refreshed.",
    "R18": "VMware Tools or open-vm-tools run on a master target; without them its host's datastores are not found.",
    "R19": "disk.EnableUUID is TRUE in a master target's configuration parameters.",
    "R20": "The datastores of a machine's VM are mounted read/write on the master target's host.",
    "R21": "Without a VM in vCenter, reprotect makes one on the master target's host, on a datastore that this host reaches.",
    "R22": "An on-premises VM may be deleted before reprotect; the machine then comes back on the master target's host.",
    "R23": "For a physical machine, the discovery of the master target's host is complete before reprotect.",
    "R24": "The master target's host has at least one VMFS datastore.",
}
"""Clause → one line."""
