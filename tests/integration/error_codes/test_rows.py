"""No row of the table of error codes is forgotten."""

from tests.integration.error_codes.cases import CASES, TOLD
from tests.integration.error_codes.rows import ELSEWHERE, ROWS


def test_every_cause_of_every_row_is_tried_or_said_why_not() -> None:
    causes = {(row, cause) for row, found in ROWS.items() for cause in found}
    tried = [(trouble.row, trouble.cause) for trouble in (*CASES, *TOLD)]
    assert len(tried) == len(set(tried))
    assert set(tried) | ELSEWHERE.keys() == causes
    assert set(tried) & ELSEWHERE.keys() == set()
