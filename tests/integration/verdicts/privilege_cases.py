"""Cases of privileges in vCenter: the operator's own, and those of the configuration server's account."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vcenter_unread
from tests.integration.verdicts.world import World

from failback_lab.vcenter import CONFIGURATION_SERVER_USER
from failback_operator.domain.grants import SERVER_PRIVILEGES
from failback_operator.domain.verdicts import Outcome

SITE, TARGET, NAME = "RecoverySite/tokyo", "MasterTarget/mt-win-1", "mt-win-1"
UNKNOWN, NOT_APPLICABLE, PASS = Outcome.UNKNOWN, Outcome.NOT_APPLICABLE, Outcome.PASS
SNAPSHOT, OFF = "VirtualMachine.State.RemoveSnapshot", "VirtualMachine.Interact.PowerOff"
REFUSED = {"_typeName": "NoPermission", "object": {"type": "Folder", "value": "group-d1"}, "privilegeId": "System.View"}


def snapshots_may_be_removed(world: World) -> None:
    world.spec("MasterTarget", NAME, remediation={"removeSnapshots": "Automatic", "enableDiskUuid": "Manual"})


def nothing_may_be_mended(world: World) -> None:
    world.spec("MasterTarget", NAME, remediation={"removeSnapshots": "Manual", "enableDiskUuid": "Manual"})


def may_not_remove_snapshots(world: World) -> None:
    world.vcenter.control.missing_privileges([SNAPSHOT], world.vcenter.username)


def may_not_remove_snapshots_of_this_vm(world: World) -> None:
    world.vcenter.control.missing_privileges([SNAPSHOT], world.vcenter.username, kind="VirtualMachine", name=NAME)


def may_not_remove_snapshots_of_another_vm(world: World) -> None:
    world.vcenter.control.missing_privileges([SNAPSHOT], world.vcenter.username, kind="VirtualMachine", name="crm-1")


def may_not_do_what_is_not_asked_for(world: World) -> None:
    world.vcenter.control.missing_privileges([OFF], world.vcenter.username)


def privileges_may_not_be_read(world: World) -> None:
    world.vcenter.control.fault("HasUserPrivilegeOnEntities", "before", fault=REFUSED, count=0)


def configuration_server_may_only_read(world: World) -> None:
    world.vcenter.control.missing_privileges(
        ["Datastore.AllocateSpace", OFF], CONFIGURATION_SERVER_USER, kind="Datacenter", name="tokyo"
    )


def configuration_server_has_no_role_but_read(world: World) -> None:
    world.vcenter.control.missing_privileges(list(SERVER_PRIVILEGES), CONFIGURATION_SERVER_USER)


def account_not_named(world: World) -> None:
    world.spec("RecoverySite", "tokyo", configurationServer={"ipAddresses": ["10.10.0.10"], "vmName": "cs-1"})


CASES = (
    Case("RemediationPrivileges", TARGET, may_not_remove_snapshots, (SNAPSHOT, "VM mt-win-1"), snapshots_may_be_removed),
    Case("RemediationPrivileges", TARGET, may_not_remove_snapshots_of_this_vm, ("VM mt-win-1",), snapshots_may_be_removed),
    Case("RemediationPrivileges", TARGET, may_not_remove_snapshots_of_another_vm, prepare=snapshots_may_be_removed, outcome=PASS),
    Case("RemediationPrivileges", TARGET, may_not_do_what_is_not_asked_for, prepare=snapshots_may_be_removed, outcome=PASS),
    Case("RemediationPrivileges", TARGET, nothing_may_be_mended, prepare=snapshots_may_be_removed, outcome=NOT_APPLICABLE),
    Case(
        "RemediationPrivileges",
        TARGET,
        privileges_may_not_be_read,
        ("NoPermission",),
        snapshots_may_be_removed,
        outcome=UNKNOWN,
    ),
    Case("ConfigurationServerPrivileges", SITE, configuration_server_may_only_read, ("Datastore.AllocateSpace", "tokyo")),
    Case("ConfigurationServerPrivileges", SITE, privileges_may_not_be_read, ("NoPermission",), outcome=UNKNOWN),
    Case("ConfigurationServerPrivileges", SITE, account_not_named, ("names no account",), outcome=UNKNOWN),
    Case("ConfigurationServerPrivileges", SITE, vcenter_unread, outcome=UNKNOWN),
    Case("ConfigurationServerAccountWrites", SITE, configuration_server_has_no_role_but_read, ("may only read", "tokyo")),
    Case("ConfigurationServerAccountWrites", SITE, configuration_server_may_only_read, outcome=PASS, about="lacks some"),
    Case("ConfigurationServerAccountWrites", SITE, account_not_named, outcome=NOT_APPLICABLE),
    Case("ConfigurationServerAccountWrites", SITE, vcenter_unread, outcome=UNKNOWN),
)
