"""Labs with a running operator, one for each module that asks: two sites side by side, or one with many small machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from tests.conftest import DEMO_SCENARIO
from tests.integration.operator.rehearsal import SETTINGS, Rehearsal, plan, site_objects

from failback_lab.azure.client import AzureLab
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.site import Lab, LabOptions
from failback_lab.toolchain import Binaries
from failback_lab.vcenter import VCenter

MACHINES = tuple(f"app-{number}" for number in range(1, 13))


@contextmanager
def rehearsal(options: LabOptions, binaries: Binaries, settings: dict[str, str]) -> Iterator[Rehearsal]:
    """A lab with its operator, and its site `tokyo` not yet applied."""
    with Lab(options, binaries) as lab, lab.operator({**SETTINGS, **settings}) as operator:
        yield Rehearsal(lab, operator)


def add_site(here: Rehearsal, name: str, azure: AzureLab, vcenter: VCenter) -> None:
    """Apply a site with its servers, and wait until it is Ready."""
    here.put_secret(f"{name}-azure", clientSecret=azure.client_secret)
    here.put_secret(f"{name}-vcenter", username=vcenter.username, password=vcenter.password)
    here.apply(*site_objects(name, azure, vcenter).values())
    here.until_said("RecoverySite", name, "True")


class TwoSites(Rehearsal):
    """`tokyo`, to which things happen, and `osaka`, with vault and vCenter of its own, which must not notice."""

    osaka: AzureLab
    limit = 60

    def others_go_on(self) -> None:
        """What changes at osaka is still seen, whatever happens at tokyo."""
        self.limit = 50 if self.limit == 60 else 60
        self.patch("MasterTarget", "osaka-mt-win-1", {"maxDisks": self.limit})
        read = lambda: self.get("MasterTarget", "osaka-mt-win-1")["status"]["disks"]["limit"]  # noqa: E731
        self.eventually(read, lambda limit: limit == self.limit)


@pytest.fixture(scope="module")
def two_sites(lab_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    """Both sites Ready, each with a plan of a Windows machine, `payroll` here and `bystander` there."""
    settings = {**SETTINGS, "FAILBACK_AZURE_STALE_SECONDS": "12", "FAILBACK_VSPHERE_STALE_SECONDS": "12"}
    with Lab(LabOptions(speed=60), lab_binaries) as lab:
        ca, directory = LabCa(lab.directory / "ca"), tmp_path_factory.mktemp("osaka")
        scenario = lab.scenario.model_copy(update={"name": "osaka"})
        with (
            VCenter(directory / "vcenter", ca, lab_binaries.vcsim, scenario) as vcenter,
            AzureLab(directory / "azure", ca, scenario, vcenter) as azure,
            lab.operator(settings) as operator,
        ):
            here = TwoSites(lab, operator)
            here.osaka = azure
            add_site(here, "tokyo", lab.azure, lab.vcenter)
            add_site(here, "osaka", azure, vcenter)
            here.apply(plan("payroll", "tokyo", "crm-1"), plan("bystander", "osaka", "crm-1", "files-1"))
            here.until_said("FailbackPlan", "bystander", "True", "ReadyToStart")
            here.until_said("FailbackPlan", "payroll", "True", "ReadyToStart")
            here.rests()
            yield here


@pytest.fixture
def site(two_sites: TwoSites) -> Iterator[TwoSites]:
    """`tokyo` to do harm to; afterwards osaka must be as before, tokyo as well, and the operator never restarted."""
    here = two_sites
    before = here.transitions("osaka")
    yield here
    here.lab.azure.clear_faults()
    here.lab.azure.clear_sets()
    here.until_said("RecoverySite", "tokyo", "True")
    here.until_said("FailbackPlan", "payroll", "True", "ReadyToStart")
    here.others_go_on()
    assert here.transitions("osaka") == before
    assert not [entry for entry in here.lab.azure.log() if entry["operation"] == "reProtect"]
    here.assert_sound()


@pytest.fixture(scope="module")
def many(lab_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A site `tokyo` of many small Windows machines, all failed over, so that each test has machines of its own."""
    path = tmp_path_factory.mktemp("scenario") / "many.yaml"
    path.write_text(yaml.safe_dump(scenario_of_many()))
    assert Scenario.load(path).machine(MACHINES[0]).disks
    with rehearsal(LabOptions(scenario=path, speed=180), lab_binaries, {}) as here:
        add_site(here, "tokyo", here.lab.azure, here.lab.vcenter)
        yield here


@pytest.fixture
def fleet(many: Rehearsal) -> Iterator[Rehearsal]:
    """The same; after each test the operator must be sound, however often it was killed."""
    yield many
    many.lab.azure.clear_faults()
    many.pid = many.operator.pid
    many.assert_sound()


@pytest.fixture(scope="module")
def untouched() -> Iterator[str]:
    return iter(MACHINES)


@pytest.fixture
def machine(untouched: Iterator[str]) -> str:
    """A machine that no other test of the module has."""
    return next(untouched)


def scenario_of_many() -> dict[str, object]:
    """The demo's scenario with these machines, one disk each and in no group, instead of its own."""
    raw = yaml.safe_load(Path(DEMO_SCENARIO).read_text())
    template = next(each for each in raw["vcenter"]["machines"] if each["name"] == "crm-1")
    protected = {item["machine"] for item in raw["vault"]["items"]}
    raw["vcenter"]["machines"] = [each for each in raw["vcenter"]["machines"] if each["name"] not in protected]
    raw["vault"]["items"] = []
    for number, name in enumerate(MACHINES, start=1):
        address = {"ips": [f"10.10.4.{number}"]}
        raw["vcenter"]["machines"].append({**template, "name": name, "disks": [{"size_gib": 20}], **address})
        item = {"machine": name, "process_server": "ps-azure-1", "azure_ip": f"10.50.1.{100 + number}"}
        raw["vault"]["items"].append(item)
    return raw
