"""The mutants of a module: those of cosmic-ray's operators that change what the code does, and not only what it tells."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

CHOSEN = re.compile(
    r"""core/(
        ReplaceComparisonOperator_(Eq_NotEq|Eq_LtE|Eq_GtE|NotEq_Eq|NotEq_Lt|NotEq_Gt|Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE
            |GtE_Gt|GtE_Lt|Is_IsNot|IsNot_Is|In_NotIn|NotIn_In)
      | ReplaceBinaryOperator_(Add_Sub|Sub_Add|Sub_BitOr|Mul_FloorDiv|FloorDiv_Mul|Div_Mul|Mod_FloorDiv|BitOr_BitAnd|BitAnd_BitOr)
      | ReplaceUnaryOperator_(Delete_Not|Delete_USub) | AddNot | ReplaceTrueWithFalse | ReplaceFalseWithTrue
      | ReplaceAndWithOr | ReplaceOrWithAnd | NumberReplacer | ReplaceBreakWithContinue | ReplaceContinueWithBreak
      | ZeroIterationForLoop
    )$""",
    re.VERBOSE,
)
"""Each operator by its negation and its neighbours. Left out: swaps that raise a TypeError wherever they stand (`is` by `<`),
which any test kills, and of identity and equality, which are the same for enums and None; decorators, which all register."""

TOLD = frozenset({"id", "clause", "condition", "expected", "remedy", "source"})
"""Members of About that are text."""

Position = tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """One change of a module. `line` begins at 1."""

    operator: str
    occurrence: int
    line: int
    column: int

    @property
    def key(self) -> str:
        return f"{self.operator.removeprefix('core/')}#{self.occurrence}"

    def code(self, source: str) -> str | None:
        """The module with the change made; None where it cannot be made."""
        return mutate_code(source, cosmic_ray.plugins.get_operator(self.operator)(), self.occurrence)


def mutants(source: str) -> list[Mutant]:
    """All mutants of a module."""
    tree, silent = get_ast(source), _Silent(ast.parse(source))
    found = []
    for name in sorted(cosmic_ray.plugins.operator_names()):
        if CHOSEN.match(name):
            operator = cosmic_ray.plugins.get_operator(name)()
            places = (place for node in ast_nodes(tree) for place in operator.mutation_positions(node))
            for occurrence, (start, _) in enumerate(places):
                if not silent.holds(start):
                    found.append(Mutant(name, occurrence, *start))
    return found


class _Silent:
    """Parts of a module that say something to people or to type checkers, and do nothing."""

    def __init__(self, tree: ast.Module) -> None:
        self._spans = [(_start(node), _end(node)) for node in _silent(tree)]

    def holds(self, position: Position) -> bool:
        return any(start <= position < end for start, end in self._spans)


def _silent(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                yield from (each.annotation for each in arguments if each.annotation is not None)
                if node.returns is not None:
                    yield node.returns
            case ast.AnnAssign():
                yield node.annotation
            case ast.Call(func=ast.Name(id="About")):
                yield from (each.value for each in node.keywords if each.arg in TOLD)
            case ast.Call(func=ast.Name(id="dataclass")):
                yield node


def _start(node: ast.expr) -> Position:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> Position:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
