"""Which VMs are read, and on which of them privileges: those on which some fix is enabled."""

from tests.unit import builders as a

from failback_operator.runtime.interest import interest_of

SNAPSHOTS = {"removeSnapshots": "Automatic"}


def interest(*targets, vault=None, **server):
    return interest_of(a.site(configurationServer=server), targets, (), vault)


def test_privileges_are_read_where_a_fix_is_enabled():
    found = interest(
        a.master_target(remediation=SNAPSHOTS), a.master_target("mt-lin"), a.master_target("cs-1", allowPowerCycle=True)
    )
    assert found.mended == {"mt-win", "cs-1"}
    assert found.names == {"mt-win", "mt-lin", "cs-1"}


def test_the_vm_is_named_or_found_by_the_address_of_its_server():
    named = a.master_target(vmName="windows-target", remediation=SNAPSHOTS)
    assert interest(named, vault=a.vault()).mended == {"windows-target"}
    assert interest(a.master_target(remediation=SNAPSHOTS), vault=a.vault()).mended == {"mt-win", "10.10.0.21"}


def test_the_configuration_servers_account_is_asked_about_where_it_is_named():
    assert interest(vcenterAccount="asr-cs@vsphere.local").account == "asr-cs@vsphere.local"
    assert interest().account is None
