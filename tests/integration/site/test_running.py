"""The running operator: at rest it writes nothing, another replica takes over, it tells how it is, and it ends in order."""

import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable

import pytest
from tests.integration.site.conftest import SYSTEM, SiteUnderTest

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def running(site: SiteUnderTest) -> SiteUnderTest:
    """A site that has come to rest: judged, and not Ready because of mt-lin-1."""
    site.secrets()
    site.apply()
    site.child = site.operator()
    site.eventually(lambda: site.condition("fbp", "tokyo-home"), lambda c: c[0] == "False" and "mt-lin-1" in c[2])
    site.eventually(site.writes, lambda writes: not writes)
    return site


def lease_holder(site: SiteUnderTest) -> str:
    leases = site.kubectl.get("leases", SYSTEM)["items"]
    (found,) = (each for each in leases if re.fullmatch(r"failback-[0-9a-f]{16}", each["metadata"]["name"]))
    holder: str = found["spec"]["holderIdentity"]
    return holder


def test_another_replica_takes_over_after_a_kill_and_nothing_flaps(
    running: SiteUnderTest, record_property: Callable[[str, object], None]
):
    first = lease_holder(running)
    running.operator(FAILBACK_IDENTITY="second")
    time.sleep(3)
    assert lease_holder(running) == first
    running.writes()
    os.killpg(running.child.pid, signal.SIGKILL)
    began = time.monotonic()
    running.eventually(lambda: lease_holder(running), lambda holder: holder == "second")
    # The aim is 20 s; a shared machine may take longer, so the figure is told and not asserted.
    record_property("site taken over after", f"{time.monotonic() - began:.1f} s")
    # It reads everything anew; what stands in the statuses is still true, so it writes nothing.
    running.eventually(lambda: running.log().count("the vault is read again"), lambda times: times >= 2)
    time.sleep(3)
    assert running.writes() == []
    running.kubectl.patch("mt", running.namespace, "mt-win-1", {"spec": {"maxDisks": 40}})
    running.eventually(lambda: running.status("mt", "mt-win-1")["disks"]["limit"], lambda limit: limit == 40)


def test_a_change_is_seen_at_once(running: SiteUnderTest):
    running.kubectl.patch("mt", running.namespace, "mt-win-1", {"spec": {"maxDisks": 50}})
    running.eventually(lambda: running.status("mt", "mt-win-1")["disks"]["limit"], lambda limit: limit == 50)


def test_a_deleted_machine_comes_back_and_one_whose_plan_went_goes(running: SiteUnderTest):
    names = running.kubectl.run("get", "fbm", "-n", running.namespace, "-o", "name").split()
    assert len(names) == 8
    running.kubectl.run("delete", names[0], "-n", running.namespace)
    listed = lambda: running.kubectl.run("get", "fbm", "-n", running.namespace, "-o", "name").split()  # noqa: E731
    running.eventually(listed, lambda found: found == names)
    running.kubectl.run("delete", "fbp", "tokyo-home", "-n", running.namespace)
    running.eventually(listed, lambda found: found == [])


def test_it_tells_how_it_is_and_ends_in_order(site: SiteUnderTest, free_ports):
    probe, metrics = free_ports
    site.secrets()
    site.apply()
    # With no namespace named it watches all of them.
    child = site.operator("--log-level=info", FAILBACK_PROBE_PORT=str(probe), FAILBACK_METRICS_PORT=str(metrics))
    site.eventually(lambda: site.condition("rsite", "tokyo"), lambda c: c[0] == "True")
    with urllib.request.urlopen(f"http://127.0.0.1:{probe}/healthz", timeout=5) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    for name in ("azure_requests", "vsphere_calls", "kubernetes_writes", "reconciles", "queue_length", "leases_held"):
        assert f"failback_{name}" in text
    assert lease_holder(site) != ""
    began = time.monotonic()
    os.kill(child.pid, signal.SIGTERM)
    site.eventually(lambda: lease_holder(site), lambda holder: holder == "")
    site.eventually(site.vcenter.control.stats, lambda _: True)
    assert time.monotonic() - began < 10


def test_with_rights_in_one_namespace_only_it_works_there(site: SiteUnderTest):
    """As the chart's `watchNamespaces` gives them."""
    namespace = site.namespace
    site.kubectl.run("create", "serviceaccount", "narrow", "-n", namespace)
    for name, role in (("objects", "clusterrole/failback-operator"), ("leases", "role/leases")):
        kind, _, which = role.partition("/")
        if kind == "role":
            site.kubectl.run(
                *("create", "role", which, "-n", namespace, "--verb=get,create,update", "--resource=leases.coordination.k8s.io")
            )
        site.kubectl.run(
            *("create", "rolebinding", name, "-n", namespace, f"--{kind}={which}", f"--serviceaccount={namespace}:narrow")
        )
    site.secrets()
    site.apply()
    site.operator("--namespace", namespace, account=(namespace, "narrow"))
    site.eventually(lambda: site.condition("rsite", "tokyo"), lambda c: c[0] == "True")
    assert {each["spec"]["holderIdentity"] != "" for each in site.kubectl.get("leases", namespace)["items"]} == {True}
