"""The pages of the checks: each check has one, in all its sections; what is generated is as the catalogue says."""

import runpy
import sys
import warnings

import pytest

from failback_operator.checks.clauses import CLAUSES
from failback_operator.checks.docs import BEGIN, END, INDEX, SECTIONS, empty_sections, head, index, main, page, problems, write
from failback_operator.checks.registry import KINDS

ALL = [(kind, check) for kind, catalogue in KINDS.items() for check in catalogue]
KIND, CHECK = "MasterTarget", KINDS["MasterTarget"].get("NoSnapshots")
BODY = "".join(f"\n## {section}\n\nText of {section}.\n" for section in SECTIONS)


@pytest.fixture
def pages(request):
    return request.config.rootpath / "docs" / "checks"


@pytest.fixture
def whole(tmp_path):
    """A directory in which every page is complete."""
    for kind, check in ALL:
        (tmp_path / f"{check.id}.md").write_text(page(kind, check, BODY))
    write(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("kind", "check"), ALL, ids=[check.id for _, check in ALL])
def test_each_check_has_its_page_with_every_section(kind, check, pages, request):
    path = request.config.rootpath / check.docs
    assert path.parent == pages
    assert path.exists(), "python -m failback_operator.checks.docs begins it"
    assert empty_sections(path.read_text(encoding="utf-8")) == []


def test_what_is_generated_is_up_to_date_and_there_is_no_page_of_a_check_that_is_gone(pages):
    assert list(problems(pages)) == []


def test_the_head_says_what_the_catalogue_says():
    made = head(KIND, CHECK)
    for text in (
        "# NoSnapshots\n",
        f"| clause | R8: {CLAUSES['R8']} |",
        "| severity | Blocker |",
        "| condition | DisksClean of MasterTarget |",
        "| guards | Rehearsal, Reprotect, Failback |",
        "| waivable | no |",
        "| mended by the operator | RemoveSnapshots |",
        f"**Expected:** {CHECK.expected}.",
        f"**Remedy:** {CHECK.remedy}",
    ):
        assert text in made


def test_the_head_names_all_clauses_and_how_it_may_be_waived():
    made = head("FailbackMachine", KINDS["FailbackMachine"].get("OnPremisesVMFound"))
    assert f"| clause | R3: {CLAUSES['R3']} |\n| clause | R22: {CLAUSES['R22']} |" in made
    assert "| waivable | for a machine by name |" in made
    assert "| mended by the operator | no |" in made
    assert "| waivable | yes |" in head(KIND, KINDS[KIND].get("DiskEnableUuid"))


def test_the_index_links_every_page():
    made = index()
    for kind, check in ALL:
        assert f"## {kind}\n" in made
        assert f"| [{check.id}]({check.id}.md) |" in made


def test_a_new_page_has_the_head_and_asks_for_the_rest():
    made = page(KIND, CHECK, None)
    assert made.startswith(head(KIND, CHECK))
    assert empty_sections(made) == list(SECTIONS)


@pytest.mark.parametrize(
    "written", [f"# NoSnapshots\n{BODY}", BODY, f"{BEGIN}old\n{END}{BODY}"], ids=["title", "bare", "old head"]
)
def test_the_head_is_put_before_what_is_written_and_replaces_an_old_one(written):
    made = page(KIND, CHECK, written)
    assert made == head(KIND, CHECK) + BODY
    assert page(KIND, CHECK, made) == made


def test_a_summary_may_stand_before_the_sections():
    made = page(KIND, CHECK, f"# NoSnapshots\n\nIn one line.\n{BODY}")
    assert made == f"{head(KIND, CHECK)}\nIn one line.\n{BODY}"


def test_a_heading_without_text_is_an_empty_section():
    made = page(KIND, CHECK, BODY.replace("\nText of Cause.\n", "").replace("\n## Source\n", "\n## Sources\n"))
    assert empty_sections(made) == ["Cause", "Source"]


def test_a_complete_directory_has_no_problem_and_is_not_written_anew(whole, capsys):
    assert main(["--check", str(whole)]) == 0
    before = {path.name: path.read_text() for path in whole.iterdir()}
    assert main([str(whole)]) == 0
    assert {path.name: path.read_text() for path in whole.iterdir()} == before
    assert capsys.readouterr().err == ""


def test_every_problem_is_named_with_its_file(whole, capsys):
    (whole / INDEX).write_text("old")
    (whole / "NoSuchCheck.md").write_text(BODY)
    (whole / "NoSnapshots.md").unlink()
    (whole / "DiskLimit.md").write_text(page(KIND, KINDS[KIND].get("DiskLimit"), BODY.replace("Text of Symptom.", "")))
    assert main(["--check", str(whole)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{whole}/DiskLimit.md: nothing is said under Symptom",
        f"{whole}/NoSnapshots.md: out of date: make docs",
        f"{whole}/NoSuchCheck.md: there is no such check",
        f"{whole}/README.md: out of date: make docs",
    ]


def test_writing_begins_a_missing_page_and_says_that_it_is_to_be_written(whole, capsys):
    (whole / "NoSnapshots.md").unlink()
    assert main([str(whole)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told == [f"{whole}/NoSnapshots.md: nothing is said under {section}" for section in SECTIONS]
    assert (whole / "NoSnapshots.md").read_text() == page(KIND, CHECK, None)


def test_the_module_is_the_command(whole, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["docs", "--check", str(whole)])
    warnings.simplefilter("ignore", RuntimeWarning)  # the module is imported already; pytest restores the filters
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("failback_operator.checks.docs", run_name="__main__")
    assert ended.value.code == 0
