"""Traffic of a whole demo run against the published API descriptions.

Aspects: every pair is in one class; what is described validates, requests and success answers alike; error bodies have ARM's
form; operation status and tokens have the recorded form; no member is unknown to the SDK's models; the lists of differences
hold no unused entry.
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
from tests.contract.known_differences import OAV, SDK
from tests.contract.own_schemas import ArmError, OperationStatus, Token, TokenError, Vault
from tests.contract.pairs import Pair, PairClass, load
from tests.contract.sdk_models import resources, undeclared

pytestmark = [pytest.mark.contract, pytest.mark.lab, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]

HERE = Path(__file__).parent
CONTRACT = Path(os.environ.get("FAILBACK_CONTRACT", HERE.parents[1].parent / "shared" / "contract"))
# The job's tasks are described, and oav says it does not find them: its own limit; the SDK's models check them below.
OAV_LIMIT = re.compile(r"/tasks/\d+/(groupTaskCustomDetails/childTasks/\d+/)?customDetails/instanceType$")


@pytest.fixture(scope="session")
def pairs(demo_record: Path) -> list[Pair]:
    """Every exchange of the demo run with Azure."""
    return list(load(demo_record))


def of_class(pairs: list[Pair], wanted: PairClass) -> list[Pair]:
    return [pair for pair in pairs if pair.pair_class is wanted]


def test_the_run_made_pairs_of_every_class_that_a_run_makes(
    pairs: list[Pair], record_property: Callable[[str, object], None]
) -> None:
    counts = Counter(pair.pair_class for pair in pairs)
    record_property("pairs", ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
    assert counts[PairClass.DESCRIBED] > 100
    assert counts[PairClass.TOKEN] > 0
    posts = Counter(pair.path.rsplit("/", 1)[-1] for pair in pairs if pair.method == "POST" and pair.status == 202)
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
        assert not os.environ.get("CI"), f"{CONTRACT} must be there in CI"
        pytest.skip(f"the published descriptions are not at {CONTRACT} (FAILBACK_CONTRACT names another place)")
    described = of_class(pairs, PairClass.DESCRIBED)
    unused = set(OAV)
    violations: Counter[str] = Counter()
    for pair, result in zip(described, validate(described), strict=True):
        if result["failure"]:
            violations[f"{pair.method} {pair.path}: {result['failure']}"] += 1
        for problem in result["request"] + result["response"]:
            place = (result["operationId"], problem["code"], without_indices(problem["path"]))
            if problem["code"] == "DISCRIMINATOR_VALUE_NOT_FOUND" and OAV_LIMIT.search(problem["path"]):
                continue
            if place in OAV:
                unused.discard(place)
            else:
                violations[f"{place}: {problem['message']}"] += 1
    record_property("validated", f"{len(described)} pairs, {sum(violations.values())} violations, {len(OAV)} listed differences")
    assert not violations, json.dumps(violations, indent=1)
    assert not unused


def test_error_bodies_have_the_form_of_arm(pairs: list[Pair]) -> None:
    assert not faults_of(ArmError, of_class(pairs, PairClass.ERROR))


def test_operation_status_has_the_recorded_form(pairs: list[Pair]) -> None:
    """Source: site-recovery facts, section 1, LRO on the wire. The operator follows jobs, so a run may read none."""
    assert not faults_of(OperationStatus, of_class(pairs, PairClass.OPERATION_STATUS))


def test_tokens_have_the_form_of_entra(pairs: list[Pair]) -> None:
    tokens = [pair for pair in of_class(pairs, PairClass.TOKEN) if pair.path.endswith("/token")]
    assert tokens
    assert not faults_of(Token, [pair for pair in tokens if pair.status == 200])
    assert not faults_of(TokenError, [pair for pair in tokens if pair.status != 200])


def test_the_vault_has_its_form(pairs: list[Pair]) -> None:
    assert not faults_of(Vault, of_class(pairs, PairClass.VAULT))


def test_no_member_is_unknown_to_the_models_of_the_sdk(pairs: list[Pair], record_property: Callable[[str, object], None]) -> None:
    unused = set(SDK)
    unknown: Counter[tuple[str, str]] = Counter()
    seen = 0
    for pair in of_class(pairs, PairClass.DESCRIBED):
        for model, resource in resources(pair.path, pair.response_body):
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
