"""What the account may not read is unread or refused, never absent."""

import re

from tests.integration.vsphere.soap_proxy import Rewrite, SoapProxy
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.domain.reading import SourceProblem
from failback_operator.observe.vsphere import VsphereEndpoint

NO_PERMISSION = (
    '<missingSet><path>{path}</path><fault><fault xsi:type="NoPermission"><object type="VirtualMachine">{moref}</object>'
    "<privilegeId>System.Read</privilegeId></fault><localizedMessage>denied</localizedMessage></fault></missingSet>"
)


def deny(moref: str, *paths: str) -> Rewrite:
    """Takes properties of one object out of an update and names them as missing."""

    def rewrite(method: str, body: bytes) -> bytes:
        text = body.decode()
        found = re.search(rf"<objectSet>(?:(?!</objectSet>).)*>{moref}</obj>.*?</objectSet>", text, re.DOTALL)
        if found is None:
            return body
        update = found[0]
        for path in paths:
            update = re.sub(rf"<changeSet><name>{re.escape(path)}</name>.*?</changeSet>", "", update, flags=re.DOTALL)
        missing = "".join(NO_PERMISSION.format(path=path, moref=moref) for path in paths)
        return text.replace(found[0], update.replace("</objectSet>", f"{missing}</objectSet>")).encode()

    return rewrite


async def test_one_property_of_one_vm(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(proxied)
    target = (await running.until_read()).by_name("mt-lin-1")[0]
    proxy.rewrite = deny(target.moref, "snapshot", "config.hardware.device")
    denied = await watch(proxied)
    await denied.until_read()
    vm = denied.vm("mt-lin-1")
    assert vm.unread == {"snapshots", "disks", "controllers", "nic_count", "mac_addresses", "cards"}
    assert vm.guest == target.guest
    assert denied.vm("mt-win-1").unread == frozenset()


async def test_mounts_of_a_datastore(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    """A datastore without its mounts would look like one that is mounted nowhere."""
    running = await watch(proxied)
    datastore = (await running.until_read()).datastores[1]
    proxy.rewrite = deny(datastore.moref, "host")
    denied = await watch(proxied)
    part = await denied.until(lambda part: part.error is not None and part.error.problem is SourceProblem.FORBIDDEN)
    assert part.facts is None
    assert part.error is not None
    assert part.error.message == f"host of Datastore {datastore.name} could not be read (NoPermission)"


async def test_an_account_without_the_right_to_read(
    own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker
) -> None:
    own_vcenter.control.missing_privileges(["System.Read"], own_endpoint.username)
    running = await watch(own_endpoint)
    part = await running.until(lambda part: part.error is not None and part.error.problem is SourceProblem.FORBIDDEN)
    assert part.facts is None
    own_vcenter.control.missing_privileges([], own_endpoint.username)
    assert len((await running.until_read()).machines) == 12


async def test_a_right_that_is_taken_away(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint)
    facts = await running.until_read()
    own_vcenter.control.missing_privileges(["System.Read"], own_endpoint.username)
    own_vcenter.control.expire_sessions()
    part = await running.until(lambda part: part.error is not None and part.error.problem is SourceProblem.FORBIDDEN)
    assert part.facts == facts
