import sys
import time
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hogql import ast
from hogql.errors import HogQLSyntaxError, QueryError
from hogql.parser import parse_expr, parse_order, parse_select, read
from hogql.printing import hogql
from tests.hogql.samples import EXPRESSIONS, PAIRS, SELECTS
from tests.hogql.trees import recorded, tree_of

TREES = recorded()


@pytest.mark.parametrize("text", [*EXPRESSIONS, *SELECTS])
def test_query_reads_as_with_posthogs_parser(text):
    assert tree_of(text) == TREES[text]


def test_operators_bind_as_with_posthogs_parser():
    assert {text: tree_of(text) for text in PAIRS} == {text: TREES[text] for text in PAIRS}


@pytest.mark.parametrize("text", SELECTS)
def test_select_as_it_is_printed_is_the_same_query(text):
    printed = hogql(parse_select(text))
    assert hogql(parse_select(printed)) == printed


OPERANDS = st.sampled_from(["a", "b.c", "1", "'x'", "null", "f(a)", "[1]", "(a, b)", "a[1]", "{p}"])
BINARY = ["+", "-", "*", "/", "%", "||", "=", "!=", "<", ">=", "like", "not in", "=~", "and", "or"]


def longer(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from([*BINARY, "??"]), inner).map(" ".join),
        st.tuples(inner, inner, inner).map("{0[0]} ? {0[1]} : {0[2]}".format),
        st.tuples(inner, inner, inner).map("({0[0]} between ({0[1]}) and ({0[2]}))".format),
        st.tuples(inner, inner).map("f({0[0]}, x -> {0[1]})".format),
        inner.map("({})".format),
        inner.map("- ({})".format),
        inner.map("a + {} is not null".format),
        inner.map("case when {0} then {0} end".format),
        inner.map("not {}".format).filter(lambda text: not text.startswith("not (")),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(OPERANDS, longer, max_leaves=6))
@example("f(a between a and a, x -> a)")
@example("f((x) -> a, (y) -> b)")
def test_expression_as_it_is_printed_is_the_same(text):
    printed = hogql(parse_expr(text))
    assert hogql(parse_expr(printed)) == printed


@pytest.mark.parametrize(
    ("text", "start", "end", "message"),
    [
        ("select 1 +", 10, 10, "mismatched input '<EOF>' expecting an expression"),
        ("selec 1", 0, 5, "mismatched input 'selec' expecting 'SELECT'"),
        ("select 1 from events where", 26, 26, "mismatched input '<EOF>' expecting an expression"),
        ("select 'abc", 7, 8, 'no viable alternative at input "\'abc": not closed'),
        ("select 1; select 2", 10, 16, "mismatched input 'select' expecting <EOF>"),
        ("select @", 7, 8, "Unexpected character '@' (U+0040)"),
        ("select a from b join c", 22, 22, "mismatched input '<EOF>' expecting 'ON' or 'USING'"),
        ("select interval 1 fortnight", 18, 27, "mismatched input 'fortnight' expecting one of"),
        ("select 1 /* x", 9, 10, "The comment is not closed"),
        ("select f'a {b", 13, 13, "mismatched input '<EOF>' expecting '}'"),
        ("select f'a", 8, 10, "The text f'…' is not closed"),
        ("select f'{a}", 11, 12, "The text f'…' is not closed"),
        ("select a from b where order by c", 22, 27, "mismatched input 'order' expecting an expr"),
        ("select a from b where c = and d", 26, 29, "mismatched input 'and' expecting an expr"),
    ],
)
def test_mistake_is_named_with_its_place(text, start, end, message):
    with pytest.raises(HogQLSyntaxError) as caught:
        parse_select(text)
    assert str(caught.value).startswith(message)
    assert (caught.value.start, caught.value.end) == (start, end)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "insert into events values (1)",
        "drop table events",
        "alter table events delete where 1",
        "select 1 format JSON",
        "select 1 into outfile 'x'",
        "select 1 settings max_threads = 1",
        "explain select 1",
        "describe events",
        "show tables",
        "system shutdown",
        "with recursive x as (select 1) select * from x",
        "select a from b group by a with totals",
        "select top 5 a from b",
        "select * from a natural join b",
        "select * from a positional join b on 1",
        "select a from b pivot (sum(a) for b in (1))",
        "select a from b order by a interpolate (a as 1)",
        "select 1 limit 10%",
        "select a.b()",
        "select {}",
        "select {'a': 1}",
        "",
        ";",
        "(" * 10,
    ],
)
def test_all_but_selects_is_refused(text):
    with pytest.raises(HogQLSyntaxError):
        parse_select(text)


def test_nodes_know_their_place():
    query = parse_select("select  count( ) from events -- x\n where a.b = 1")
    call, where = query.select[0], query.where
    assert (call.start, call.end) == (8, 16)
    assert (query.joins[0].start, query.joins[0].end) == (22, 28)
    assert (where.left.start, where.left.end) == (41, 44)


def test_order_knows_where_nulls_go():
    assert parse_order("a desc nulls first") == ast.OrderBy(ast.Field(["a"]), True, "FIRST")


def test_unknown_escapes_stay_for_regular_expressions():
    assert parse_expr(r"'\d+\.\\ \''") == ast.Constant(r"\d+\.\ '")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "[" * 5_000,
        "f(" * 5_000,
        "not " * 5_000 + "1",
        "- " * 5_000 + "x",
        "1" + "+1" * 20_000,
        "1" + " = 1" * 20_000,
        "a" + "[1]" * 20_000,
        "a" + "::int" * 10_000,
        "a" + " as b" * 10_000,
        "x -> " * 10_000 + "1",
        "1 ? " * 10_000 + "1" + " : 1" * 10_000,
        "case when 1 then " * 5_000,
        "cast(" * 5_000,
        "x::" + "array(" * 5_000,
        "1 between 1 and " * 5_000 + "1",
        "{" * 5_000,
        "interval " * 5_000 + "1 day",
        "(select " * 5_000,
        "1 in (" * 5_000,
        "exists(select " * 5_000,
        "sum(x) over (order by " * 2_000,
    ],
)
def test_deep_nesting_is_refused_at_once(text):
    started = time.monotonic()
    with pytest.raises(QueryError):
        read("expression_statement", text)
    assert time.monotonic() - started < 120


def test_deepest_tree_fits_the_stack_of_a_request():
    def parse_below(frames):
        if frames:
            return parse_below(frames - 1)
        return parse_expr("f(" * 55 + "1" + ")" * 55)

    assert sys.getrecursionlimit() == 1000
    assert isinstance(parse_below(250), ast.Call)


def test_long_lists_take_time_in_proportion():
    started = time.monotonic()
    query = read("select_statement", f"select 1 where a in ({', '.join(['1234'] * 15_000)})")
    assert len(query.where.right.exprs) == 15_000
    query = read("select_statement", f"select f({', '.join(['a'] * 30_000)})")
    assert len(query.select[0].args) == 30_000
    with pytest.raises(QueryError):
        read("select_statement", "select " + "(" * 99_000)
    assert time.monotonic() - started < 120


def test_too_long_text_is_refused():
    with pytest.raises(QueryError, match="too long: 100009 characters"):
        parse_select("select 1 " + " " * 100_000)


@settings(deadline=None)
@given(st.text(alphabet="select fromwhere'\"`()[]{}.,*+-=<>?:/|\\1a\n$%#", max_size=60))
def test_any_text_is_a_tree_or_a_400(text):
    with suppress(QueryError):
        parse_select(text)
