"""Discovery: what the configuration server finds out about its master targets, now and then or when it is told to."""

import asyncio
import logging
from datetime import datetime

from .onprem import MachineReading, OnPremisesError, VolumeReading
from .refusals import usable_datastores
from .servers import MasterTarget, RetentionVolume
from .world import World

log = logging.getLogger(__name__)

_BAD_FILESYSTEMS = ("fat", "fat32", "vfat")
_SYSTEM_PATHS = ("c:", "/", "/boot")


class Discovery:
    """Reads the master targets' machines."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def forever(self) -> None:
        """Discover at the configuration server's own pace."""
        while True:
            await self._world.clock.sleep(self._world.durations.discovery)
            await self.run()

    async def run(self, *, at_once: bool = False) -> None:
        """Read every master target; `at_once` lists new retention volumes without the usual delay."""
        if self._world.vcenter_lost is not None:
            log.warning("discovery: vCenter is not reached")
            return
        for target in self._world.master_targets.values():
            try:
                reading = await asyncio.to_thread(self._world.onprem.read, target.bios_uuid)
            except OnPremisesError as error:
                log.warning("discovery of %s: %s", target.name, error)
                continue
            self._take(target, reading, at_once=at_once)

    def _take(self, target: MasterTarget, reading: MachineReading | None, *, at_once: bool) -> None:
        target.datastores = usable_datastores(reading)
        if reading is None:
            target.disk_count = 0
            return
        target.disk_count = len(reading.disks)
        if not reading.volumes:  # the guest tells nothing now: keep what is known
            return
        now = self._world.clock.now()
        found = {}
        for volume in reading.volumes:
            name = volume_name(volume.path)
            if is_retention_volume(volume) and name not in target.unusable:
                known = target.retention.get(name)
                seen = known.seen if known else now
                found[name] = RetentionVolume(name, volume.capacity_bytes, volume.free_bytes, seen)
        target.retention = found
        target.listed = tuple(n for n, v in found.items() if at_once or n in target.listed or self._is_old(v.seen, now))

    def _is_old(self, seen: datetime | None, now: datetime) -> bool:
        delay = self._world.clock.span(self._world.durations.retention_listed)
        return seen is None or now - seen >= delay


def volume_name(path: str) -> str:
    r"""A volume as Site Recovery names it: the bare letter of `R:\`, a mount point as it is."""
    return path[0].upper() if path[1:2] == ":" else path.rstrip("/") or "/"


def is_retention_volume(volume: VolumeReading) -> bool:
    """Whether the volume may be listed. Source: requirement R16 (no FAT, no zero size, not the system volume)."""
    path = volume.path.casefold().rstrip("\\/") or "/"
    return volume.capacity_bytes > 0 and volume.filesystem.casefold() not in _BAD_FILESYSTEMS and path not in _SYSTEM_PATHS
