"""The site that the benchmark makes from a number of machines."""

from failback_lab.scale.others import Cost
from failback_lab.scale.site import Size, scenario_of


def test_each_machine_is_in_one_plan_and_all_fit_on_the_targets():
    size = Size(machines=230, targets=6, plans=7)
    planned = [name for plan in range(size.plans) for name in size.names_of(plan)]
    scenario = scenario_of(size)
    items = [item.machine for item in scenario.vault.items]
    assert sorted(planned) == sorted(items)
    assert len(set(items)) == 230
    disks = sum(len(scenario.machine(name).disks) for name in items)
    assert disks <= (60 - 2) * size.targets
    addresses = [address for machine in scenario.vcenter.machines for address in machine.ips]
    assert len(set(addresses)) == len(addresses)
    assert len({item.azure_ip for item in scenario.vault.items}) == 230


def test_a_sample_is_extrapolated_and_says_of_how_many_it_is():
    assert Cost(machines=50, requests=150, seconds=2.0, cpu_seconds=0.5).for_all(1000) == {
        "machines_read": 50,
        "requests": 3000,
        "seconds": 40.0,
        "cpu_seconds": 10.0,
    }
