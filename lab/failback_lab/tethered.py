"""Run a command that dies with the process that started it: `python -I -S tethered.py PARENT COMMAND...`.

A file of its own, run as a script: setting this up between fork and exec in a process with threads may deadlock.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then become the command.

    Source: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html (kept across execve; sent when the *thread*
    that started this process ends).
    """
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # it died before the line above: no signal will come
        sys.exit("the parent is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606  no shell is wanted
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
