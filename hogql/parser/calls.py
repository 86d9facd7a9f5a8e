"""What looks like a call: functions, casts, CASE, INTERVAL, windows and the order of rows."""

from hogql import ast
from hogql.errors import HogQLSyntaxError
from hogql.parser.words import WordReader

# How strongly operators bind. Postfix ones (`.x`, `[1]`, `::type`) bind strongest of all.
ALIAS, TERNARY, OR, AND, NOT, BETWEEN, NULLISH, SAMENESS, COMPARISON, SUM, PRODUCT, SIGN = range(12)

UNITS = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
TRIMS = {"BOTH": "trim", "LEADING": "trimLeft", "TRAILING": "trimRight"}


class CallParser(WordReader):
    # Of the parsers built on this one

    def expression(self, strength: int = ALIAS) -> ast.Expr:
        raise NotImplementedError

    def type_name(self) -> str:
        raise NotImplementedError

    def is_select(self) -> bool:
        raise NotImplementedError

    def subquery(self) -> ast.Select:
        raise NotImplementedError

    def select_set(self) -> ast.Select:
        raise NotImplementedError

    # Functions

    def call(self) -> ast.Expr:
        key = self.token.key
        if key in ("CAST", "TRY_CAST"):
            return self.cast(lenient=key == "TRY_CAST")
        if key == "COLUMNS" and self.ahead(2).kind == "string":
            self.position += 2
            regex = self.text_literal()
            self.expect(")")
            return ast.Columns(regex=regex)
        if key == "TRIM" and self.ahead(2).key in TRIMS:
            return self.trim()
        return self.function()

    def function(self) -> ast.Expr:
        start = self.token.start
        call = ast.Call(self.name(), [])
        call.args, call.distinct = self.arguments()
        if self.at("("):
            if call.distinct:
                self.fail("no second brackets after DISTINCT")
            call.params = call.args
            call.args, call.distinct = self.arguments()
        if self.take("FILTER"):
            self.expect("(", "WHERE")
            call.condition = self.expression()
            self.expect(")")
        if self.take("OVER"):
            over = self.window() if self.at("(") else self.name()
            return ast.WindowCall(self.placed(call, start), over)
        return call

    def arguments(self) -> tuple[list[ast.Expr], bool]:
        self.expect("(")
        if self.token.key in ("SELECT", "WITH") and self.ahead().key not in (",", ")", "."):
            query = self.select_set()
            self.expect(")")
            return [query], False
        distinct = self.take("DISTINCT")
        arguments = [] if self.at(")") else self.separated(self.expression, ")")
        self.expect(")")
        return arguments, distinct

    def cast(self, *, lenient: bool) -> ast.Expr:
        self.next()
        self.expect("(")
        expr = self.expression(TERNARY)
        if self.take(","):
            type_name = self.text_literal().lower()
        else:
            self.expect("AS")
            type_name = self.type_name()
        self.expect(")")
        return ast.TypeCast(expr, type_name, lenient)

    def trim(self) -> ast.Expr:
        self.expect("TRIM", "(")
        name = TRIMS[self.next().key]
        characters = ast.Constant(self.text_literal())
        self.expect("FROM")
        text = self.expression()
        self.expect(")")
        return ast.Call(name, [text, characters])

    # Windows

    def window(self) -> ast.Window:
        start = self.token.start
        self.expect("(")
        window = ast.Window()
        if self.take("PARTITION", "BY"):
            window.partition_by = self.separated(self.expression)
        if self.take("ORDER", "BY"):
            window.order_by = self.separated(self.order)
        window.frame = self.take_one_of("ROWS", "RANGE")
        if window.frame and self.take("BETWEEN"):
            window.frame_start = self.frame_bound()
            self.expect("AND")
            window.frame_end = self.frame_bound()
        elif window.frame:
            window.frame_start = self.frame_bound()
        self.expect(")")
        return self.placed(window, start)

    def frame_bound(self) -> ast.FrameBound:
        if self.take("CURRENT", "ROW"):
            return ast.FrameBound("CURRENT ROW")
        value = None if self.take("UNBOUNDED") else self.expression(SUM)
        kind = self.take_one_of("PRECEDING", "FOLLOWING")
        if kind is None:
            self.fail("'PRECEDING' or 'FOLLOWING'")
        return ast.FrameBound(kind, value)

    def order(self) -> ast.OrderBy:
        start = self.token.start
        order = ast.OrderBy(self.expression())
        order.descending = self.take_one_of("ASC", "ASCENDING", "DESC", "DESCENDING") in (
            "DESC",
            "DESCENDING",
        )
        if self.take("NULLS"):
            order.nulls = self.take_one_of("FIRST", "LAST") or self.fail("'FIRST' or 'LAST'")
        if self.take("WITH", "FILL"):
            order.fill = ast.Fill(
                from_=self.expression(SUM) if self.take("FROM") else None,
                to=self.expression(SUM) if self.take("TO") else None,
                step=self.expression(SUM) if self.take("STEP") else None,
            )
        return self.placed(order, start)

    # CASE and INTERVAL

    def case(self) -> ast.Expr:
        self.expect("CASE")
        operand = None if self.at("WHEN") else self.expression()
        branches = []
        while self.take("WHEN"):
            condition = self.expression()
            self.expect("THEN")
            branches += [condition, self.expression()]
        if not branches:
            self.fail("'WHEN'")
        otherwise = self.expression() if self.take("ELSE") else ast.Constant(None)
        self.expect("END")
        if operand is not None:
            conditions = [ast.Compare("==", operand, value) for value in branches[::2]]
            branches[::2] = conditions
        name = "if" if len(branches) == 2 else "multiIf"
        return ast.Call(name, [*branches, otherwise])

    def interval(self) -> ast.Expr:
        self.expect("INTERVAL")
        if self.token.kind == "string" and self.ahead().key not in UNITS:
            return self.interval_of_text()
        count = self.expression(SUM)
        unit = self.take_one_of(*UNITS, *(f"{unit}S" for unit in UNITS))
        if unit is None:
            self.fail("one of " + ", ".join(UNITS))
        return interval_call(count, unit)

    def interval_of_text(self) -> ast.Expr:
        token = self.token
        count, _, unit = self.text_literal().strip().partition(" ")
        unit = unit.strip().upper()
        if not count.lstrip("-").isdecimal() or unit.removesuffix("S") not in UNITS:
            raise HogQLSyntaxError(
                "Unsupported interval type: must be in the format '<count> <unit>', the unit one "
                f"of {', '.join(UNITS).lower()}",
                start=token.start,
                end=token.end,
            )
        return interval_call(ast.Constant(int(count)), unit)


def interval_call(count: ast.Expr, unit: str) -> ast.Call:
    return ast.Call(f"toInterval{unit.removesuffix('S').capitalize()}", [count])
