"""What was answered last to questions that vCenter is asked besides its objects: one that fails now and then is no news.

It outlives a log-in. A refusal is an answer, and is not kept over.
"""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import TypeVar

from pyVmomi import vim, vmodl

from failback_operator.observe.vsphere.endpoint import VsphereSettings

T = TypeVar("T")
LASTING = (
    vim.fault.NoPermission,
    vmodl.fault.NotSupported,
    vmodl.fault.MethodNotFound,
    vmodl.fault.InvalidArgument,
    vmodl.fault.ManagedObjectNotFound,
)
"""Faults that come again: what was known before does not hold any more. Source: vSphere Web Services API, faults."""


class Memory:
    """The last answer to each question, with its time; good for as long as facts of a vCenter are judged."""

    def __init__(self, settings: VsphereSettings) -> None:
        self._now = settings.now
        self._kept: timedelta = settings.answers_kept
        self._answers: dict[Hashable, tuple[datetime, object]] = {}

    def keep(self, question: Hashable, answer: T) -> T:
        """Remember the answer, and return it."""
        self._answers[question] = (self._now(), answer)
        return answer

    def after(self, error: Exception, question: Hashable, unknown: T) -> T:
        """The last answer to a question that has just failed with `error`, else `unknown`."""
        at, answer = self._answers.get(question, (None, None))
        if isinstance(error, LASTING) or at is None or self._now() - at > self._kept:
            self._answers.pop(question, None)
            return unknown
        return answer  # type: ignore[return-value]  # what was kept for the same question
