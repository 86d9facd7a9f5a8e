"""Expressions, by precedence climbing."""

import math

from hogql import ast
from hogql.errors import HogQLSyntaxError
from hogql.parser.calls import (
    ALIAS,
    AND,
    BETWEEN,
    COMPARISON,
    NOT,
    NULLISH,
    OR,
    PRODUCT,
    SAMENESS,
    SIGN,
    SUM,
    TERNARY,
    CallParser,
)
from hogql.parser.tokens import Token

COMPARISONS = {
    **{"=": "==", "==": "==", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="},
    **{"=~": "=~", "~": "=~", "!~": "!~", "=~*": "=~*", "~*": "=~*", "!~*": "!~*"},
}
WORD_COMPARISONS = ("LIKE", "ILIKE", "IN")
LITERALS = {"TRUE": True, "FALSE": False, "NULL": None, "INF": math.inf, "NAN": math.nan}
# Words that begin a clause: a field of that name needs quotes.
RESERVED = {
    *("SELECT", "FROM", "PREWHERE", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER"),
    *("LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "ON", "USING", "JOIN", "AND", "OR"),
    *("THEN", "ELSE", "END", "WHEN", "AS", "BETWEEN", "IN", "IS", "LIKE", "ILIKE", "SETTINGS"),
}
# What shows that a reserved word is a field after all: `group by settings, window`.
AFTER_FIELD = {
    *(",", ")", "]", "}", ";", "=", "==", "!=", "<", "<=", ">", ">=", "+", "/", "%", "||", "??"),
    *("::", "[", "?.", "FROM", "AS", "DESC", "ASC", "IS", "HAVING", "ORDER", "LIMIT", "<EOF>"),
}
POSTFIX = {".", "?.", "[", "::"}
MAX_INTEGER = 2**256
MAX_LAMBDA_ARGUMENTS = 10


class ExpressionParser(CallParser):
    # Operators

    def expression(self, strength: int = ALIAS) -> ast.Expr:
        """An expression of operators that bind at least as strongly as `strength`."""
        around = self.enter()
        start = self.token.start
        left = self.prefix()
        while longer := self.infix(left, strength, start):
            self.grow()
            left = self.placed(longer, start)
        self.leave(around)
        return left

    def prefix(self) -> ast.Expr:
        start = self.token.start
        if self.take("NOT"):
            return self.placed(ast.Not(self.expression(NOT)), start)
        if self.take("-"):
            if self.token.kind == "number" or self.token.key in ("INF", "NAN"):
                literal = self.literal()
                literal.value = -literal.value
                return self.postfix(self.placed(literal, start), start)
            operand = self.expression(SIGN)
            return self.placed(ast.Arithmetic("-", ast.Constant(0), operand), start)
        self.take("+")
        return self.postfix(self.placed(self.primary(), start), start)

    def infix(self, left: ast.Expr, strength: int, start: int) -> ast.Expr | None:
        """`left` and the next operator with what is right of it, or None when it binds weaker."""
        key = self.token.key
        if not key:
            return None
        if key in COMPARISONS and strength <= COMPARISON:
            self.next()
            return ast.Compare(COMPARISONS[key], left, self.expression(COMPARISON + 1))
        if key in ("+", "-") and strength <= SUM:
            self.next()
            return ast.Arithmetic(key, left, self.expression(SUM + 1))
        if key == "||" and strength <= SUM:
            return ast.Call("concat", [left, *self.operands("||", SUM + 1)])
        if key in ("*", "/", "%") and strength <= PRODUCT:
            self.next()
            return ast.Arithmetic(key, left, self.expression(PRODUCT + 1))
        if key == "AND" and strength <= AND:
            return ast.And(flat(ast.And, [left, *self.operands("AND", AND + 1)]))
        if key == "OR" and strength <= OR:
            return ast.Or(flat(ast.Or, [left, *self.operands("OR", OR + 1)]))
        if key == "??" and strength <= NULLISH:
            self.next()
            return ast.Call("ifNull", [left, self.expression(NULLISH + 1)])
        if key == "?" and strength <= TERNARY:
            return self.ternary(left)
        if key == "AS" and strength <= ALIAS:
            self.next()
            alias = self.next().text if self.token.kind == "string" else self.name()
            return ast.Alias(left, alias)
        if key in ("<=>", "IS") and (compared := self.is_same(left, strength)):
            return compared
        return self.word_comparison(left, strength)

    def operands(self, key: str, strength: int) -> list[ast.Expr]:
        found = []
        while self.take(key):
            found.append(self.expression(strength))
        return found

    def ternary(self, condition: ast.Expr) -> ast.Expr:
        self.expect("?")
        yes = self.expression(TERNARY)
        self.expect(":")
        return ast.Call("if", [condition, yes, self.expression(TERNARY)])

    def word_comparison(self, left: ast.Expr, strength: int) -> ast.Expr | None:
        negated = self.at("NOT")
        operator = self.ahead().key if negated else self.token.key
        if operator == "BETWEEN" and strength <= BETWEEN:
            return self.between(left)
        if operator not in WORD_COMPARISONS or strength > COMPARISON:
            return None
        self.position += 2 if negated else 1
        if operator == "IN" and self.at("COHORT") and self.ahead().key != ".":
            self.next()
            operator = "IN COHORT"
        name = ("not " if negated else "") + operator.lower()
        return ast.Compare(name, left, self.expression(COMPARISON + 1))

    def between(self, value: ast.Expr) -> ast.Expr:
        negated = self.take("NOT")
        self.expect("BETWEEN")
        low = self.expression(BETWEEN + 1)
        self.expect("AND")
        return ast.Between(value, low, self.expression(BETWEEN + 1), negated)

    def is_same(self, left: ast.Expr, strength: int) -> ast.Expr | None:
        """`<=>`, IS [NOT] DISTINCT FROM and IS [NOT] NULL."""
        negated = self.at("IS", "NOT")
        words = ("IS", "NOT") if negated else ("IS",)
        if self.at("<=>") or self.at(*words, "DISTINCT"):
            if strength > SAMENESS:
                return None
            operator = "<=>" if self.take("<=>") or negated else "!<=>"
            if not self.at("<=>") and self.take(*words):
                self.expect("DISTINCT", "FROM")
            return ast.Compare(operator, left, self.expression(SAMENESS + 1))
        if strength > COMPARISON:
            return None
        self.expect(*words, "NULL")
        return ast.Call("isNotNull" if negated else "isNull", [left])

    # What follows a value

    def postfix(self, value: ast.Expr, start: int) -> ast.Expr:
        while longer := self.postfixed(value):
            self.grow()
            value = self.placed(longer, start)
        return value

    def postfixed(self, value: ast.Expr) -> ast.Expr | None:
        if self.token.key not in POSTFIX:
            return None
        if self.take("."):
            return self.member(value)
        if self.take("?."):
            if self.take("["):
                index = self.expression()
                self.expect("]")
                return ast.ArrayAccess(value, index, nullish=True)
            return ast.ArrayAccess(value, ast.Constant(self.name()), nullish=True)
        if self.take("["):
            index = self.expression()
            self.expect("]")
            return ast.ArrayAccess(value, index)
        if self.take("::"):
            return ast.TypeCast(value, self.type_name())
        return None

    def member(self, value: ast.Expr) -> ast.Expr:
        if self.token.kind == "number":
            return ast.TupleAccess(value, int(self.next().text))
        return ast.ArrayAccess(value, ast.Constant(self.name()))

    def type_name(self) -> str:
        """`int`, `decimal(10, 2)`, `nullable(datetime64(6, 'utc'))` …"""
        around = self.enter()
        words = [self.name()]
        while self.token.kind == "word" and words[0].upper() == "DOUBLE":
            words.append(self.name())
        if self.take("WITH", "TIME", "ZONE"):
            words.append("with time zone")
        name = " ".join(words).lower()
        if self.take("("):
            arguments = self.separated(self.type_argument, ")")
            self.expect(")")
            name += f"({', '.join(arguments)})"
        self.leave(around)
        return name

    def type_argument(self) -> str:
        if self.token.kind == "number":
            return self.next().text
        if self.token.kind == "string":
            return "'" + self.next().text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return self.type_name()

    # Values

    def primary(self) -> ast.Expr:
        token = self.token
        if token.kind in ("number", "string"):
            return self.literal()
        if token.key == "(":
            return self.lambda_() if self.is_lambda(1, ")") else self.parenthesised()
        if token.key == "[":
            return ast.Array(self.bracketed("[", "]"))
        if token.key == "{":
            return self.placeholder()
        if token.key == "F'":
            return self.template()
        if token.key == "*":
            self.next()
            return self.all_columns([])
        if token.kind == "quoted":
            return self.function() if self.ahead().key == "(" else self.field()
        if token.kind == "word":
            return self.word()
        return self.fail("an expression")

    def literal(self) -> ast.Constant:
        token = self.next()
        if token.kind == "string":
            return ast.Constant(token.text)
        if token.key:
            return ast.Constant(LITERALS[token.key])
        return ast.Constant(number(token))

    def word(self) -> ast.Expr:
        key, following = self.token.key, self.ahead()
        if following.key in ("->", ",") and key not in LITERALS and self.is_lambda(0):
            return self.lambda_()
        if key == "LAMBDA" and following.kind == "word":
            return self.lambda_()
        if following.key == "." and following.start == self.token.end:
            return self.field()
        if key in LITERALS and following.key != "(":
            return self.literal()
        if key == "CASE" and following.key not in (",", ")", "AS", "=", "FROM", "<EOF>"):
            return self.case()
        if key == "INTERVAL" and self.begins_value(following):
            return self.interval()
        if following.key == "(":
            return self.call()
        if key == "ARRAY" and following.key == "[":
            self.next()
            return ast.Array(self.bracketed("[", "]"))
        if key in RESERVED and following.key not in AFTER_FIELD:
            self.fail("an expression")
        return self.field()

    def begins_value(self, token: Token) -> bool:
        if token.kind == "symbol":
            return token.key in ("(", "-", "{")
        return token.kind != "end" and token.key not in RESERVED

    def field(self) -> ast.Expr:
        chain: list[str | int] = [self.name()]
        while self.at("."):
            following = self.ahead()
            if following.kind in ("word", "quoted"):
                self.next()
                chain.append(self.name())
            elif following.key == "*":
                self.position += 2
                return self.all_columns(chain)
            else:
                break
        return ast.Field(chain)

    def all_columns(self, chain: list) -> ast.Expr:
        if not self.at("EXCLUDE", "("):
            return ast.Field([*chain, "*"])
        self.expect("EXCLUDE", "(")
        exclude = self.separated(self.name, ")")
        self.expect(")")
        return ast.Columns(table=chain[0] if chain else None, exclude=exclude)

    def is_lambda(self, count: int, *closing: str) -> bool:
        """Whether names, commas and `->` come next, from the token `count` ahead."""
        if not self.has_arrow:
            return False
        for _ in range(MAX_LAMBDA_ARGUMENTS):
            if self.ahead(count).kind not in ("word", "quoted"):
                break
            count += 1
            if self.ahead(count).key != ",":
                break
            count += 1
        return [self.ahead(count + n).key for n in range(len(closing) + 1)] == [*closing, "->"]

    def lambda_(self) -> ast.Lambda:
        """`x -> …`, `x, y -> …`, `(x, y) -> …` or `lambda x, y: …`."""
        closing = "->"
        if self.take("("):
            arguments = [] if self.at(")") else self.separated(self.name, ")")
            self.expect(")")
        else:
            if self.at("LAMBDA") and self.ahead().kind == "word":
                self.next()
                closing = ":"
            arguments = self.separated(self.name)
        self.expect(closing)
        return ast.Lambda(arguments, self.expression())

    def parenthesised(self) -> ast.Expr:
        if self.is_select():
            return self.subquery()
        self.expect("(")
        exprs = [self.expression()]
        is_tuple = False
        while self.take(","):
            is_tuple = True
            if self.at(")"):
                break
            exprs.append(self.expression())
        self.expect(")")
        return ast.Tuple(exprs) if is_tuple else exprs[0]

    def bracketed(self, opening: str, closing: str) -> list[ast.Expr]:
        self.expect(opening)
        exprs = [] if self.at(closing) else self.separated(self.expression, closing)
        self.expect(closing)
        return exprs

    def template(self) -> ast.Expr:
        """`f'a {b} c'`: texts and expressions in a row."""
        self.expect("F'")
        parts: list[ast.Expr] = []
        while not self.take("'"):
            if self.token.kind == "string":
                parts.append(self.literal())
            else:
                self.expect("{")
                parts.append(self.expression())
                self.expect("}")
        if not parts:
            return ast.Constant("")
        return parts[0] if len(parts) == 1 else ast.Call("concat", parts)

    def placeholder(self) -> ast.Expr:
        self.expect("{")
        inner = self.expression(TERNARY)
        self.expect("}")
        return ast.Placeholder(inner)


def flat(kind: type, exprs: list[ast.Expr]) -> list[ast.Expr]:
    """`a and (b and c)` as one AND of three."""
    found = []
    for expr in exprs:
        found += expr.exprs if isinstance(expr, kind) else [expr]
    return found


def number(token: Token) -> int | float:
    text = token.text.lower()
    if text.startswith("0x"):
        value = int(text, 16)
    elif text.startswith("0b"):
        value = int(text, 2)
    elif text.isdecimal():
        # Python refuses to read numbers of thousands of digits.
        value = int(text) if len(text) < 80 else MAX_INTEGER
    else:
        return float(text)
    if value >= MAX_INTEGER:
        raise HogQLSyntaxError(
            f"The number {text[:20]}… is too large", start=token.start, end=token.end
        )
    return value
