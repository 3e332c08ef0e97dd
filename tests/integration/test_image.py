"""The image's steps, without an engine: hash-locked packages and our wheel in an empty prefix, from which the operator runs."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command, **more):
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", directory, cwd=ROOT)
    (found,) = directory.glob("*.whl")
    return found


def test_the_wheel_holds_the_operator_and_nothing_of_the_lab(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packages = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"failback_operator"}
    assert "failback_operator/py.typed" in names


@pytest.mark.timeout(900)
def test_installed_by_the_steps_of_the_dockerfile_it_runs(wheel, tmp_path):
    prefix = tmp_path / "failback"
    run(sys.executable, "-m", "venv", prefix)
    python = prefix / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--require-hashes", "--requirement", ROOT / "requirements" / "runtime.txt")
    run(*pip, "--no-deps", "--no-index", wheel)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    help_text = run(prefix / "bin" / "failback-operator", "run", "--help", cwd=tmp_path, env=clean)
    assert "--kubeconfig" in help_text
    # Everything that the running operator imports is in the lock.
    run(python, "-c", "import failback_operator.runtime.operator", cwd=tmp_path, env=clean)
    where = run(python, "-c", "import failback_operator; print(failback_operator.__file__)", cwd=tmp_path, env=clean)
    assert Path(where.strip()).is_relative_to(prefix)


def test_the_dockerfile_does_these_steps_and_runs_as_nobody():
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"pip install --require-hashes --requirement runtime\.txt", text)
    assert re.search(r"pip install --no-deps --no-index dist/\*\.whl", text)
    assert re.search(r"^USER 65532:65532$", text, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["failback-operator"\]$', text, re.MULTILINE)
