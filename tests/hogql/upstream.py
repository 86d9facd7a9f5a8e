"""PostHog's own parser, whose trees ours must equal."""

import json
import math
import sys
import types

from hogql import ast

NUMBERS = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}
OPERATORS = {"==": "==", "!=": "!="}


def load():
    """Import hogql_parser, which wants three modules of PostHog's server.

    The SDK is called `posthog` too: whatever is there stays.
    """
    added = []
    for name in ("posthog", "posthog.hogql", "posthog.hogql.errors"):
        if name not in sys.modules:
            sys.modules[name] = types.ModuleType(name)
            added.append(name)
    try:
        import hogql_parser
    finally:
        for name in added:
            del sys.modules[name]
    return hogql_parser


parser = load()


def parse(rule: str, text: str) -> ast.Node | None:
    """The tree of PostHog's parser as one of ours; None when it refuses the text."""
    found = json.loads(getattr(parser, f"parse_{rule}_json")(text, is_internal=True))
    return None if found.get("error") else tree(found)


def tree(value):
    if isinstance(value, list):
        return [tree(item) for item in value]
    if not isinstance(value, dict):
        return value
    return globals()[f"tree_of_{value['node']}"](value)


def tree_of_Constant(node):
    value = node["value"]
    if node.get("value_type") == "number":
        value = NUMBERS[value] if value in NUMBERS else int(value)
    return ast.Constant(value)


def tree_of_Field(node):
    return ast.Field(node["chain"])


def tree_of_Placeholder(node):
    return ast.Placeholder(tree(node["expr"]))


def tree_of_Alias(node):
    return ast.Alias(tree(node["expr"]), node["alias"])


def tree_of_Call(node):
    args = tree(node["args"])
    if node["name"] == "_caseWithExpression":
        operand, *branches, otherwise = args
        branches[::2] = [ast.Compare("==", operand, value) for value in branches[::2]]
        return ast.Call("if" if len(branches) == 2 else "multiIf", [*branches, otherwise])
    if node["name"] == "concat" and "distinct" not in node:
        return ast.Call("concat", [part for arg in args for part in concatenated(arg)])
    if node["name"].lower() == "not" and len(args) == 1:
        return ast.Not(args[0])
    return ast.Call(
        node["name"],
        args,
        tree(node.get("params")),
        node.get("distinct", False),
        tree(node.get("filter_expr")),
    )


def concatenated(arg):
    return arg.args if isinstance(arg, ast.Call) and arg.name == "concat" else [arg]


def tree_of_Lambda(node):
    return ast.Lambda(node["args"], tree(node["expr"]))


def tree_of_And(node):
    return ast.And(tree(node["exprs"]))


def tree_of_Or(node):
    return ast.Or(tree(node["exprs"]))


def tree_of_Not(node):
    return ast.Not(tree(node["expr"]))


def tree_of_CompareOperation(node):
    left = tree(node["left"])
    if node.get("is_null_comparison_style"):
        return ast.Call("isNull" if node["op"] == "==" else "isNotNull", [left])
    return ast.Compare(node["op"], left, tree(node["right"]))


def tree_of_IsDistinctFrom(node):
    operator = "<=>" if node["negated"] else "!<=>"
    return ast.Compare(operator, tree(node["left"]), tree(node["right"]))


def tree_of_BetweenExpr(node):
    return ast.Between(tree(node["expr"]), tree(node["low"]), tree(node["high"]), node["negated"])


def tree_of_ArithmeticOperation(node):
    return ast.Arithmetic(node["op"], tree(node["left"]), tree(node["right"]))


def tree_of_Tuple(node):
    return ast.Tuple(tree(node["exprs"]))


def tree_of_Array(node):
    return ast.Array(tree(node["exprs"]))


def tree_of_ArrayAccess(node):
    return ast.ArrayAccess(
        tree(node["array"]), tree(node["property"]), nullish=node.get("nullish", False)
    )


def tree_of_TupleAccess(node):
    return ast.TupleAccess(tree(node["tuple"]), node["index"])


def tree_of_TypeCast(node):
    return ast.TypeCast(tree(node["expr"]), node["type_name"])


def tree_of_TryCast(node):
    return ast.TypeCast(tree(node["expr"]), node["type_name"], lenient=True)


def tree_of_ColumnsExpr(node):
    return ast.Columns(exclude=node.get("exclude") or [], regex=node.get("regex"))


def tree_of_OrderExpr(node):
    # It forgets NULLS FIRST and NULLS LAST; the samples have none.
    return ast.OrderBy(
        tree(node["expr"]), node["order"] == "DESC", fill=tree(node.get("with_fill"))
    )


def tree_of_WithFillExpr(node):
    return ast.Fill(*(tree(node.get(part)) for part in ("from_value", "to_value", "step_value")))


def tree_of_WindowFunction(node):
    first, second = tree(node["exprs"]), tree(node["args"])
    call = ast.Call(node["name"], second, first) if second else ast.Call(node["name"], first)
    return ast.WindowCall(call, node.get("over_identifier") or tree(node["over_expr"]))


def tree_of_WindowExpr(node):
    return ast.Window(
        tree(node["partition_by"]) or [],
        tree(node["order_by"]) or [],
        node.get("frame_method"),
        tree(node.get("frame_start")),
        tree(node.get("frame_end")),
    )


def tree_of_WindowFrameExpr(node):
    return ast.FrameBound(node["frame_type"], tree(node.get("frame_value")))


def tree_of_CTE(node):
    is_column = node["cte_type"] == "column"
    return ast.CTE(node["name"], tree(node["expr"]), is_column, node.get("columns"))


def tree_of_LimitByExpr(node):
    return ast.LimitBy(tree(node["n"]), tree(node["exprs"]), tree(node["offset_value"]))


def tree_of_GroupingSet(node):
    return ast.Tuple(tree(node["exprs"]))


def tree_of_SelectQuery(node):
    kind = node.get("group_by_mode")
    return ast.SelectQuery(
        tree(node["select"]),
        bool(node["distinct"]),
        tree(node["ctes"]) or [],
        joins(node["select_from"]),
        tree(node.get("array_join_list")) or [],
        node.get("array_join_op"),
        tree(node["prewhere"]),
        tree(node["where"]),
        tree(node["group_by"]) or [],
        kind and kind.upper().replace("_", " "),
        tree(node["having"]),
        tree(node["qualify"]),
        {name: tree(window) for name, window in (node.get("window_exprs") or {}).items()},
        tree(node.get("order_by")) or [],
        tree(node.get("limit_by")),
        tree(node.get("limit")),
        tree(node.get("offset")),
        node.get("limit_with_ties", False),
    )


def joins(node) -> list[ast.Join]:
    found = []
    while node:
        kind, constraint = node.get("join_type"), node.get("constraint") or {}
        expr = tree(constraint.get("expr"))
        using = constraint.get("constraint_type") == "USING"
        found.append(
            ast.Join(
                tree(node["table"]),
                node["alias"],
                tree(node.get("table_args")),
                node.get("column_aliases"),
                kind and kind_of_join(kind),
                None if using else expr,
                [expr] if using else None,
            )
        )
        node = node["next_join"]
    return found


def kind_of_join(kind: str) -> str:
    words = kind.replace("OUTER ", "").split()
    sides = [word for word in words if word in ("INNER", "LEFT", "RIGHT", "FULL", "CROSS")]
    others = [word for word in words[:-1] if word not in sides]
    return " ".join([*(sides or ["INNER"]), *others, "JOIN"])


def tree_of_SelectSetQuery(node):
    return ast.SelectSet(
        tree(node["initial_select_query"]),
        [
            (rest["set_operator"], tree(rest["select_query"]))
            for rest in node["subsequent_select_queries"]
        ],
    )
