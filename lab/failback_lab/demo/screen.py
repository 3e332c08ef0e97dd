"""What the demo prints: headings, commands as a user would type them, and their answers."""

import time
from typing import Any

from rich.console import Console

from failback_lab.kubectl import Kubectl


class Screen:
    """Prints the story. Times are seconds since the start of the demo."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._kubectl = kubectl
        self._namespace = namespace
        self._console = Console(highlight=False, soft_wrap=True)
        self._began = time.monotonic()

    def heading(self, text: str) -> None:
        """A step of the story."""
        self._console.rule(f"[bold]{text}[/bold]  ({time.monotonic() - self._began:.0f} s)", align="left")

    def say(self, text: str) -> None:
        """A line of prose."""
        self._console.print(text, markup=False)

    def command(self, *arguments: str) -> None:
        """Run a kubectl command, shown with its answer."""
        self._console.print(f"$ kubectl {' '.join(arguments)}", style="cyan", markup=False)
        self.say(self._kubectl.run(*arguments).rstrip())

    def get(self, kinds: str) -> None:
        """`kubectl get` of some kinds in the demo's namespace."""
        self.command("get", kinds, "-n", self._namespace)

    def apply(self, path: str) -> None:
        """`kubectl apply -f`."""
        self.command("apply", "-f", path)

    def patch(self, kind: str, name: str, patch: str) -> None:
        """`kubectl patch` of a spec, as a user without an editor would change what is in Git."""
        self.command("patch", kind, name, "-n", self._namespace, "--type=merge", "-p", patch)

    def findings(self, subject: dict[str, Any]) -> None:
        """The findings of an object, a line each with the cure."""
        for finding in subject.get("status", {}).get("findings", []):
            self.say(f"  {finding['severity']} {finding['check']} on {finding['subject']}: {finding['observed']}")
            self.say(f"      expected: {finding['expected']}")
            self.say(f"      do: {finding['remedy']}")

    def disks(self, machines: list[dict[str, Any]]) -> None:
        """Per-disk progress of the machines that synchronise, a line each."""
        for machine in machines:
            status = machine.get("status", {})
            moving = [disk for disk in status.get("disks", []) if disk["percent"] < 100]
            if moving:
                each = "  ".join(f"{disk['name']} {disk['percent']} %" for disk in status["disks"])
                self.say(f"    {machine['spec']['machineName']:14} {status['phase']:12} {each}")
