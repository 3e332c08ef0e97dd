"""Statuses of generated sites on the real API server: each is taken as it is, and a second write has nothing to say."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.integration.kube.objects import SPECS, made
from tests.unit.decide.generated.worlds import views
from tests.unit.decide.judged import evaluate

from failback_operator.api.common import StatusBase
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.merge import merge_patch
from failback_operator.runtime.status_writer import with_transition_times

MOST_OF_KIND = 70
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def statuses() -> dict[str, list[StatusBase]]:
    """Different statuses of each kind."""
    found: dict[str, list[StatusBase]] = defaultdict(list)

    @settings(max_examples=120, deadline=None, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(views())
    def collect(view):
        for key, status in evaluate(view).statuses.items():
            if len(found[key.kind]) < MOST_OF_KIND and status not in found[key.kind]:
                found[key.kind].append(status)

    collect()
    return found


async def test_two_hundred_statuses_are_stored_as_they_are(statuses, client, namespace, installed):
    installed.apply(*(made(kind, namespace) for kind in SPECS))
    assert statuses.keys() == SPECS.keys()
    assert sum(map(len, statuses.values())) > 200
    for kind, wanted in statuses.items():
        key = ObjectKey(kind, namespace, "one")
        stored = await client.get(key)
        for status in wanted:
            timed = status.model_copy(update={"conditions": with_transition_times(status.conditions, (), NOW)}).wire()
            changes = merge_patch(stored.get("status", {}), timed)
            stored = await client.patch(key, {"status": changes}, stored["metadata"]["resourceVersion"], is_status=True)
            left = merge_patch(stored["status"], timed)
            assert left == {}, f"{kind}: {left}"
