"""How effects on master targets are followed: on their VM, or on the template while there is none."""

from dataclasses import replace

from tests.unit import builders as b

from failback_operator.domain.ids import Moref
from failback_operator.domain.steps import CloneOrder, MachineCall, ObjectKey
from failback_operator.runtime.interest import interest_of
from failback_operator.runtime.touched import holders_of, machine_calls

KEY = ObjectKey("MasterTarget", b.NAMESPACE, "mt-win")
SPEC = {"name": "mt-template", "cluster": "infra", "datastore": "vmfs-1"}
TEMPLATE = b.vm("mt-template", is_template=True)
ORDER = CloneOrder(b.CLUSTER, b.HOST_1, b.VMFS)


def calls(*machines, **spec):
    return machine_calls(b.view(vsphere=b.facts(*machines), targets=(b.master_target(**spec),)))


def test_on_its_vm():
    vm = b.target_vm()
    assert calls(b.vm(), vm) == {KEY: MachineCall(b.VCENTER, vm.moref, vm.instance_uuid)}
    assert calls(b.vm(), vm, replace(vm, moref=Moref("vm-2"))) == {}
    assert calls(b.vm()) == {}


def test_on_the_template_while_there_is_no_vm():
    assert calls(TEMPLATE, template=SPEC) == {KEY: MachineCall(b.VCENTER, TEMPLATE.moref, TEMPLATE.instance_uuid, clone=ORDER)}
    assert calls(TEMPLATE) == {}
    made = b.target_vm()
    assert calls(TEMPLATE, made, template=SPEC)[KEY] == MachineCall(b.VCENTER, made.moref, made.instance_uuid, clone=ORDER)


def test_the_template_is_read():
    found = interest_of(b.site(), (b.master_target(template=SPEC),), (), None)
    assert {"mt-win", "mt-template"} <= found.names


def test_of_what_is_asked_of_a_machines_vm():
    entry = {
        "key": f"DeleteVm/{b.vm_uuid()}/1",
        "effect": "DeleteVm",
        "intendedAt": "2026-11-24T06:00:00Z",
        "notAfter": "2026-11-24T06:00:30Z",
        "outcome": "Running",
        "job": "destroy/task-1",
    }
    own = b.machine(status={"ledger": [entry]})
    vm = b.vm()
    found = machine_calls(b.view(vsphere=b.facts(vm), machines=(own, b.machine("app-2")), targets=()))
    assert found == {ObjectKey("FailbackMachine", b.NAMESPACE, own.name): MachineCall(b.VCENTER, vm.moref, vm.instance_uuid)}


def test_what_is_on_a_master_target_is_judged_by_both_worlds_and_unread_is_not_empty():
    target, facts = b.master_target(), b.facts(b.vm(), b.target_vm())

    def held(vault, vsphere=facts):
        return holders_of(target, b.view(vault, vsphere=vsphere, targets=(target,)))

    assert held(b.vault(items=())) == ()
    assert held(b.vault(items=(b.reprotected_item(),))) == ("app-1",), "by its masterTargetId, with no disk attached"
    assert held(b.vault(items=(replace(b.reprotected_item(), detail=None),))) is None
    assert held(b.vault(items=()), b.facts(b.vm(), b.target_vm(unread=frozenset({"disks"})))) is None
    assert holders_of(b.master_target("other"), b.view(targets=(target,))) is None
