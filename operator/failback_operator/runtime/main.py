"""The command line: `failback-operator run`."""

import asyncio
import gc
import sys
from collections.abc import Callable, Mapping

import click

from failback_operator.runtime.login import CannotLogInError
from failback_operator.runtime.logs import Redactor, configure
from failback_operator.runtime.settings import Described, Settings, described

CHOICES = {"log_format": ["json", "plain"], "log_level": ["debug", "info", "warning", "error"]}
Command = Callable[..., None]
RARELY = (50_000, 20, 50)


def _option(setting: Described) -> Callable[[Command], Command]:
    """The click option of a setting."""
    is_list = isinstance(setting.default, tuple)
    kind = str if is_list else click.Choice(CHOICES[setting.name]) if setting.name in CHOICES else type(setting.default)
    return click.option(
        setting.flag,
        setting.name,
        type=kind,
        multiple=is_list,
        envvar=setting.variable,
        help=setting.text,
        default=setting.default,
        show_default=True,
    )


def _with_settings(command: Command) -> Command:
    for setting in reversed(described()):
        command = _option(setting)(command)
    return command


@click.group()
def main() -> None:
    """Bring VMware machines home from Azure after a Site Recovery failover."""


@main.command()
@_with_settings
def run(**values: object) -> None:
    """Run the operator until it is told to stop."""
    settings = _settings(values)
    redactor = Redactor()
    configure(settings.log_format, settings.log_level, redactor)
    try:
        asyncio.run(_run(settings, redactor))
    except (CannotLogInError, OSError) as error:
        # OSError: a port on which probe or metrics should listen is taken.
        raise click.ClickException(str(error)) from error


def _settings(values: Mapping[str, object]) -> Settings:
    """The settings, refused here if they contradict themselves."""
    settings = Settings.of(values)
    try:
        settings.limits()
        settings.vsphere()
        settings.lease_times()
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return settings


async def _run(settings: Settings, redactor: Redactor) -> None:
    from failback_operator.runtime.operator import Operator  # noqa: PLC0415 - Kopf and the SDKs take seconds to import

    # Snapshots and statuses are very many objects without cycles; looking for some took a quarter of each evaluation.
    gc.freeze()
    gc.set_threshold(*RARELY)
    await Operator(settings, redactor).run()


if __name__ == "__main__":
    sys.exit(main())
