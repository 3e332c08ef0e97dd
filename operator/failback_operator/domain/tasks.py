"""How a task of vCenter stands, as whoever follows an effect needs to know it."""

from dataclasses import dataclass
from enum import StrEnum


class TaskPhase(StrEnum):
    """GONE: vCenter no longer knows the task (it keeps ended ones for a while only), so its end must be judged from the world."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    GONE = "Gone"


@dataclass(frozen=True, slots=True)
class TaskState:
    """State of a task; `message` is vCenter's own words where it failed."""

    phase: TaskPhase
    message: str = ""
