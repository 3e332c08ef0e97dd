"""Runs the demo from start to end and judges it."""

from dataclasses import dataclass

from failback_lab.demo.census import Census, calls
from failback_lab.demo.chaos import Chaos
from failback_lab.demo.screen import Screen
from failback_lab.demo.story import StepNotReached, Story
from failback_lab.kubectl import KubectlError
from failback_lab.process import Child, ChildDied
from failback_lab.site import NAMESPACE, Lab, LabOptions
from failback_lab.toolchain import Binaries


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The lab, and how often (and by which seed) the operator is killed on the way."""

    lab: LabOptions
    chaos: int = 0
    seed: int = 1


def run_demo(options: DemoOptions) -> int:
    """Tell the story; 0 if every step was reached and every operation happened once, else 1."""
    with Lab(options.lab, Binaries()) as lab, lab.operator() as operator:
        screen = Screen(lab.kubectl, NAMESPACE)
        chaos = Chaos(options.chaos, options.seed, operator, lab.azure, screen.say)
        problems: list[str] = []
        try:
            Story(lab, screen, operator, chaos).run()
        except (StepNotReached, ChildDied, KubectlError) as error:
            problems.append(str(error))
        return _judge(lab, screen, operator, chaos, problems)


def _judge(lab: Lab, screen: Screen, operator: Child, chaos: Chaos, problems: list[str]) -> int:
    machines = [item.machine for item in lab.scenario.vault.items]
    log = lab.azure.log()
    census = Census.of(log)
    problems += census.problems(machines)
    screen.heading("How often each operation was begun, by the simulator's own log")
    screen.say(census.table(machines))
    screen.heading("Calls")
    screen.say("Azure:   " + ", ".join(f"{name} {count}" for name, count in sorted(calls(log).items())))
    screen.say("vSphere: " + ", ".join(f"{name} {count}" for name, count in sorted(lab.vcenter.control.stats().items())))
    screen.say(f"operator: {resident_mib(operator):.0f} MiB resident")
    for kill in chaos.kills:
        screen.say(f"killed after {kill.seconds:.1f} s, {kill.during or 'between calls'}")
    if problems:
        screen.heading("NOT as it should be")
        for problem in problems:
            screen.say(problem)
        screen.say("the operator's last words:\n  " + "\n  ".join(operator.last_log_lines(40)))
        return 1
    screen.heading(f"{len(machines)} machines are home: each operation exactly once")
    return 0


def resident_mib(child: Child) -> float:
    """Resident memory of a child now, 0 if it has ended."""
    try:
        with open(f"/proc/{child.pid}/status", encoding="ascii") as status:  # noqa: PTH123 - no path of ours
            kib = next(line.split()[1] for line in status if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        return 0.0
    return int(kib) / 1024
