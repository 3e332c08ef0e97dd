"""Worlds of which one half cannot be read: what the other checks answer then is Unknown, never Fail and never Pass."""

import tempfile
from datetime import timedelta
from pathlib import Path

from tests.integration.verdicts.world import World

from failback_lab.pki import LabCa

READ_RIGHTS = "Microsoft.RecoveryServices/*"


def other_ca() -> str:
    """A certificate authority that neither lab's server was certified by."""
    with tempfile.TemporaryDirectory() as directory:
        return LabCa(Path(directory)).ca_pem.read_text()


def vault_unread(world: World) -> None:
    """The vault has not been read for longer than its facts count: the operator lost its role."""
    world.azure.deny(READ_RIGHTS)
    world.later = timedelta(minutes=11)


def vcenter_unread(world: World) -> None:
    """vCenter has not been read for longer than its facts count: the operator's password was changed."""
    world.vcenter_access = {"password": "changed"}
    world.later = timedelta(minutes=6)
