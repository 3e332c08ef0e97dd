"""Command line of the lab: `python -m failback_lab up | demo | bench`."""

import signal
import sys
import time
from pathlib import Path

import click

from failback_lab.bench import run_bench
from failback_lab.demo.run import DemoOptions, run_demo
from failback_lab.process import ChildDied, sigterm_as_exit
from failback_lab.scale.bench import BenchOptions, run_scale_bench
from failback_lab.scale.site import Size
from failback_lab.site import NAMESPACE, Lab, LabOptions
from failback_lab.toolchain import LAB, Binaries

INTERRUPTED = 128 + signal.SIGINT
DEFAULT_SCENARIO = LAB / "scenarios" / "demo.yaml"


@click.group()
def main() -> None:
    """A recovery site on this machine: API server, vCenter and Site Recovery, with eight machines failed over to Azure."""


@main.command()
@click.option("--scenario", type=click.Path(exists=True, path_type=Path), default=DEFAULT_SCENARIO, help="The site.")
@click.option("--speed", default=60.0, show_default=True, help="Factor by which the service's durations are shortened.")
@click.option("--record", type=click.Path(path_type=Path), help="File for the full traffic with Azure (JSON lines).")
@click.option("--chaos", default=0, show_default=True, help="How often the operator is killed on the way.")
@click.option("--seed", default=1, show_default=True, help="Seed of the moments at which it is killed.")
def demo(scenario: Path, speed: float, record: Path | None, chaos: int, seed: int) -> None:
    """Show eight machines come home; fails unless each operation happened exactly once."""
    with sigterm_as_exit():
        sys.exit(run_demo(DemoOptions(LabOptions(scenario, speed, record), chaos, seed)))


@main.command()
@click.option("--scenario", type=click.Path(exists=True, path_type=Path), default=DEFAULT_SCENARIO, help="The site.")
@click.option("--speed", default=60.0, show_default=True, help="Factor by which the service's durations are shortened.")
def up(scenario: Path, speed: float) -> None:
    """Start the site with the operator and keep it until Ctrl-C."""
    with sigterm_as_exit(), Lab(LabOptions(scenario, speed), Binaries()) as lab, lab.operator() as operator:
        click.echo(f"""The site is up. In another terminal:

  export KUBECONFIG={lab.api_server.admin_kubeconfig}
  kubectl apply -f {lab.site_manifest} -f {lab.plan_manifest}
  kubectl get fbp,fbm,mt,ps,rsite -n {NAMESPACE}
  kubectl describe fbp tokyo-home -n {NAMESPACE}

kubectl is {Path(sys.executable).with_name("kubectl")}; the operator's log is {operator.log}.
Ctrl-C ends it and leaves nothing behind.""")
        while True:
            lab.check()
            operator.check()
            time.sleep(1)


@main.command()
@click.option("--machines", default=1000, show_default=True, help="Machines of the site; 0: the demo's site.")
@click.option("--targets", default=20, show_default=True, help="Its master targets.")
@click.option("--plans", default=20, show_default=True, help="Its plans.")
@click.option("--minutes", default=1.0, show_default=True, help="How long the site is watched at rest.")
@click.option("--output", type=click.Path(path_type=Path), help="File for the figures as JSON.")
def bench(machines: int, targets: int, plans: int, minutes: float, output: Path | None) -> None:
    """Count what the operator costs, with the intervals that users have, and what others take for the same."""
    with sigterm_as_exit():
        if machines:
            run_scale_bench(BenchOptions(Size(machines, targets, plans), minutes, output))
        else:
            run_bench(minutes)


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nstopped; nothing is left behind", err=True)
        sys.exit(INTERRUPTED)
    except ChildDied as error:
        click.echo(str(error), err=True)
        sys.exit(1)
