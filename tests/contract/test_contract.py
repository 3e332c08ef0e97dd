"""Traffic of a whole demo run, and of a short one that polls operations, against the published API descriptions.

Aspects: every pair is in one class; what is described validates, requests and success answers alike; what is not described
(errors, operation status, operationresults, tokens, the vault) has a form of ours, and each form is used; no member is unknown
to the SDK's models; the lists of differences hold no unused entry.
"""

import json
import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from tests.contract.known_differences import OAV, SDK, Place
from tests.contract.own_schemas import Document, schema_of
from tests.contract.pairs import Pair, PairClass, load
from tests.contract.polled import record_polling
from tests.contract.sdk_models import resources, undeclared

from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario

pytestmark = [pytest.mark.contract, pytest.mark.lab, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]

HERE = Path(__file__).parent
NEEDED = "FAILBACK_CONTRACT_NEEDED"
CONTRACT = Path(os.environ.get("FAILBACK_CONTRACT", HERE.parents[1].parent / "shared" / "contract"))


@pytest.fixture(scope="session")
def demo_pairs(demo_record: Path) -> list[Pair]:
    """Every exchange of the demo run with Azure."""
    return list(load(demo_record))


@pytest.fixture(scope="session")
def polled_pairs(tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, demo_scenario: Scenario) -> list[Pair]:
    """Every exchange of the short run that polls."""
    return list(load(record_polling(tmp_path_factory.mktemp("polled"), lab_ca, demo_scenario)))


@pytest.fixture(scope="session")
def pairs(demo_pairs: list[Pair], polled_pairs: list[Pair]) -> list[Pair]:
    """Every exchange of both runs."""
    return demo_pairs + polled_pairs


def of_class(pairs: list[Pair], wanted: PairClass) -> list[Pair]:
    return [pair for pair in pairs if pair.pair_class is wanted]


def test_the_demo_made_pairs_of_every_class_that_it_makes(
    demo_pairs: list[Pair], record_property: Callable[[str, object], None]
) -> None:
    counts = Counter(pair.pair_class for pair in demo_pairs)
    record_property("pairs of the demo", ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
    assert counts[PairClass.DESCRIBED] > 100
    assert counts[PairClass.TOKEN] > 0
    posts = Counter(pair.path.rsplit("/", 1)[-1] for pair in demo_pairs if pair.method == "POST" and pair.status == 202)
    assert {name: posts[name] for name in ("reProtect", "unplannedFailover", "failoverCommit")} == {
        "reProtect": 16,
        "unplannedFailover": 8,
        "failoverCommit": 8,
    }


def test_described_pairs_validate_against_the_published_descriptions(
    pairs: list[Pair], record_property: Callable[[str, object], None]
) -> None:
    """Source: contract/README.md: requests and success answers of operations that it describes."""
    if not CONTRACT.is_dir():
        assert not os.environ.get(NEEDED), f"{CONTRACT} must be there where {NEEDED} is set"
        pytest.skip(f"the published descriptions are not at {CONTRACT} (FAILBACK_CONTRACT names another place)")
    described = of_class(pairs, PairClass.DESCRIBED)
    excused: Counter[Place] = Counter()
    violations: Counter[str] = Counter()
    for pair, result in zip(described, validate(described), strict=True):
        if result["failure"]:
            violations[f"{pair.method} {pair.path}: {result['failure']}"] += 1
        for problem in result["request"] + result["response"]:
            place = Place(result["operationId"], problem["code"], without_indices(problem["path"]))
            if place in OAV and OAV[place].says in problem["message"]:
                excused[place] += 1
            else:
                violations[f"{place}: {problem['message']}"] += 1
    record_property("validated", f"{len(described)} pairs, {sum(violations.values())} violations, {len(OAV)} listed differences")
    for place, count in sorted(excused.items()):
        record_property("listed difference", f"{count} times {place.path} of {place.operation}: {OAV[place].says}")
    assert not violations, json.dumps(violations, indent=1)
    assert not OAV.keys() - excused.keys()


@pytest.mark.parametrize("schema", Document.__subclasses__(), ids=lambda schema: schema.__name__)
def test_what_is_not_described_has_our_form(
    pairs: list[Pair], schema: type[Document], record_property: Callable[[str, object], None]
) -> None:
    """Source: site-recovery facts, section 1, LRO on the wire, and section 5."""
    chosen = [pair for pair in pairs if schema_of(pair) is schema]
    record_property(f"form {schema.__name__}", f"{len(chosen)} pairs")
    assert chosen
    assert not faults_of(schema, chosen)


def test_operations_were_seen_under_way_and_at_both_ends(polled_pairs: list[Pair]) -> None:
    """Source: site-recovery facts, section 1, LRO on the wire: an error if it failed, an end if it is over."""
    bodies = [pair.response_body for pair in of_class(polled_pairs, PairClass.OPERATION_STATUS)]
    assert {(body["status"], body["error"] is not None, body["endTime"] is not None) for body in bodies} == {
        ("InProgress", False, False),
        ("Succeeded", False, True),
        ("Failed", True, True),
    }


def test_results_are_not_there_before_the_operation_is_over(polled_pairs: list[Pair]) -> None:
    """Source: site-recovery facts, section 1, LRO on the wire: 202, an empty body, and where and when to ask again."""
    early = [pair for pair in of_class(polled_pairs, PairClass.OPERATION_RESULT) if pair.status == 202]
    assert early
    for pair in early:
        assert pair.response_body is None
        assert {"Azure-AsyncOperation", "Location", "x-ms-request-id"} <= pair.response_headers.keys()
        assert int(pair.response_headers["Retry-After"]) >= 1


def test_no_member_is_unknown_to_the_models_of_the_sdk(pairs: list[Pair], record_property: Callable[[str, object], None]) -> None:
    unused = set(SDK)
    unknown: Counter[tuple[str, str]] = Counter()
    seen = 0
    for pair in of_class(pairs, PairClass.DESCRIBED) + of_class(pairs, PairClass.OPERATION_RESULT):
        for model, resource in resources(pair.resource_path, pair.response_body):
            seen += 1
            for path in undeclared(model, resource):
                if (model.__name__, path) in SDK:
                    unused.discard((model.__name__, path))
                else:
                    unknown[model.__name__, path] += 1
    record_property("round-tripped", f"{seen} resources, {len(SDK)} listed differences")
    assert seen > 100
    assert not unknown
    assert not unused


def without_indices(path: str) -> str:
    return re.sub(r"/\d+(?=/|$)", "/[]", path)


def faults_of(schema: type[BaseModel], pairs: list[Pair]) -> list[str]:
    found = []
    for pair in pairs:
        try:
            schema.model_validate(pair.response_body)
        except ValidationError as error:
            found.append(f"{pair.method} {pair.path} {pair.status}: {error}")
    return found


def validate(pairs: list[Pair]) -> list[dict[str, Any]]:
    """Run oav over the pairs, with the locked packages that `make contract-deps` installs outside the tree."""
    modules = Path(os.environ["FAILBACK_NODE_MODULES"])
    node = os.environ.get("FAILBACK_NODE", "node")
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as results:
        done = subprocess.run(
            [node, str(HERE / "validate.js"), str(CONTRACT), results.name],
            input="\n".join(json.dumps(pair.for_oav()) for pair in pairs),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={**os.environ, "NODE_PATH": str(modules)},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in Path(results.name).read_text(encoding="utf-8").split("\n") if line]
