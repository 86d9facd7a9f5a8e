"""The table `cohort_people`: who is in which of the project's cohorts with conditions."""

from collections.abc import Iterator

from hogql import ast
from hogql.compiler.context import Context
from hogql.errors import QueryError
from hogql.parser import parse_select

MAX_COHORTS = 20
COHORT_ID = "cohort_id"
NOBODY = "SELECT id AS person_id, 0 AS cohort_id, team_id FROM persons WHERE false"


def cohort_people(where: ast.Expr | None, context: Context) -> ast.Select:
    """Its rows, of the cohorts that the condition of the SELECT that reads it may be about.

    Raises QueryError when these are too many to be asked for at once.
    """
    ids = list(context.cohort_ids())
    for wanted in wanted_ids(where):
        ids = [id for id in ids if id in wanted]
    if len(ids) > MAX_COHORTS:
        raise QueryError(
            f"cohort_people has {len(ids)} cohorts here: ask for at most {MAX_COHORTS} by their "
            "ids, as in WHERE cohort_id IN (1, 2)"
        )
    if not ids:
        return parse_select(NOBODY)
    first, *rest = map(members, ids)
    return ast.SelectSet(first, [("UNION ALL", query) for query in rest]) if rest else first


def members(id: int) -> ast.SelectQuery:
    return parse_select(
        f"SELECT id AS person_id, {id} AS cohort_id, team_id FROM persons WHERE id IN COHORT {id}"
    )


def wanted_ids(where: ast.Expr | None) -> Iterator[list[int]]:
    """The ids that `cohort_id` is compared with, in conditions that all have to hold."""
    if isinstance(where, ast.And):
        for part in where.exprs:
            yield from wanted_ids(part)
    if not isinstance(where, ast.Compare) or where.op not in ("==", "in"):
        return
    if not isinstance(where.left, ast.Field) or where.left.chain[-1] != COHORT_ID:
        return
    right = where.right
    given = right.exprs if isinstance(right, ast.Tuple | ast.Array) else [right]
    if all(isinstance(item, ast.Constant) and type(item.value) is int for item in given):
        yield [item.value for item in given]
