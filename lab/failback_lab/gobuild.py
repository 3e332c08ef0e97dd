"""Builds a Go module of the lab into the cache: once a machine, resumable, with a line that tells how long it will take."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from failback_lab.process import Child, ChildDied

# What tells Go where modules come from and where its caches are is the user's; what changes the build is not.
KEPT_GO_SETTINGS = frozenset(
    {
        "GOAUTH", "GOCACHE", "GOCACHEPROG", "GOENV", "GOINSECURE", "GOMAXPROCS", "GOMEMLIMIT", "GOMODCACHE", "GONOPROXY",
        "GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTELEMETRY", "GOTMPDIR",
    }
)  # fmt: skip
GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
TICK_SECONDS = 0.2
SECONDS_BETWEEN_LINES = 15.0


@dataclass(frozen=True, slots=True)
class GoModule:
    """A directory with a go.mod, the version it builds, and the packages that become binaries."""

    name: str
    version: str
    directory: Path
    packages: Mapping[str, str]
    linker_values: Mapping[str, str] = field(default_factory=dict)
    typical_seconds: int = 60

    @property
    def cache_key(self) -> str:
        """Name of the cache entry: changes with the version, the module files, the sources and how they are built."""
        digest = hashlib.sha256()
        for path in sorted(self._sources()):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self.directory)} {len(content)}\n".encode() + content)
        settings = [platform.machine(), sorted(self.packages.items()), self.build_flags()]
        digest.update(repr(settings).encode())
        return f"{self.name}-{self.version}-{digest.hexdigest()[:16]}"

    def build_flags(self) -> tuple[str, ...]:
        """Flags of `go build` (and of `go list`, which must agree with it about what is stale)."""
        values = [f"-X {name}={value}" for name, value in sorted(self.linker_values.items())]
        return ("-trimpath", " ".join(["-ldflags=-s -w", *values]))

    def _sources(self) -> Iterator[Path]:
        for path in self.directory.rglob("*"):
            is_hidden = any(part.startswith(".") for part in path.relative_to(self.directory).parts)
            if path.is_file() and not is_hidden and not path.name.endswith("_test.go"):
                yield path


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Where built binaries are kept: below XDG_CACHE_HOME if that is set and absolute, else below ~/.cache."""
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "failback-lab"


def cached(module: GoModule, cache: Path) -> dict[str, Path] | None:
    """The module's binaries if the cache has them all."""
    paths = {name: cache / "bin" / module.cache_key / name for name in module.packages}
    return paths if all(os.access(path, os.X_OK) for path in paths.values()) else None


def build(module: GoModule, cache: Path) -> dict[str, Path]:
    """The module's binaries by name, built first if the cache lacks them. Raises `ChildDied` with the compiler's words."""
    found = cached(module, cache)
    if found is not None:
        return found
    key = module.cache_key
    directory = cache / "bin"
    directory.mkdir(parents=True, exist_ok=True)
    with _lock(directory / f"{key}.lock", module.name):
        found = cached(module, cache)
        if found is not None:
            return found
        unfinished = directory / f"{key}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        _compile(module, unfinished)
        (unfinished / "go.log").unlink()
        shutil.rmtree(directory / key, ignore_errors=True)
        unfinished.rename(directory / key)
    return {name: directory / key / name for name in module.packages}


def go_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of the Go tool: the user's, less what would change the build."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("GO", "CGO_")) or name in KEPT_GO_SETTINGS}
    fixed = {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly -buildvcs=false",  # not empty, else the user's `go env -w GOFLAGS` would count
        "GOOS": "linux",
        "GOARCH": GO_ARCHITECTURES.get(platform.machine(), ""),
    }
    return {"HOME": str(Path.home())} | kept | fixed


def _go() -> str:
    """The `go` of this virtual environment, else the one on PATH."""
    own = Path(sys.executable).with_name("go")
    found = str(own) if os.access(own, os.X_OK) else shutil.which("go")
    if found is None:
        raise FileNotFoundError("no go: install the lab's development requirements (make venv)")
    return found


@contextmanager
def _lock(path: Path, name: str) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{name}: another process is building it; waiting", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file ends the lock, as does the end of the process


def _compile(module: GoModule, output: Path) -> None:
    packages = list(module.packages.values())
    progress = _Progress(module)
    progress.stage(f"fetching modules; all takes about {_minutes(module.typical_seconds)} on two free cores")
    listed = [_go(), "list", "-deps", "-f={{if .Stale}}{{.ImportPath}}{{end}}", *module.build_flags(), *packages]
    stale_file = output / "go.log"
    _run(module, listed, stale_file, progress)
    progress.stage("compiling", packages=sum(_is_package(line) for line in stale_file.read_text().splitlines()))
    stale_file.unlink()
    target = output / next(iter(module.packages)) if len(packages) == 1 else output
    _run(module, [_go(), "build", "-v", *module.build_flags(), f"-o={target}", *packages], stale_file, progress)
    progress.done()


def _run(module: GoModule, command: list[str], log: Path, progress: "_Progress") -> None:
    with Child(f"go for {module.name}", command, log=log, env=go_environment(), cwd=module.directory) as child:
        while child.is_alive:
            time.sleep(TICK_SECONDS)
            progress.tick(log)
        if child.exit_code != 0:
            progress.done()
            raise ChildDied(child.name, child.exit_code or 0, child.last_log_lines())


def _is_package(line: str) -> bool:
    return bool(line) and not line.startswith(("#", "go: "))


class _Progress:
    """Tells on standard error what is going on: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, module: GoModule) -> None:
        self._module = module
        self._begin = time.monotonic()
        self._stage_begin = self._begin
        self._last_line = self._begin
        self._stage = ""
        self._total = 0
        self._is_terminal = sys.stderr.isatty()

    def stage(self, name: str, packages: int = 0) -> None:
        self._stage, self._total = name, packages
        self._stage_begin = time.monotonic()
        self._print(f"{name} {packages} packages" if packages else name)

    def tick(self, log: Path) -> None:
        now = time.monotonic()
        if not self._is_terminal and now - self._last_line < SECONDS_BETWEEN_LINES:
            return
        done = sum(_is_package(line) for line in log.read_text(errors="replace").splitlines())
        self._print(f"{self._stage}{self._estimate(done, now)}")

    def done(self) -> None:
        self._print(f"ended after {_minutes(time.monotonic() - self._begin)}")
        if self._is_terminal:
            print(file=sys.stderr)

    def _estimate(self, done: int, now: float) -> str:
        elapsed = now - self._stage_begin
        words = f", {_minutes(elapsed)} so far"
        if self._total == 0:
            return words
        share = min(1.0, done / self._total)
        # The first packages are small and quick, so the pace alone would promise too much.
        by_pace = elapsed * (1 - share) / share if share > 0 else float(self._module.typical_seconds)
        by_experience = max(0.0, self._module.typical_seconds * (1 - share))
        left = by_pace * share + by_experience * (1 - share)
        ending = f"about {_minutes(left)} left" if share < 1 else "linking"
        return f" {min(done, self._total)} of {self._total} packages{words}, {ending}"

    def _print(self, text: str) -> None:
        self._last_line = time.monotonic()
        start, end = ("\r\033[K", "") if self._is_terminal else ("", "\n")
        print(f"{start}{self._module.name} {self._module.version}: {text}", end=end, file=sys.stderr, flush=True)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60} s" if seconds >= 60 else f"{int(seconds)} s"


def tool_version(binary: Path) -> str:
    """What `binary --version` prints; empty if it cannot be run."""
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
