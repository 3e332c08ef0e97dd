"""Simulated Azures: one for reading, own ones for tests that change things, with and without a vCenter behind.

Each test names its source: "facts" are the site-recovery facts that the simulator follows, by section.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyVim.connect import Disconnect
from tests.integration.azure.clients import Vault
from tests.integration.vcenter.conftest import Session

from failback_lab.azure.client import AzureLab
from failback_lab.azure.config import Durations
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.vcenter import VCenter

# A reprotect of two minutes takes 0.2 s.
SPEED = 600.0


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[AzureLab]:
    """For tests that only read."""
    with AzureLab(tmp_path_factory.mktemp("azure"), lab_ca, demo_scenario, None, speed=SPEED) as lab:
        yield lab


@pytest.fixture(scope="session")
def vault(azure: AzureLab) -> Vault:
    return Vault(azure)


@pytest.fixture
def own_azure(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[AzureLab]:
    """For one test; its on-premises side is a table."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, speed=SPEED, record=tmp_path / "record.jsonl") as lab:
        yield lab


@pytest.fixture
def own_vault(own_azure: AzureLab) -> Vault:
    return Vault(own_azure, retry_total=0)


@pytest.fixture
def slow_vault(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[Vault]:
    """For tests that look at what is under way: jobs take a second or two, data some more."""
    durations = Durations(reprotect=90, sync_minimum=120, sync_mib_per_second=200)
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, speed=60, durations=durations) as lab:
        yield Vault(lab, retry_total=0)


@pytest.fixture
def site_azure(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario, own_vcenter: VCenter) -> Iterator[AzureLab]:
    """For one test, in front of a vCenter of its own."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, own_vcenter, speed=SPEED) as lab:
        lab.discover()
        yield lab


@pytest.fixture
def site(own_vcenter: VCenter) -> Iterator[Session]:
    """A look into that vCenter."""
    session = Session(own_vcenter)
    yield session
    Disconnect(session.si)


@pytest.fixture
def site_vault(site_azure: AzureLab) -> Vault:
    return Vault(site_azure, retry_total=0)
