"""Thousands of sites in which anything may be wrong: a decision is made all the same, is valid, comes to rest, and is safe.

The number follows Hypothesis' profile: few by default, ten thousand with `--hypothesis-profile=nightly` (`make test-snapshots`).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.decide.generated.oracle import faults
from tests.unit.decide.generated.rest import settled
from tests.unit.decide.generated.worlds import views

from failback_operator.domain.snapshot import SiteView

FEW = 100
IS_NIGHTLY = settings.get_current_profile_name() == "nightly"
ENGINE = logging.getLogger("failback_operator.checks.engine")


class _Broken(logging.Handler):
    """Keeps what the engine tells of checks that broke: it goes on without them."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(self.format(record))


@contextmanager
def no_check_breaks() -> Iterator[None]:
    handler, propagates = _Broken(), ENGINE.propagate
    ENGINE.addHandler(handler)
    ENGINE.propagate = False
    try:
        yield
    finally:
        ENGINE.removeHandler(handler)
        ENGINE.propagate = propagates
    if handler.told:
        raise AssertionError("\n".join(handler.told))


@dataclass(frozen=True)
class Generated:
    """A site without its forty pages of text: Hypothesis' blob reproduces it, and the assertion says what is wrong."""

    view: SiteView

    def __repr__(self) -> str:
        return f"a site with the plans {[plan.spec.wire() for plan in self.view.plans]}"


@pytest.mark.timeout(0)
@settings(
    max_examples=settings().max_examples if IS_NIGHTLY else FEW,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(views().map(Generated))
def test_whatever_is_wrong_with_a_site(site):
    with no_check_breaks():
        rest = settled(site.view)
        assert faults(rest) == []
