"""Check of the configuration server's cards, where addresses or ranges are in Azure and on the site."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.site import SITE_CHECKS
from failback_operator.domain.azure_estate import AzureEstate
from failback_operator.domain.protected_item import InstanceType
from failback_operator.domain.reading import Part, SourceError, SourceProblem
from failback_operator.domain.vsphere import GuestNetwork, NetworkCard

CHECK = "ConfigurationServerNics"
TO_SITE, FOR_FAILBACK = "10.10.0.10/24", "10.10.9.10/24"
KEPT = "10.50.1.11"


def server(*interfaces, connected=(4000, 4001), **changes):
    """The configuration server's VM with a card for each of `interfaces`."""
    networks = tuple(GuestNetwork(4000 + n, (text,)) for n, text in enumerate(interfaces))
    cards = tuple(NetworkCard(4000 + n, 4000 + n in connected) for n in range(len(interfaces)))
    addresses = tuple(text.partition("/")[0] for text in interfaces)
    guest = replace(a.target_vm("cs-1").guest, ip_addresses=addresses, networks=networks, host_name="cs-1")
    return replace(a.target_vm("cs-1", guest=guest, cards=cards), **changes)


TWO_CARDS = server(TO_SITE, FOR_FAILBACK)


def site(*items, vms=(TWO_CARDS,), estate=None, spec=None, **facts):
    vault = a.vault(items=items or (machine(),), estate=a.estate() if estate is None else estate, **facts)
    view = a.view(vault, a.facts(a.target_vm(), *vms))
    return a.site_context(view if spec is None else replace(view, site=a.site(configurationServer=spec)))


def machine(address="10.10.1.11", **changes):
    """app-1, failed over; its address on the site."""
    return a.item(detail=a.detail(ip_address=address), **changes)


def planned(address, *subnets):
    """app-1 before a failover, with the subnets in which it is to be in Azure."""
    return a.protected_item(detail=a.detail(ip_address=address, recovery_subnet_ids=subnets))


def ranges(*prefixes):
    return replace(a.estate(), networks=Part((a.network(*prefixes),), a.NOW, None))


def unread(part):
    return replace(a.estate(), **{part: Part(None, None, SourceError(SourceProblem.FORBIDDEN, "no"))})


def old(minutes):
    return a.estate(age_minutes=minutes)


def running(interface):
    """The machine's VM on the site, as VMware Tools report it while it runs."""
    guest = replace(a.vm().guest, ip_addresses=("10.10.1.11",), networks=(GuestNetwork(4000, (interface, "fe80::1/64")),))
    return a.vm(guest=guest)


COLLISIONS = [
    Case(CHECK, "other addresses", NA, site(), "no machine kept its address"),
    Case(CHECK, "no machines", NA, site(planned("10.10.1.11")), "no machine kept"),
    Case(CHECK, "vault unread", UNKNOWN, a.blind_vault()),
    Case(CHECK, "kept, two cards", PASS, site(machine(KEPT)), "cs-1 has cards in 10.10.0.0/24, 10.10.9.0/24"),
    Case(CHECK, "kept, one card", FAIL, site(machine(KEPT), vms=(server(TO_SITE),)), "app-1: their addresses or subnets exist"),
    Case(
        CHECK, "range is told", FAIL, site(machine(KEPT), vms=(server(TO_SITE),)), "(10.50.1.0/24); the connected cards of cs-1"
    ),
    Case(CHECK, "same subnet, other address", FAIL, site(machine("10.50.1.99"), vms=(server(TO_SITE),))),
    Case(CHECK, "last address of the range", FAIL, site(machine("10.50.1.255"), vms=(server(TO_SITE),))),
    Case(CHECK, "first address after the range", NA, site(machine("10.50.2.0"), vms=(server(TO_SITE),))),
    Case(CHECK, "one of several ranges", FAIL, site(estate=ranges("172.16.0.0/24", "10.10.0.0/16"), vms=(server(TO_SITE),))),
    Case(
        CHECK,
        "a running machine's subnet overlaps",
        FAIL,
        site(estate=ranges("10.10.1.128/25"), vms=(running("10.10.1.11/24"), server(TO_SITE))),
        "10.10.1.0/24, 10.10.1.128/25",
    ),
    Case(CHECK, "a machine that is off has an address alone", NA, site(estate=ranges("10.10.1.128/25"), vms=(server(TO_SITE),))),
    Case(CHECK, "reprotected already", NA, site(a.reprotected_item(detail=a.detail(ip_address=KEPT)))),
    Case(CHECK, "modernized", NA, site(machine(KEPT, instance_type=InstanceType.MODERNIZED))),
    Case(CHECK, "planned into the same range", FAIL, site(planned("10.50.1.7", a.SUBNET_ID), vms=(server(TO_SITE),))),
    Case(CHECK, "planned into another range", NA, site(planned("10.10.1.11", a.SUBNET_ID))),
    Case(CHECK, "gone in Azure", NA, site(machine(KEPT), azure_vms=(), missing_vms=frozenset({a.azure_vm_id()}))),
    Case(CHECK, "no Azure machine named", NA, site(machine(KEPT, target_vm_id=None))),
]

NOT_KNOWN = [
    Case(CHECK, "details unread", UNKNOWN, site(a.item(detail=None)), "details of items"),
    Case(CHECK, "details too old", UNKNOWN, site(a.item(detail=a.detail(as_of=a.minutes_ago(241))))),
    Case(CHECK, "address not told", UNKNOWN, site(machine(None)), "the address of app-1"),
    Case(CHECK, "no address", UNKNOWN, site(machine("app-1.example.com")), "the address of app-1"),
    Case(CHECK, "interfaces unread", UNKNOWN, site(estate=unread("nics")), "network interfaces in Azure"),
    Case(CHECK, "interfaces at the limit", NA, site(estate=old(30))),
    Case(CHECK, "interfaces too old", UNKNOWN, site(estate=old(30.1))),
    Case(CHECK, "networks unread", UNKNOWN, site(estate=unread("networks")), "networks in Azure"),
    Case(CHECK, "a range that is none", UNKNOWN, site(estate=ranges("everything"))),
    Case(CHECK, "Azure machine unread", UNKNOWN, site(azure_vms=()), "Azure machines and their network interfaces"),
    Case(CHECK, "its interface unread", UNKNOWN, site(estate=a.estate(a.nic("other")))),
    Case(CHECK, "nothing read around", UNKNOWN, site(estate=AzureEstate())),
    Case(CHECK, "a collision among what is unread", PASS, site(machine(KEPT), a.item("db-1", detail=None))),
]


def kept(*vms, spec=None):
    return site(machine(KEPT), vms=vms, spec=spec)


PINNED = {"ipAddresses": ["10.10.0.10"]}
NAMED = PINNED | {"vmName": "cs-1"}

CARDS = [
    Case(CHECK, "second card disconnected", FAIL, kept(server(TO_SITE, FOR_FAILBACK, connected=(4000,))), "are all in 10.10.0.0"),
    Case(CHECK, "both cards in one subnet", FAIL, kept(server(TO_SITE, "10.10.0.11/24")), "are all in 10.10.0.0/24"),
    Case(
        CHECK,
        "both cards in ranges of Azure",
        FAIL,
        kept(server("10.50.1.10/25", "10.50.1.200/25"), spec=NAMED),
        "is in one of these",
    ),
    Case(
        CHECK,
        "the failback card outside",
        PASS,
        kept(server("10.50.1.10/24", FOR_FAILBACK), spec=NAMED),
        "10.10.9.0/24, 10.50.1.0/24",
    ),
    Case(CHECK, "a card without an address of its own", FAIL, kept(server(TO_SITE, "169.254.7.7/16"))),
    Case(CHECK, "tools tell nothing", UNKNOWN, kept(server(TO_SITE, connected=())), "tell no address"),
    Case(CHECK, "a card of which nothing is told", UNKNOWN, kept(replace(TWO_CARDS, cards=(NetworkCard(4000, None),)))),
    Case(CHECK, "cards may not be read", UNKNOWN, kept(replace(TWO_CARDS, unread=frozenset({"cards"}))), "cards be read"),
    Case(CHECK, "no VM", UNKNOWN, kept(), "0 VMs of the site's vCenters match"),
    Case(CHECK, "two VMs", UNKNOWN, kept(TWO_CARDS, replace(TWO_CARDS, moref=a.Moref("vm-2"))), "2 VMs"),
    Case(CHECK, "by its name", PASS, kept(TWO_CARDS, spec=NAMED)),
    Case(CHECK, "by another name", UNKNOWN, kept(TWO_CARDS, spec=PINNED | {"vmName": "cs-9"}), "(cs-9)"),
    Case(
        CHECK,
        "by the pinned address alone",
        PASS,
        site(machine(KEPT), fabric=a.fabric(configuration_server=None)),
    ),
    Case(
        CHECK,
        "vCenter unread",
        UNKNOWN,
        a.site_context(a.view(snapshot=a.site_snapshot(a.part(a.vault(items=(machine(KEPT),))), Part()))),
        "vCenter could not be read lately",
    ),
]

CASES = COLLISIONS + NOT_KNOWN + CARDS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(SITE_CHECKS, case)
