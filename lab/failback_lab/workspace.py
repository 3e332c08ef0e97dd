"""The temporary directory of one lab run, removed even when the lab is killed with SIGKILL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "failback-lab-"
# Waits for the end of its standard input, which comes when the lab closes it or dies; children that the kernel
# ends at the same moment may still write for an instant, hence the repetition.
JANITOR = """
read -r _
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf -- "$1"
  [ -e "$1" ] || exit 0
  sleep 0.3
done
exit 1
"""


@contextmanager
def workspace() -> Iterator[Path]:
    """A new private directory below the system's temporary directory, gone with its content at the end of the run."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    # A session of its own: neither Ctrl-C nor a kill of the lab's process group may reach it.
    janitor = subprocess.Popen(
        ["/bin/sh", "-c", JANITOR, "janitor", str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={"PATH": os.defpath},
    )
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        janitor.communicate()
