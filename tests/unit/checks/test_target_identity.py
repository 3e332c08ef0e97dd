"""The version of a master target against its servers', and its UUIDs against those of other VMs."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.checks.master_target.identity import dotted


def version(own, main="9.62.0.0", azure="9.62.0.0", on_premises="9.62.0.0", servers=None):
    fabric = a.fabric(
        configuration_server=None if main is None else a.configuration_server(agent_version=main),
        process_servers=(
            a.process_server_facts("ps-azure", agent_version=azure),
            a.process_server_facts("ps-onprem", agent_version=on_premises),
        ),
    )
    view = a.view(a.vault(fabric=fabric))
    site = a.site_context(view if servers is None else replace(view, servers=servers))
    return a.target_context(site=site, server=a.master_target_server(agent_version=own))


NO_SERVERS = a.fabric(configuration_server=None, process_servers=())
VERSIONS = [
    Case("MasterTargetVersion", "the same", PASS, version("9.62.0.0")),
    Case("MasterTargetVersion", "earlier", PASS, version("9.61.9.9")),
    Case("MasterTargetVersion", "by number and not by letter", PASS, version("9.7.0.0")),
    Case("MasterTargetVersion", "fewer parts, the same", PASS, version("9.62")),
    Case("MasterTargetVersion", "one build later", FAIL, version("9.62.0.1"), "9.62.0.1 is later than 9.62.0.0 of configuration"),
    Case("MasterTargetVersion", "by number and not by letter, later", FAIL, version("9.100.0.0")),
    Case(
        "MasterTargetVersion",
        "later than the process server",
        FAIL,
        version("9.62.0.0", azure="9.61.0.0"),
        "process server ps-azure",
    ),
    Case(
        "MasterTargetVersion",
        "a process server that the site does not name",
        PASS,
        version("9.62.0.0", on_premises="9.50.0.0", servers=(a.process_server(),)),
    ),
    Case(
        "MasterTargetVersion",
        "a site that names none",
        FAIL,
        version("9.62.0.0", on_premises="9.50.0.0", servers=()),
        "ps-onprem",
    ),
    Case("MasterTargetVersion", "not told", UNKNOWN, version(None), "not told"),
    Case("MasterTargetVersion", "no number", UNKNOWN, version("9.62-beta"), "9.62-beta"),
    Case("MasterTargetVersion", "the other's is not told", UNKNOWN, version("9.62.0.0", main=None, azure=None), "ps-azure"),
    Case(
        "MasterTargetVersion",
        "no server known",
        UNKNOWN,
        a.target_context(site=a.site_context(a.view(a.vault(fabric=NO_SERVERS)))),
    ),
    Case("MasterTargetVersion", "vault unread", UNKNOWN, a.target_context(server=None, site=a.blind_vault())),
    Case("MasterTargetVersion", "vault unread, server kept", UNKNOWN, a.target_context(site=a.blind_vault())),
]


@pytest.mark.parametrize(
    ("text", "parts"), [("9.62.0.0", (9, 62, 0, 0)), (" 9 ", (9,)), ("", None), (None, None), ("9.", None), ("v9", None)]
)
def test_dotted_numbers(text, parts):
    assert dotted(text) == parts


OWN = a.target_vm()


def twin(**changes):
    return a.target_context(twins=(a.located(a.vm("app-1", **changes)),))


SAME_DISK = a.disk(0, "app-1", uuid=OWN.disks[1].uuid.upper())
SAME_FILE = a.disk(0, "app-1", uuid=OWN.disks[1].uuid, file_name=OWN.disks[1].file_name)


def of(site=None, **changes):
    return a.target_context(site=site, vms=(a.located(replace(OWN, **changes)),))


UUIDS = [
    Case("TargetUuidsDistinct", "none alike", PASS, a.target_context()),
    Case("TargetUuidsDistinct", "BIOS UUID", FAIL, twin(bios_uuid=OWN.bios_uuid), "BIOS UUID like VM app-1"),
    Case("TargetUuidsDistinct", "a disk", FAIL, twin(disks=(SAME_DISK,)), "UUID of Hard disk 2 like a disk of VM app-1"),
    Case("TargetUuidsDistinct", "both", FAIL, twin(bios_uuid=OWN.bios_uuid, disks=(SAME_DISK,)), "BIOS UUID like VM app-1, UUID"),
    Case("TargetUuidsDistinct", "one and the same disk", PASS, twin(disks=(SAME_FILE,))),
    Case(
        "TargetUuidsDistinct",
        "disks without UUIDs",
        PASS,
        replace(twin(disks=(a.disk(uuid=None),)), vms=(a.located(replace(OWN, bios_uuid=None, disks=(a.disk(uuid=None),))),)),
    ),
    Case("TargetUuidsDistinct", "disks unread", UNKNOWN, of(unread=frozenset({"disks"}))),
    Case("TargetUuidsDistinct", "BIOS UUID unread", UNKNOWN, of(unread=frozenset({"bios_uuid"}))),
    Case("TargetUuidsDistinct", "another vCenter unread", UNKNOWN, of(site=a.blind_vsphere()), "not every vCenter"),
    Case("TargetUuidsDistinct", "no VM", UNKNOWN, a.target_context(vms=())),
]

CASES = VERSIONS + UUIDS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(TARGET_CHECKS, case)
