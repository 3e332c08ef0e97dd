"""`python -m failback_lab.azure --config FILE`: run the simulator until SIGTERM."""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from failback_lab.scenario import Scenario

from .config import LabConfig
from .onprem import OnPremises
from .onprem_table import ScenarioSite
from .server import running


def connect(config: LabConfig) -> OnPremises:
    """The on-premises side that the configuration names."""
    if config.vcenter is None:
        return ScenarioSite(Scenario.load(config.scenario))
    from .onprem_vsphere import VSphereSite  # noqa: PLC0415  pyvmomi takes half of the start

    return VSphereSite(config.vcenter)


async def serve(config: LabConfig) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(config, connect(config)):
        await stop.wait()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    config = LabConfig.load(parser.parse_args().config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(config))


if __name__ == "__main__":
    main()
