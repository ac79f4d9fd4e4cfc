"""Faults that are generated from a source: one place changed at a time, by kind.

Left alone are texts, notes, imports, annotations and the constants at the top of a module: another number of masks or
another width of a blur is another valid explainer, and nothing that a kit could object to.
"""

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
COMPARISONS: dict[type, type] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
REDUCTIONS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum"}
DROPPED = ("abs", "maximum", "sqrt")
"""Functions of NumPy that are left out, so that their first argument remains."""

UNTOUCHED_CALLS = ("note", "_note", "promise_sum", "NotMeasurable", "ExplainerError", "Measured")
"""Calls in which nothing is changed: what is noted, said or raised is not the map."""

RANDOM = ("np.random.default_rng(0)", "np.random.default_rng()")
"""What stands for context.rng: the same numbers for all, and others in every run."""

Change = Callable[[ast.AST], ast.AST | None]
"""A copy of a node, changed; None takes the node out."""


@dataclass(frozen=True)
class Mutant:
    """A changed source.

    kind    the kind of fault
    place   "line, function: what was changed"
    source  the whole text
    """

    kind: str
    place: str
    source: str


def mutants(source: str, left_alone: Sequence[str] = ()) -> Iterator[Mutant]:
    """All faults of a module's source, in the order of its lines, but for those in some functions."""
    tree = ast.parse(source)
    for node, kind, change in list(_sites(tree, left_alone)):
        changed = _applied(tree, node, change)
        if changed is not None:
            yield Mutant(kind, f"{place(tree, node.lineno)}: {_shown(node, change)}", ast.unparse(changed))


def place(tree: ast.Module, line: int) -> str:
    """A line, and the outermost function or the method that it is in."""
    parts = [part for item in tree.body for part in (item.body if isinstance(item, ast.ClassDef) else [item])]
    functions = [each for each in parts if isinstance(each, ast.FunctionDef)]
    names = [each.name for each in functions if each.lineno <= line <= (each.end_lineno or 0)]
    return f"line {line}, {names[0]}" if names else f"line {line}"


def _applied(tree: ast.Module, node: ast.AST, change: Change) -> ast.Module | None:
    """A copy of the tree with one node changed."""
    number = next(at for at, each in enumerate(ast.walk(tree)) if each is node)
    whole = copy.deepcopy(tree)
    target = list(ast.walk(whole))[number]

    class Replace(ast.NodeTransformer):
        def visit(self, each: ast.AST) -> ast.AST | None:
            return change(each) if each is target else self.generic_visit(each)

    return ast.fix_missing_locations(Replace().visit(whole))


def _shown(node: ast.AST, change: Change) -> str:
    before = ast.unparse(node).splitlines()[0]
    after = change(copy.deepcopy(node))
    words = "left out" if after is None else ast.unparse(ast.fix_missing_locations(after)).splitlines()[-1].strip()
    return f"{before[:60]} → {words[:60]}"


def _sites(tree: ast.Module, left_alone: Sequence[str]) -> Iterator[tuple[ast.AST, str, Change]]:
    """(node, kind, change) of every fault."""
    for item in tree.body:
        if isinstance(item, ast.FunctionDef) and not item.name.startswith(("cxr_lens", *left_alone)):
            yield from _in_function(item)
        elif isinstance(item, ast.ClassDef):
            for part in item.body:
                if isinstance(part, ast.Assign):
                    yield from _in_attributes(part)
                elif isinstance(part, ast.FunctionDef) and part.name not in (*UNTOUCHED_CALLS, *left_alone):
                    yield from _in_function(part)


def _in_attributes(assign: ast.Assign) -> Iterator[tuple[ast.AST, str, Change]]:
    """`signed` and `stochastic` of a class, turned over."""
    targets = assign.targets[0]
    names = targets.elts if isinstance(targets, ast.Tuple) else [targets]
    values = assign.value.elts if isinstance(assign.value, ast.Tuple) else [assign.value]
    for name, value in zip(names, values, strict=False):
        if isinstance(name, ast.Name) and name.id in ("signed", "stochastic") and isinstance(value, ast.Constant):
            yield value, "attribute", lambda each: ast.Constant(not each.value)


def _in_function(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, Change]]:
    for option in function.args.kwonlyargs:
        default = function.args.kw_defaults[function.args.kwonlyargs.index(option)]
        if default is not None and function.name.startswith("explain"):
            yield function, "option ignored", _with_first_line(f"{option.arg} = {ast.unparse(default)}")
    for statement in function.body:
        yield from _in_statement(statement)
    returned = [each for each in ast.walk(function) if isinstance(each, ast.Return) and each.value is not None]
    if function.name in ("explain", "explain_findings"):
        for each in returned:
            yield from _in_result(each)


def _in_result(returned: ast.Return) -> Iterator[tuple[ast.AST, str, Change]]:
    """The map itself, turned over or moved."""
    for kind, text in (("sign", "-np.asarray({})"), ("frame", "np.asarray({})[..., ::-1, :]"),
                       ("frame", "np.roll({}, 1, axis=-1)"), ("frame", "np.swapaxes({}, -1, -2)")):  # fmt: skip
        yield returned, kind, _rewritten(text)


def _rewritten(text: str) -> Change:
    return lambda each: ast.Return(ast.parse(text.format(f"({ast.unparse(each.value)})"), mode="eval").body)


def _with_first_line(line: str) -> Change:
    def change(function: ast.AST) -> ast.AST:
        assert isinstance(function, ast.FunctionDef)
        function.body.insert(1, ast.parse(line).body[0])
        return function

    return change


def _in_statement(statement: ast.stmt) -> Iterator[tuple[ast.AST, str, Change]]:
    for node in _walked(statement):
        yield from _in_expression(node)
        if isinstance(node, ast.Expr) and "progress" in ast.unparse(node.value).split("(")[0]:
            yield node, "left out", lambda each: ast.Pass()


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is below it, but for texts, annotations and what is only noted or said."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and _name(node) in UNTOUCHED_CALLS):
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.random.default_rng", "round", "subject.progress"):
        return  # another seed, another digit
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "args") and isinstance(node, ast.FunctionDef | ast.AnnAssign):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walked(child)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _in_expression(node: ast.AST) -> Iterator[tuple[ast.AST, str, Change]]:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield node, "operator", _with(op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield node, "comparison", _with(ops=[COMPARISONS[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield node, "sign", lambda each: each.operand
    if isinstance(node, ast.keyword) and node.arg == "axis":
        yield node, "axis", _other_axis
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        kind = "off by one" if isinstance(node.value, int) else "constant"
        yield node, kind, lambda each: ast.Constant(each.value + 1 if type(each.value) is int else 2 * each.value)
    if isinstance(node, ast.Attribute) and ast.unparse(node) in ("context.rng", "subject.rng"):
        for text in RANDOM:
            yield node, "randomness", lambda each, text=text: ast.parse(text, mode="eval").body
    if isinstance(node, ast.Call):
        yield from _in_call(node)


def _in_call(node: ast.Call) -> Iterator[tuple[ast.AST, str, Change]]:
    name, text = _name(node), ast.unparse(node)
    if name in REDUCTIONS and isinstance(node.func, ast.Attribute):
        yield node.func, "reduction", _with(attr=REDUCTIONS[name])
    if text.startswith("np.") and name in DROPPED:
        yield node, "left out", lambda each: each.args[0]
    if text.endswith(
        ("labels.index(finding)", "labels.index(own.finding)", "labels.index(subject.explanation.finding)")
    ):
        yield node, "finding", lambda each: ast.Constant(0)
    for argument in node.args if name.startswith(("input_gradient", "layer_gradient", "activations")) else ():
        if isinstance(argument, ast.Name) and argument.id == "finding":
            yield argument, "finding", lambda each: ast.parse("context.labels[0]", mode="eval").body
        if isinstance(argument, ast.Name) and argument.id == "layer":
            yield argument, "layer", lambda each: ast.parse("list(context.layers)[0]", mode="eval").body


def _with(**fields: object) -> Change:
    def change(node: ast.AST) -> ast.AST:
        for name, value in fields.items():
            setattr(node, name, value)
        return node

    return change


def _other_axis(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.keyword)
    axis = ast.literal_eval(node.value)
    other = axis[0] if isinstance(axis, tuple) else 0 if axis else -1
    return ast.keyword("axis", ast.Constant(other))
