"""The mutants of a module, and how one takes the place of the code that runs."""

import ast
import functools
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
LOOKUPS = {"lt": "lte", "lte": "lt", "gt": "gte", "gte": "gt"}
LARGEST = {"min": "max", "max": "min", "any": "all", "all": "any"}

TELL = "__tell__"  # what a watched module calls

Undo = list[Callable[[], None]]
Edit = tuple[ast.AST, str, Any]  # in this node, this field becomes that


@dataclass(frozen=True)
class Mutant:
    path: Path
    line: int  # of the statement that is changed
    change: str
    code: CodeType  # the whole module with the change
    constant: str  # what is assigned outside of a function, if that is changed

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.change}"

    @contextmanager
    def in_place(self) -> Iterator[bool]:
        """While it runs instead of the code of the module; False if that cannot be done."""
        undo: Undo = []
        if self.constant:
            self._assign(undo)
        else:
            replace_functions(self.path, self.code, undo)
        try:
            yield bool(undo)
        finally:
            for step in undo:
                step()

    def _assign(self, undo: Undo) -> None:
        """In every module that has imported it."""
        module = next(m for m in modules() if m.__file__ == str(self.path))
        names = dict(vars(module))
        exec(self.code, names)
        old = vars(module)[self.constant]
        for holder in modules():
            if vars(holder).get(self.constant) is old:
                setattr(holder, self.constant, names[self.constant])
                undo.append(partial(setattr, holder, self.constant, old))


def module_at(path: Path) -> str | None:
    return next((m.__name__ for m in modules() if m.__file__ == str(path)), None)


def modules() -> list[ModuleType]:
    return [m for m in list(sys.modules.values()) if getattr(m, "__file__", None)]


_functions: dict[Path, list[FunctionType]] = {}


def functions_of(path: Path) -> list[FunctionType]:
    """The functions of a module, with whatever they are wrapped in."""
    if path not in _functions:
        found = (o for o in gc.get_objects() if isinstance(o, FunctionType))
        _functions[path] = [f for f in found if f.__code__.co_filename == str(path)]
    return _functions[path]


def caches_of(path: Path) -> list[Any]:
    """What a function answered is kept while the tests run, but not from mutant to mutant."""
    kept = (o for o in gc.get_objects() if isinstance(o, functools._lru_cache_wrapper))
    return [o for o in kept if getattr(o.__wrapped__, "__module__", None) == module_at(path)]


def replace_functions(path: Path, new: CodeType, undo: Undo) -> None:
    """In the functions that exist: who has imported or wrapped one keeps it."""
    codes = dict(functions_in(new))
    for function in functions_of(path):
        old = function.__code__
        code = codes.get((old.co_qualname, old.co_firstlineno))
        if code is None or code == old or code.co_freevars != old.co_freevars:
            continue
        function.__code__ = code
        undo.append(partial(setattr, function, "__code__", old))


@contextmanager
def watched(path: Path, hits: set[tuple[Path, int]]) -> Iterator[None]:
    """While it runs, the functions of a module tell in `hits` by which statements they come."""
    undo: Undo = []
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, field, None), list):
                told = [[tell(statement), statement] for statement in block]
                setattr(node, field, [statement for pair in told for statement in pair])
    for module in modules():
        if module.__file__ == str(path):
            vars(module)[TELL] = lambda line: hits.add((path, line))
    replace_functions(path, compile(tree, str(path), "exec"), undo)
    yield  # what is not imported has no functions yet
    for step in undo:
        step()


def tell(statement: ast.stmt) -> ast.stmt:
    call = ast.parse(f"{TELL}({statement.lineno})").body[0]
    return ast.fix_missing_locations(ast.copy_location(call, statement))


def functions_in(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield (part.co_qualname, part.co_firstlineno), part
            yield from functions_in(part)


def mutants_of(path: Path, *, boundaries: bool) -> Iterator[Mutant]:
    tree = ast.parse(path.read_text())
    for top in tree.body:
        constant = name_of(top)
        for statement, node in nodes(top, top):
            for where, field, value in edits(node, boundaries=boundaries):
                before, old = ast.unparse(node), getattr(where, field)
                setattr(where, field, value)
                whole = ast.Module([top], []) if constant else tree
                code = compile(ast.fix_missing_locations(whole), str(path), "exec")
                change = f"`{brief(before)}` → `{brief(ast.unparse(node))}`"
                setattr(where, field, old)
                yield Mutant(path, statement.lineno, change, code, constant)


def name_of(top: ast.stmt) -> str:
    """What a statement outside of functions assigns, if it does."""
    match top:
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return name
    return ""


def nodes(node: ast.AST, statement: ast.stmt) -> Iterator[tuple[ast.stmt, ast.AST]]:
    """Each node with the statement that it is in, without annotations and decorators."""
    if isinstance(node, ast.stmt):
        statement = node
    yield statement, node
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from nodes(child, statement)


def edits(node: ast.AST, *, boundaries: bool) -> Iterator[Edit]:
    if isinstance(node, ast.Compare):
        for tables in [BOUNDARY] if boundaries else [BOUNDARY, OPPOSITE]:
            for place, op in enumerate(node.ops):
                if other := tables.get(type(op)):
                    yield node, "ops", [*node.ops[:place], other(), *node.ops[place + 1 :]]
    elif isinstance(node, ast.keyword) and node.arg:
        stem, _, lookup = node.arg.rpartition("__")
        if lookup in LOOKUPS:
            yield node, "arg", f"{stem}__{LOOKUPS[lookup]}"
    if not boundaries:
        yield from _other_edits(node)


def _other_edits(node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.BoolOp(op=op):
            yield node, "op", ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.UnaryOp(op=ast.Not()):
            yield node, "operand", ast.UnaryOp(ast.Not(), node.operand)
        case ast.BinOp(op=op) if type(op) in ARITHMETIC and not has_text(node):
            yield node, "op", ARITHMETIC[type(op)]()
        case ast.Constant(value=bool() as value):
            yield node, "value", not value
        case ast.Constant(value=int() as value):
            yield node, "value", value + 1
        case ast.Call(func=ast.Name(id=name)) if name in LARGEST:
            yield node, "func", ast.Name(LARGEST[name], ast.Load())
        case ast.Expr(value=ast.Call()):
            yield node, "value", ast.Constant(None)
        case ast.If() | ast.IfExp() | ast.While() if is_plain(node.test):
            yield node, "test", ast.UnaryOp(ast.Not(), node.test)
        case ast.comprehension():
            for place, test in enumerate(node.ifs):
                if is_plain(test):
                    opposite = ast.UnaryOp(ast.Not(), test)
                    yield node, "ifs", [*node.ifs[:place], opposite, *node.ifs[place + 1 :]]
        case ast.match_case():
            yield node, "guard", ast.Constant(False)


def is_plain(test: ast.expr) -> bool:
    """A condition that no other edit turns round."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp)


def has_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(s, ast.JoinedStr | ast.Constant) and not is_number(s) for s in sides)


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:87]}…"
