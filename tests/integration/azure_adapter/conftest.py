"""A simulated Azure that is put right after each test, and one of its own for tests that let effects happen."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.azure_adapter.sites import Site, endpoint_of, site_of

from failback_lab.azure.client import AzureLab
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario

SPEED = 600.0


@pytest.fixture(scope="session")
def shared_lab(tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[AzureLab]:
    with AzureLab(tmp_path_factory.mktemp("adapter"), lab_ca, demo_scenario, None, speed=SPEED) as lab:
        yield lab


@pytest.fixture
def lab(shared_lab: AzureLab) -> Iterator[AzureLab]:
    """For tests that read; faults, rights and secrets are put right afterwards."""
    yield shared_lab
    shared_lab.clear_faults()
    shared_lab.clear_sets()
    shared_lab.deny()
    shared_lab.rotate_secret(shared_lab.client_secret)


@pytest.fixture
async def site(lab: AzureLab) -> AsyncIterator[Site]:
    async with site_of(endpoint_of(lab)) as made:
        yield made


@pytest.fixture
def own_lab(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[AzureLab]:
    """For one test, which may change what it likes."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, speed=SPEED, record=tmp_path / "record.jsonl") as lab:
        yield lab


@pytest.fixture
async def own_site(own_lab: AzureLab) -> AsyncIterator[Site]:
    async with site_of(endpoint_of(own_lab)) as made:
        yield made
