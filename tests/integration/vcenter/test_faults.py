"""Faults to order: before, within and after a call, and on the wire."""

import http.client
import time

import pytest
from pyVmomi import vim, vmodl

from failback_lab.vcenter import CONFIGURATION_SERVER_USER, ControlError

LOST = (http.client.RemoteDisconnected, ConnectionError)


def test_fault_before_the_call_does_nothing(own):
    """A typed fault instead of the call, counted down, on one machine only.

    Source: lab/vcenter/README.md, Control endpoint (fault); API, TaskInProgress.
    """
    control, vm = own.vcenter.control, own.vm("mail-relay-1")
    control.fault(
        "PowerOnVM_Task", "before", fault={"_typeName": "TaskInProgress", "task": _ref(vm)}, name="mail-relay-1", count=2
    )
    for _ in range(2):
        with pytest.raises(vim.fault.TaskInProgress):
            vm.PowerOnVM_Task()
    assert vm.runtime.powerState == "poweredOff"
    own.run(own.vm("crm-1").PowerOnVM_Task())
    own.run(vm.PowerOnVM_Task())


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"_typeName": "InvalidState"}, vim.fault.InvalidState),
        ({"_typeName": "HostNotConnected"}, vmodl.fault.HostNotConnected),
        ({"_typeName": "SystemError", "reason": "broken"}, vmodl.fault.SystemError),
        ({"_typeName": "NotAuthenticated"}, vim.fault.NotAuthenticated),
        (None, vmodl.fault.SystemError),
    ],
)
def test_faults_that_pyvmomi_can_parse(own, fault, expected):
    """Typed faults parse, which some of the library's own kinds do not.

    Source: govmomi, simulator/fault_injection.go (CreateFault); pyvmomi 9.1.1, pyVmomi/SoapAdapter.py.
    """
    own.vcenter.control.fault("CurrentTime", "before", fault=fault)
    with pytest.raises(expected):
        own.si.CurrentTime()
    own.si.CurrentTime()


def test_task_that_fails(own):
    """The call is accepted and its task ends in the fault, with nothing done.

    Source: API, TaskInfo.{state, error}; lab/vcenter/README.md, Control endpoint (fault).
    """
    vm = own.vm("mt-lin-1")
    fault = {"_typeName": "GenericVmConfigFault", "reason": "no space"}
    own.vcenter.control.fault("RemoveAllSnapshots_Task", "task", fault=fault, name="mt-lin-1")
    with pytest.raises(vim.fault.GenericVmConfigFault):
        own.run(vm.RemoveAllSnapshots_Task())
    assert vm.snapshot.rootSnapshotList[0].name == "before-kernel-update"
    own.run(vm.RemoveAllSnapshots_Task())


def test_lost_answer_is_done_all_the_same(own, until):
    """The effect happens once and its answer is lost: never to be retried blindly.

    Source: pyvmomi 9.1.1, pyVmomi/SoapAdapter.py (SessionOrientedStub sends a call again, changes too).
    """
    vm = own.vm("mail-relay-1")
    own.vcenter.control.fault("PowerOnVM_Task", "after")
    with pytest.raises(LOST):
        vm.PowerOnVM_Task()
    until(lambda: vm.runtime.powerState == "poweredOn")
    assert len(own.events(vm, "VmPoweredOnEvent")) == 1


def test_connection_dropped_before_the_call(own):
    """Nothing is done.

    Source: lab/vcenter/README.md, Control endpoint (fault, drop).
    """
    vm = own.vm("mail-relay-1")
    own.vcenter.control.fault("PowerOnVM_Task", "drop")
    with pytest.raises(LOST):
        vm.PowerOnVM_Task()
    assert vm.runtime.powerState == "poweredOff"


def test_http_status(own):
    """Too many sessions answer with 503.

    Source: https://github.com/kubernetes-sigs/cluster-api-provider-vsphere/issues/1503
    """
    own.vcenter.control.fault("CurrentTime", "status", status=503)
    with pytest.raises(http.client.HTTPException):
        own.si.CurrentTime()


def test_skip_and_user(own, login):
    """A rule may let calls pass first, and strike one user only.

    Source: lab/vcenter/README.md, Control endpoint (fault).
    """
    other = login(own.vcenter, user=CONFIGURATION_SERVER_USER)
    own.vcenter.control.fault("CurrentTime", "before", user=CONFIGURATION_SERVER_USER, skip=1)
    own.si.CurrentTime()
    other.si.CurrentTime()
    with pytest.raises(vmodl.fault.SystemError):
        other.si.CurrentTime()
    other.si.CurrentTime()


def test_clear_faults(own):
    """A count of 0 strikes for ever, until cleared.

    Source: lab/vcenter/README.md, Control endpoint (fault, clearfaults).
    """
    own.vcenter.control.fault("CurrentTime", "before", count=0)
    for _ in range(3):
        with pytest.raises(vmodl.fault.SystemError):
            own.si.CurrentTime()
    own.vcenter.control.clear_faults()
    own.si.CurrentTime()


def test_slow_calls(own):
    """Delays of all calls, of one method, and of one call.

    Source: govmomi, simulator/model.go (DelayConfig); lab/vcenter/README.md, Control endpoint (delay).
    """
    control = own.vcenter.control
    assert _duration(own) < 0.2
    control.delay(methods={"CurrentTime": 300})
    assert _duration(own) > 0.3
    control.delay()
    control.fault("CurrentTime", "slow", delayMs=300)
    assert _duration(own) > 0.3
    assert _duration(own) < 0.2


def test_slow_task_leaves_its_machine_readable(own, until):
    """A task that waits can be watched while it runs.

    Source: API, TaskInfo.state; govmomi, simulator/task.go.
    """
    vm = own.vm("mail-relay-1")
    own.vcenter.control.delay(tasks={"PowerOn": 500})
    task = vm.PowerOnVM_Task()
    assert task.info.state == "running"
    assert vm.runtime.powerState == "poweredOff"
    own.run(task)
    assert vm.runtime.powerState == "poweredOn"


@pytest.mark.parametrize(
    ("when", "numbers", "fault"),
    [("later", {}, None), ("status", {"status": 200}, None), ("before", {}, {"_typeName": "NoSuchFault"})],
)
def test_wrong_rules_are_refused(vcenter, when, numbers, fault):
    """A rule that could never strike is an error.

    Source: lab/vcenter/README.md, Control endpoint (fault).
    """
    with pytest.raises(ControlError):
        vcenter.control.fault("CurrentTime", when, fault=fault, **numbers)


def _duration(session) -> float:
    start = time.monotonic()
    session.si.CurrentTime()
    return time.monotonic() - start


def _ref(item) -> dict[str, str]:
    return {"_typeName": "ManagedObjectReference", "type": "Task", "value": item._moId}
