"""Privileges that a user lacks: told when asked, and missed when needed."""

import pytest
from pyVmomi import vim, vmodl

from failback_lab.vcenter import CONFIGURATION_SERVER_USER

SNAPSHOT = "VirtualMachine.State.RemoveSnapshot"
POD = "StoragePod.Config"


def granted(session, user, entities, ids):
    answer = session.content.authorizationManager.HasUserPrivilegeOnEntities(entities, user, ids)
    return {(item.entity, p.privId): p.isGranted for item in answer for p in item.privAvailability}


def test_everything_is_granted_at_first(own):
    """One call for all entities.

    Source: API, AuthorizationManager.HasUserPrivilegeOnEntities; govmomi, simulator/authorization_manager.go (grants all).
    """
    entities = [own.vm("mt-lin-1"), own.find(vim.StoragePod, "gold")]
    assert set(granted(own, own.vcenter.username, entities, [SNAPSHOT, POD]).values()) == {True}


def test_missing_privilege_is_told_and_missed(own):
    """The manager says so; the call that needs it gets NoPermission; others pass.

    Source: API, AuthorizationManager.HasUserPrivilegeOnEntities, NoPermission.{object, privilegeId}.
    """
    own.vcenter.control.missing_privileges([SNAPSHOT], user=own.vcenter.username)
    vm = own.vm("mt-lin-1")
    answers = granted(own, own.vcenter.username, [vm], [SNAPSHOT, "VirtualMachine.Interact.PowerOn"])
    assert answers == {(vm, SNAPSHOT): False, (vm, "VirtualMachine.Interact.PowerOn"): True}
    with pytest.raises(vim.fault.NoPermission) as caught:
        vm.RemoveAllSnapshots_Task()
    assert (caught.value.privilegeId, caught.value.object) == (SNAPSHOT, vm)
    own.run(own.vm("mail-relay-1").PowerOnVM_Task())


def test_privileges_belong_to_a_user(own, login):
    """The configuration server's account is another one.

    Source: API, AuthorizationManager.HasUserPrivilegeOnEntities (userName).
    """
    own.vcenter.control.missing_privileges([SNAPSHOT], user=CONFIGURATION_SERVER_USER)
    vm = own.vm("mt-lin-1")
    assert granted(own, CONFIGURATION_SERVER_USER, [vm], [SNAPSHOT]) == {(vm, SNAPSHOT): False}
    other = login(own.vcenter, user=CONFIGURATION_SERVER_USER)
    with pytest.raises(vim.fault.NoPermission):
        other.vm("mt-lin-1").RemoveAllSnapshots_Task()
    own.run(vm.RemoveAllSnapshots_Task())


def test_privileges_are_held_object_by_object(own):
    """A role given on one object says nothing of another.

    Source: API, AuthorizationManager.HasUserPrivilegeOnEntities (an answer an entity), Permission.entity.
    """
    control, user = own.vcenter.control, own.vcenter.username
    control.missing_privileges([SNAPSHOT], user, kind="VirtualMachine", name="mt-lin-1")
    lacking, holding = own.vm("mt-lin-1"), own.vm("mt-win-1")
    assert granted(own, user, [lacking, holding], [SNAPSHOT]) == {(lacking, SNAPSHOT): False, (holding, SNAPSHOT): True}
    with pytest.raises(vim.fault.NoPermission):
        lacking.RemoveAllSnapshots_Task()
    own.run(holding.RemoveAllSnapshots_Task())
    control.undo()
    assert granted(own, user, [lacking], [SNAPSHOT]) == {(lacking, SNAPSHOT): True}


def test_privileges_come_back(own):
    """An empty list grants all again.

    Source: API, AuthorizationManager.FetchUserPrivilegeOnEntities; lab/vcenter/README.md, Control endpoint (missing).
    """
    control, manager = own.vcenter.control, own.content.authorizationManager
    control.missing_privileges([SNAPSHOT])
    fetched = manager.FetchUserPrivilegeOnEntities([own.vm("mt-lin-1")], own.vcenter.username)
    assert SNAPSHOT not in fetched[0].privileges
    control.missing_privileges([])
    fetched = manager.FetchUserPrivilegeOnEntities([own.vm("mt-lin-1")], own.vcenter.username)
    assert SNAPSHOT in fetched[0].privileges
    own.run(own.vm("mt-lin-1").RemoveAllSnapshots_Task())


@pytest.mark.parametrize(
    ("privilege", "spec"),
    [
        ("VirtualMachine.Config.AdvancedConfig", {"extraConfig": [vim.option.OptionValue(key="disk.EnableUUID", value="TRUE")]}),
        ("VirtualMachine.Config.Settings", {"flags": vim.vm.FlagInfo(diskUuidEnabled=True)}),
    ],
)
def test_reconfigure_needs_the_privilege_of_what_it_changes(own, privilege, spec):
    """AdvancedConfig for extraConfig, Settings for flags.

    Source: API, VirtualMachineConfigSpec.{extraConfig, flags} (reconfigure privilege of each).
    """
    own.vcenter.control.missing_privileges([privilege])
    with pytest.raises(vim.fault.NoPermission) as caught:
        own.reconfigure(own.vm("mt-lin-1"), **spec)
    assert caught.value.privilegeId == privilege


def test_disk_privileges(own, change):
    """AddExistingDisk and RemoveDisk are privileges of their own.

    Source: API, VirtualMachineConfigSpec.deviceChange (reconfigure privileges).
    """
    vm = own.vm("mail-relay-1")
    disk = own.disks(vm)[0]
    own.vcenter.control.missing_privileges(["VirtualMachine.Config.RemoveDisk", "VirtualMachine.Config.AddExistingDisk"])
    with pytest.raises(vim.fault.NoPermission):
        own.reconfigure(vm, change("remove", disk))
    with pytest.raises(vim.fault.NoPermission):
        own.reconfigure(own.vm("mt-lin-1"), change("add", disk))


def test_user_who_may_not_read_gets_missing_properties(own):
    """NoPermission for each property, in an answer that is otherwise good: unknown, never "no snapshot".

    Source: API, ObjectContent.missingSet, MissingProperty.fault.
    """
    vm = own.vm("mt-lin-1")
    own.vcenter.control.missing_privileges(["System.Read"], user=own.vcenter.username)
    found, missing = own.read(vm, "snapshot", "guest.toolsRunningStatus")
    assert found == {}
    assert {path: type(fault) for path, fault in missing.items()} == {
        "snapshot": vim.fault.NoPermission,
        "guest.toolsRunningStatus": vim.fault.NoPermission,
    }
    with pytest.raises(vim.fault.NoPermission):
        _ = vm.runtime
    own.vcenter.control.missing_privileges([], user=own.vcenter.username)
    assert vm.name == "mt-lin-1"


def test_user_who_may_not_read_waits_for_nothing(own):
    """The same in the updates of a filter.

    Source: API, ObjectUpdate.missingSet.
    """
    query = vmodl.query.PropertyCollector
    collector = own.content.propertyCollector.CreatePropertyCollector()
    spec = query.FilterSpec(
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        objectSet=[query.ObjectSpec(obj=own.vm("mt-lin-1"))],
    )
    collector.CreateFilter(spec, partialUpdates=True)
    own.vcenter.control.missing_privileges(["System.Read"])
    [item] = collector.WaitForUpdatesEx("", query.WaitOptions(maxWaitSeconds=1)).filterSet[0].objectSet
    assert item.changeSet == []
    assert [(m.path, type(m.fault)) for m in item.missingSet] == [("name", vim.fault.NoPermission)]
