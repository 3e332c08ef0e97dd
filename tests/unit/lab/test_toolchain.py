"""Which binaries the lab takes, what a cache entry depends on, and which of the user's settings reach the Go tool."""

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from failback_lab import gobuild, toolchain
from failback_lab.gobuild import GoModule, build, cache_root, cached, go_environment
from failback_lab.process import ChildDied
from failback_lab.toolchain import ControlPlane, installed_control_plane

NEW = {
    "etcd": "etcd Version: 3.6.5\nGit SHA: x",
    "kube-apiserver": "Kubernetes v1.35.4",
    "kube-controller-manager": "Kubernetes v1.35.1",
}


def module(directory: Path, main: str = "package main\nfunc main() {}\n", **changes: object) -> GoModule:
    directory.mkdir(exist_ok=True)
    (directory / "go.mod").write_text("module example.org/tiny\n\ngo 1.24\n")
    (directory / "main.go").write_text(main)
    settings: dict[str, object] = {"name": "tiny", "version": "1.0", "directory": directory, "packages": {"tiny": "."}}
    return GoModule(**(settings | changes))  # type: ignore[arg-type]


def install(directory: Path, *names: str) -> Path:
    directory.mkdir(parents=True)
    for name in names:
        (directory / name).touch(mode=0o755)
    return directory


def versions(table: dict[str, str]) -> Callable[[Path], str]:
    return lambda path: table[path.name]


class TestCacheKey:
    def test_same_content_elsewhere_has_the_same_key(self, tmp_path: Path) -> None:
        assert module(tmp_path / "a").cache_key == module(tmp_path / "b").cache_key

    def test_names_program_and_version(self, tmp_path: Path) -> None:
        assert module(tmp_path / "a").cache_key.startswith("tiny-1.0-")

    @pytest.mark.parametrize(
        "changes",
        [
            {"main": "package main\nfunc main() { println() }\n"},
            {"version": "1.1"},
            {"packages": {"tiny": ".", "more": "./more"}},
            {"linker_values": {"main.version": "2"}},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_changes_with_what_is_built(self, tmp_path: Path, changes: dict[str, object]) -> None:
        assert module(tmp_path / "a").cache_key != module(tmp_path / "b", **changes).cache_key

    def test_a_new_source_file_changes_it_but_a_test_or_a_hidden_file_does_not(self, tmp_path: Path) -> None:
        tiny = module(tmp_path / "a")
        before = tiny.cache_key
        (tiny.directory / "main_test.go").write_text("package main\n")
        (tiny.directory / ".swp").write_text("x")
        assert tiny.cache_key == before
        (tiny.directory / "go.sum").write_text("x")
        assert tiny.cache_key != before

    def test_a_byte_that_moves_between_files_changes_it(self, tmp_path: Path) -> None:
        first, second = module(tmp_path / "a"), module(tmp_path / "b")
        for tiny, left, right in ((first, "xy", "z"), (second, "x", "yz")):
            (tiny.directory / "n1").write_text(left)
            (tiny.directory / "n2").write_text(right)
        assert first.cache_key != second.cache_key


class TestInstalled:
    def found(self, environ: dict[str, str], table: dict[str, str] = NEW) -> ControlPlane | None:
        return installed_control_plane(environ, versions(table))

    def test_assets_go_before_path(self, tmp_path: Path) -> None:
        assets, path = install(tmp_path / "assets", *NEW), install(tmp_path / "path", *NEW)
        environ = {"KUBEBUILDER_ASSETS": str(assets), "PATH": f"/nowhere:{path}"}
        assert self.found(environ) == ControlPlane.in_directory(assets)
        assert self.found(environ | {"KUBEBUILDER_ASSETS": ""}) == ControlPlane.in_directory(path)

    def test_three_from_one_place_or_none(self, tmp_path: Path) -> None:
        assets = install(tmp_path / "assets", "etcd", "kube-apiserver", "kubectl")
        path = install(tmp_path / "path", "kube-controller-manager")
        assert self.found({"KUBEBUILDER_ASSETS": str(assets), "PATH": str(path)}) is None

    def test_file_that_may_not_be_run_is_none(self, tmp_path: Path) -> None:
        assets = install(tmp_path / "assets", *NEW)
        (assets / "etcd").chmod(0o644)
        # Root may read anything but runs only what somebody may run.
        assert self.found({"KUBEBUILDER_ASSETS": str(assets)}) is None

    @pytest.mark.parametrize(
        ("name", "printed", "is_taken"),
        [
            ("etcd", "etcd Version: 3.5.0", True),
            ("etcd", "etcd Version: 3.4.30", False),
            ("kube-apiserver", "Kubernetes v1.32.9", False),
            ("kube-apiserver", "Kubernetes v1.36.0-rc.1", False),
            ("kube-apiserver", "", False),
            ("kube-controller-manager", "Kubernetes v1.34.2", False),
            ("kube-controller-manager", "Kubernetes v1.35.0", True),
        ],
    )
    def test_versions(self, tmp_path: Path, name: str, printed: str, *, is_taken: bool) -> None:
        assets = install(tmp_path / "assets", *NEW)
        found = self.found({"KUBEBUILDER_ASSETS": str(assets)}, NEW | {name: printed})
        assert (found is not None) is is_taken

    @pytest.mark.parametrize(("minor", "is_taken"), [(32, False), (33, True), (36, True)], ids=str)
    def test_oldest_and_newer_releases(self, tmp_path: Path, minor: int, *, is_taken: bool) -> None:
        assets = install(tmp_path / "assets", *NEW)
        kubernetes = dict.fromkeys(("kube-apiserver", "kube-controller-manager"), f"Kubernetes v1.{minor}.1")
        assert (self.found({"PATH": str(assets)}, NEW | kubernetes) is not None) is is_taken

    def test_version_of_a_file_that_is_no_program_is_empty(self, tmp_path: Path) -> None:
        (tmp_path / "etcd").write_text("no program")
        assert gobuild.tool_version(tmp_path / "etcd") == ""


class TestCache:
    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"XDG_CACHE_HOME": "/c"}, Path("/c/failback-lab")),
            ({"XDG_CACHE_HOME": ""}, Path.home() / ".cache/failback-lab"),
            ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/failback-lab"),
            ({}, Path.home() / ".cache/failback-lab"),
        ],
    )
    def test_root(self, environ: dict[str, str], expected: Path) -> None:
        assert cache_root(environ) == expected

    def test_needs_every_binary_of_the_module(self, tmp_path: Path) -> None:
        both = module(tmp_path / "src", packages={"one": "./one", "two": "./two"})
        entry = tmp_path / "bin" / both.cache_key
        install(entry, "one")
        assert cached(both, tmp_path) is None
        (entry / "two").touch(mode=0o755)
        assert cached(both, tmp_path) == {"one": entry / "one", "two": entry / "two"}

    def test_cached_module_is_not_built(self, tmp_path: Path) -> None:
        broken = module(tmp_path / "src", main="no Go")
        entry = install(tmp_path / "bin" / broken.cache_key, "tiny")
        assert build(broken, tmp_path) == {"tiny": entry / "tiny"}


class TestBuild:
    def test_makes_a_program_and_leaves_nothing_else(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        tiny = module(tmp_path / "src", main='package main\n\nfunc main() { println("hello") }\n')
        entry = tmp_path / "bin" / tiny.cache_key
        assert build(tiny, tmp_path) == {"tiny": entry / "tiny"}
        assert sorted(path.name for path in entry.parent.iterdir()) == [tiny.cache_key, f"{tiny.cache_key}.lock"]
        assert [path.name for path in entry.iterdir()] == ["tiny"]
        assert "tiny 1.0: compiling" in capfd.readouterr().err

    def test_failure_tells_the_compiler_s_words_and_makes_no_entry(self, tmp_path: Path) -> None:
        broken = module(tmp_path / "src", main="package main\n\nfunc main() { undefinedThing() }\n")
        with pytest.raises(ChildDied, match="undefinedThing"):
            build(broken, tmp_path)
        assert cached(broken, tmp_path) is None

    def test_what_an_interrupted_build_left_is_no_hindrance(self, tmp_path: Path) -> None:
        tiny = module(tmp_path / "src")
        install(tmp_path / "bin" / f"{tiny.cache_key}.unfinished", "tiny", "go.log")
        assert os.access(build(tiny, tmp_path)["tiny"], os.X_OK)

    def test_second_builder_waits_for_the_first_and_takes_its_work(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        broken = module(tmp_path / "src", main="no Go")
        directory = install(tmp_path / "bin")
        with (directory / f"{broken.cache_key}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)

            def finish() -> None:
                install(directory / broken.cache_key, "tiny")
                fcntl.flock(file, fcntl.LOCK_UN)

            timer = threading.Timer(0.5, finish)
            timer.start()
            assert build(broken, tmp_path) == {"tiny": directory / broken.cache_key / "tiny"}
            timer.join()
        assert "another process is building it" in capfd.readouterr().err


class TestGoEnvironment:
    def test_mirrors_and_caches_stay_but_what_changes_the_build_goes(self) -> None:
        users = {
            "GOPROXY": "https://mirror",
            "GOMODCACHE": "/m",
            "GOFLAGS": "-mod=vendor",
            "GOOS": "plan9",
            "GOROOT": "/r",
            "PATH": "/bin",
        }
        made = go_environment(users | {"CGO_CFLAGS": "-O9", "GOEXPERIMENT": "x", "GOTOOLCHAIN": "go1.99"})
        assert made.items() >= {"GOPROXY": "https://mirror", "GOMODCACHE": "/m", "PATH": "/bin"}.items()
        assert made.items() >= {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off", "GOOS": "linux"}.items()
        assert made["GOFLAGS"] == "-mod=readonly -buildvcs=false"
        assert not {"GOROOT", "CGO_CFLAGS", "GOEXPERIMENT"} & made.keys()


def test_modules_are_those_of_the_tree() -> None:
    for source in toolchain.MODULES:
        assert (source.directory / "go.mod").is_file()
    kubernetes = (toolchain.KUBERNETES.directory / "go.mod").read_text()
    assert f"k8s.io/kubernetes v{toolchain.KUBERNETES_VERSION}" in kubernetes
    assert f"server/v3 v{toolchain.ETCD_VERSION}" in (toolchain.ETCD.directory / "go.mod").read_text()
