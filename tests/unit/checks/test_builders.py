"""The makers give what they promise: a healthy site, seen fresh."""

from tests.unit import builders as a


def test_a_view_is_fresh():
    view = a.view()
    assert view.vault() is not None
    assert [name for name, _ in view.vsphere()] == [a.VCENTER]


def test_contexts_are_joined():
    context = a.machine_context()
    assert context.item is not None
    assert context.vm is not None
    assert context.vm.host is not None
    assert a.target_context().vm is not None
    assert a.plan_context().machines[0].name == "app-1"
    assert a.server_context().facts is not None


def test_a_blind_site_has_no_facts():
    assert a.blind_vault().vault is None
    assert not a.blind_vsphere().vsphere_is_complete


def test_each_state_of_an_item_differs():
    states = [a.item(), a.protected_item(), a.reprotected_item(), a.failed_back_item(), a.committed_item()]
    assert len({(i.instance_type, i.active_site, i.active_location, i.allowed_operations) for i in states}) == 5
    assert a.machine(recorded=(a.record(),)).spec.recorded[0].policy_id == a.POLICY_ID
