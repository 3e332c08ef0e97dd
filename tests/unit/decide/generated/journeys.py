"""Sites on their way home as they really become: every stop of a few journeys, with jobs, ledgers, records and statuses."""

from dataclasses import replace
from functools import cache

from tests.unit import builders as b
from tests.unit.decide.world import PENDING, World, world

from failback_operator.domain.snapshot import SiteView

NAMES = ("a-1", "b-1", "c-1")


def _site(*, is_group: bool, is_pending: bool, disks: int) -> World:
    wish = {"stage": "Protected", "acceptIndependentPoints": True, "commitFailover": True}
    site = world(*NAMES, group="group-1" if is_group else None, disks=disks, **wish)
    if is_pending:
        site.items = {name: replace(item, **PENDING) for name, item in site.items.items()}
    site.targets["mt-2"] = b.master_target("mt-2")
    guest = replace(b.target_vm().guest, ip_addresses=("10.10.0.22",), host_name="mt-2")
    site.vms["mt-2"] = b.target_vm("mt-2", guest=guest)
    return site


@cache
def stops() -> tuple[SiteView, ...]:
    """All views of the journeys in which something is new."""
    found: list[SiteView] = []
    for is_group, is_pending, disks in ((False, False, 2), (True, False, 3), (False, True, 20)):
        site = _site(is_group=is_group, is_pending=is_pending, disks=disks)
        for number in range(40):
            found.append(site.view())
            decision = site.round()
            found.append(site.view())
            if number % 2:
                site.finish_jobs(*NAMES[: 1 + number % 3])
                site.finish_syncs(*NAMES[: 1 + number % 3])
            site.tick()
            if not decision.effects and not site.in_motion() and number > 20:
                break
    return tuple(found)
