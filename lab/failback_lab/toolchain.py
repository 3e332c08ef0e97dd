"""Where the lab's binaries come from: installed ones, the cache, else a build from the lab's Go modules.

The three binaries of the control plane are taken from one place or not at all, since they must fit each other.
The vCenter simulator is the lab's own program, so an installed `vcsim` is never taken for it.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from failback_lab.gobuild import GoModule, build, cache_root, cached, tool_version
from failback_lab.process import ChildDied, sigterm_as_exit

LAB = Path(__file__).resolve().parent.parent
KUBERNETES_MINOR = "35"
KUBERNETES_VERSION = f"1.{KUBERNETES_MINOR}.4"
ETCD_VERSION = "3.6.5"
# The oldest releases that serve all that the CRDs and the tests use.
OLDEST_KUBERNETES = (1, 33)
OLDEST_ETCD = (3, 5)

# `go build` leaves the version at v0.0.0, which clients that compare versions refuse.
# Source: k8s.io/component-base v0.35.4, version/base.go
_COMPONENT_VERSION = "k8s.io/component-base/version"
KUBERNETES = GoModule(
    name="kubernetes",
    version=KUBERNETES_VERSION,
    directory=LAB / "kubernetes",
    packages={
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    },
    linker_values={
        f"{_COMPONENT_VERSION}.gitVersion": f"v{KUBERNETES_VERSION}",
        f"{_COMPONENT_VERSION}.gitMajor": "1",
        f"{_COMPONENT_VERSION}.gitMinor": KUBERNETES_MINOR,
        f"{_COMPONENT_VERSION}.gitCommit": "unknown",
    },
    typical_seconds=220,
)
ETCD = GoModule("etcd", ETCD_VERSION, LAB / "etcd", {"etcd": "go.etcd.io/etcd/server/v3"}, typical_seconds=45)
VCSIM = GoModule("vcsim", "lab", LAB / "vcenter", {"vcsim": "."}, typical_seconds=40)
HELM = GoModule("helm", "4.3.1", LAB / "helm", {"helm": "helm.sh/helm/v4/cmd/helm"}, typical_seconds=90)
GOVC = GoModule("govc", "0.46.0", LAB / "govc", {"govc": "github.com/vmware/govmomi/govc"}, typical_seconds=60)
MODULES = (ETCD, KUBERNETES, VCSIM, HELM, GOVC)


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The binaries of a Kubernetes control plane, as far as the lab needs one."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path

    @classmethod
    def in_directory(cls, directory: Path) -> "ControlPlane":
        """The three binaries under the names that everybody gives them."""
        return cls(directory / "etcd", directory / "kube-apiserver", directory / "kube-controller-manager")

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """All three paths."""
        return self.etcd, self.kube_apiserver, self.kube_controller_manager


class Binaries:
    """The lab's binaries; each is looked for, and built if need be, when it is first asked for."""

    @cached_property
    def control_plane(self) -> ControlPlane:
        """Etcd, API server and controller manager."""
        return installed_control_plane() or built_control_plane(cache_root())

    @cached_property
    def vcsim(self) -> Path:
        """The vCenter simulator."""
        return build(VCSIM, cache_root())["vcsim"]

    @cached_property
    def helm(self) -> Path:
        """Helm, which the tests of the chart use; the lab itself does without."""
        return build(HELM, cache_root())["helm"]

    def by_name(self) -> dict[str, Path]:
        """Every binary of the lab under its file name."""
        etcd, api_server, controller_manager = self.control_plane.paths
        return {
            "etcd": etcd,
            "kube-apiserver": api_server,
            "kube-controller-manager": controller_manager,
            "vcsim": self.vcsim,
        }


def installed_control_plane(
    environ: Mapping[str, str] = os.environ, version_of: Callable[[Path], str] = tool_version
) -> ControlPlane | None:
    """The first directory of KUBEBUILDER_ASSETS and PATH that holds all three binaries in versions that will do."""
    candidates = [environ.get("KUBEBUILDER_ASSETS", ""), *environ.get("PATH", "").split(os.pathsep)]
    for directory in (Path(candidate) for candidate in candidates if candidate):
        found = ControlPlane.in_directory(directory)
        if all(os.access(path, os.X_OK) for path in found.paths) and _is_new_enough(found, version_of):
            return found
    return None


def built_control_plane(cache: Path) -> ControlPlane:
    """The control plane from the cache, built first where it lacks something."""
    kubernetes = build(KUBERNETES, cache)
    return ControlPlane(build(ETCD, cache)["etcd"], kubernetes["kube-apiserver"], kubernetes["kube-controller-manager"])


def _is_new_enough(found: ControlPlane, version_of: Callable[[Path], str]) -> bool:
    etcd, api_server, manager = (_release(version_of(path)) for path in found.paths)
    # A controller manager must not be newer than its API server and may lag one release behind; equal is simplest.
    # Source: https://kubernetes.io/releases/version-skew-policy/
    return etcd >= OLDEST_ETCD and api_server >= OLDEST_KUBERNETES and manager == api_server


def _release(printed: str) -> tuple[int, int]:
    """Major and minor of the first version in `printed`; (0, 0) without one."""
    match = re.search(r"\bv?(\d+)\.(\d+)\.\d+", printed)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _selected(only: str | None) -> dict[str, Path]:
    if only is None:
        return Binaries().by_name()
    module = next(module for module in MODULES if only in {module.name, *module.packages})
    return build(module, cache_root())


def main(arguments: list[str] | None = None) -> int:
    """Get the binaries and print where they are, a name and a path on each line."""
    names = sorted({name for module in MODULES for name in (module.name, *module.packages)})
    parser = argparse.ArgumentParser(prog="python -m failback_lab.toolchain", description=main.__doc__)
    parser.add_argument("--only", choices=names, help="build only this one, whatever is installed")
    parser.add_argument("--is-cached", action="store_true", help="build nothing; tell by the exit code if all is there")
    options = parser.parse_args(arguments)
    if options.is_cached:
        is_there = installed_control_plane() or (cached(ETCD, cache_root()) and cached(KUBERNETES, cache_root()))
        return 0 if is_there and cached(VCSIM, cache_root()) else 1
    try:
        with sigterm_as_exit():
            found = _selected(options.only)
    except ChildDied as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the next run goes on from here", file=sys.stderr)
        return 130
    for name, path in found.items():
        print(f"{name}\t{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
