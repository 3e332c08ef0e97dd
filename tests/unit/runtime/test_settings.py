"""Settings: each has a flag, a variable, a meaning and a place in docs/settings.md; defaults are those of the parts."""

from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from failback_operator.domain.limits import Limits
from failback_operator.domain.vsphere import ControllerKind
from failback_operator.observe.azure import PollSettings, ReaderSettings
from failback_operator.observe.vsphere import VsphereSettings
from failback_operator.runtime.main import main, run
from failback_operator.runtime.settings import Settings, described, document

ROOT = Path(__file__).resolve().parents[3]


def test_the_document_is_what_the_settings_say():
    assert (ROOT / "docs" / "settings.md").read_text() == document()


def test_every_setting_says_what_it_means():
    assert all(each.text.endswith(".") and len(each.text) < 130 for each in described())


def test_the_defaults_are_the_documented_ones_of_each_part():
    settings = Settings()
    assert settings.limits() == Limits()
    assert settings.poll() == PollSettings()
    assert settings.reader() == ReaderSettings()
    assert settings.vsphere() == VsphereSettings()


def test_every_limit_of_judgement_is_a_setting():
    names = {each.name for each in described()}
    assert all(each.name in names or f"{each.name}_seconds" in names for each in fields(Limits))


OTHER_VALUES = {
    int: (7, 7),
    timedelta: (7, timedelta(seconds=7)),
    date: ("2030-01-02", date(2030, 1, 2)),
    tuple: (("one", "two"), ("one", "two")),
    frozenset: (("one", "two"), frozenset({"one", "two"})),
}
"""Type of a limit → a value as it is set, and the limit that it makes."""


@pytest.mark.parametrize("limit", [each.name for each in fields(Limits) if each.name != "accepted_controllers"])
def test_each_setting_moves_its_own_limit_and_no_other(limit):
    given, made = OTHER_VALUES[type(getattr(Limits(), limit))]
    settings = Settings.of({f"{limit}_seconds" if isinstance(made, timedelta) else limit: given})
    assert settings.limits() == replace(Limits(), **{limit: made})


def test_values_of_no_use_are_refused():
    with pytest.raises(ValueError, match="workers"):
        Settings.of({"workers": "many"})


def params(arguments, **environment):
    with CliRunner(env=environment).isolation():
        return run.make_context("run", arguments).params


def test_flags_and_variables_say_the_same_and_flags_go_first():
    assert params(["--azure-list-seconds", "7"])["azure_list_seconds"] == 7
    assert params([], FAILBACK_AZURE_LIST_SECONDS="8")["azure_list_seconds"] == 8
    assert params(["--azure-list-seconds", "7"], FAILBACK_AZURE_LIST_SECONDS="8")["azure_list_seconds"] == 7


def test_several_namespaces_by_flags_or_by_one_variable():
    assert params(["--namespace", "a", "--namespace", "b"])["namespace"] == ("a", "b")
    assert params([], FAILBACK_NAMESPACE="a b")["namespace"] == ("a", "b")


def test_all_settings_are_options_of_run():
    assert params([]).keys() == {each.name for each in described()}
    assert Settings(**params([])) == Settings()


def test_a_changed_limit_reaches_judgement():
    settings = Settings(**params(["--heartbeat-seconds", "60", "--accepted-controllers", "ParaVirtual"]))
    assert settings.limits().heartbeat == timedelta(minutes=1)
    assert settings.limits().accepted_controllers == {ControllerKind.PARAVIRTUAL}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--accepted-controllers", "Floppy"], "Floppy"),
        (["--vsphere-wait-seconds", "90"], "at most 60"),
        (["--lease-seconds", "5"], "lease-renew"),
        (["--log-format", "xml"], "'json', 'plain'"),
        (["--workers", "many"], "'many' is not a valid integer"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(arguments, says):
    done = CliRunner().invoke(main, ["run", *arguments])
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output


def test_a_kubeconfig_that_is_not_there_ends_in_one_line(tmp_path):
    done = CliRunner().invoke(main, ["run", "--kubeconfig", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "none" in done.output
    assert "Traceback" not in done.output
