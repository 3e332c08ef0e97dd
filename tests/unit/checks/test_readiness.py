"""The table of clauses: each clause with all its checks, and where each check is proved."""

from tests.readiness import CHECKS, LATER, cases, named_in, rendered, unit_tests

from failback_operator.checks.clauses import CLAUSES


def test_every_clause_stands_in_the_table_with_all_its_checks():
    table = rendered()
    places = [table.index(f"\n| {clause} | {text} | ") for clause, text in CLAUSES.items()]
    assert places == sorted(places)
    for clause, begin in zip(CLAUSES, places, strict=True):
        row = table[begin : table.find("\n| R", begin + 1)]
        for check in CHECKS.values():
            assert (f"| [{check.id}](checks/{check.id}.md) | " in row) == (clause in check.clauses)
        assert ("comes later" in row) == (clause in LATER)


def test_a_check_is_named_by_a_text_that_is_its_id_and_by_nothing_else(tmp_path):
    path = tmp_path / "some_cases.py"
    path.write_text("# DiskLimit\nCASES = [('NoSnapshots', 'of ToolsRunning'), LsiLogicOnly]\n")
    assert named_in([path]) == {"NoSnapshots": ["some_cases"]}


def test_every_check_is_named_by_a_module_of_unit_tests():
    assert CHECKS.keys() - unit_tests().keys() == set()


def test_every_check_has_a_case_through_the_real_sdks():
    assert CHECKS.keys() - cases().keys() == set()


def test_every_clause_has_a_check_but_those_that_come_later():
    answered = {clause for check in CHECKS.values() for clause in check.clauses}
    assert CLAUSES.keys() - answered == LATER
