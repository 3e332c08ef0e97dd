"""Many at once: what the operator, the configuration server and a person do at the same time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from pyVmomi import vim

from failback_lab.vcenter import CONFIGURATION_SERVER_USER

ROUNDS = 3


def cycle(session, change, machine, target, first_unit):
    """Attach the machine's disks to the target, take them off and switch the machine on and off."""
    vm, target = session.vm(machine), session.vm(target)
    mine = {disk.backing.uuid for disk in session.disks(vm)}
    for _ in range(ROUNDS):
        disks = session.disks(vm)
        for unit, disk in enumerate(disks, start=first_unit):
            disk.unitNumber, disk.key = unit, -1 - unit
        session.reconfigure(target, *(change("add", disk) for disk in disks))
        attached = [disk for disk in session.disks(target) if disk.backing.uuid in mine]
        assert len(attached) == len(disks)
        session.reconfigure(target, *(change("remove", disk) for disk in attached))
        session.run(vm.PowerOnVM_Task())
        session.run(vm.PowerOffVM_Task())
    return mine


def read(session, stop):
    """Read everything again and again."""
    count = 0
    while not stop.is_set():
        view = session.content.viewManager.CreateContainerView(session.content.rootFolder, [vim.VirtualMachine], True)
        for vm in view.view:
            found, missing = session.read(
                vm, "config.hardware.device", "runtime", "guest", "summary", "datastore", "config.extraConfig"
            )
            assert found["config.hardware.device"]
            assert missing == {}
        view.Destroy()
        count += 1
    return count


def test_machines_come_home_while_others_read(own_vcenter, login, change):
    """A session for each thread or user: nothing is lost, doubled or unreadable while many work at once.

    Source: API, SessionManager and PropertyCollector (sessions are apart); govmomi, simulator/registry.go (locks of objects).
    """
    work = [
        ("payroll-app-1", "mt-win-1", 2),
        ("payroll-web-1", "mt-win-1", 8),
        ("shop-db-1", "mt-lin-1", 2),
        ("crm-1", "cs-1", 8),
    ]
    stop = Event()
    with ThreadPoolExecutor(len(work) + 2) as pool:
        readers = [pool.submit(read, login(own_vcenter), stop) for _ in range(2)]
        jobs = [pool.submit(cycle, login(own_vcenter, user=CONFIGURATION_SERVER_USER), change, *item) for item in work]
        try:
            for job in jobs:
                job.result()
        finally:
            stop.set()
        assert all(reader.result() > 0 for reader in readers)
    session = login(own_vcenter)
    assert {name: len(session.disks(session.vm(name))) for name in ("mt-win-1", "mt-lin-1", "cs-1")} == {
        "mt-win-1": 2,
        "mt-lin-1": 2,
        "cs-1": 3,
    }
    own_vcenter.check()
