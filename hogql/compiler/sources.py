"""What stands in FROM: tables of the store, always narrowed to the project, and subqueries."""

from collections.abc import Sequence
from typing import NamedTuple

from hogql.compiler.context import Context
from hogql.compiler.properties import Place, read_property, text_at
from hogql.compiler.quoting import quoted, zone
from hogql.database import TABLES
from hogql.errors import QueryError, close_names
from hogql.shapes import Column, Field, Link, Map, Properties, Table
from hogql.types import JSON, Code, Type

Chain = Sequence[str | int]
OWN = "`$own`"
PROJECT_CONDITION = "team_id = {project_id:Int64}"


class Source:
    """Something in FROM, known in the query by `alias`."""

    def __init__(self, alias: str):
        self.alias = alias

    def names(self) -> list[str]:
        """What `*` stands for."""
        raise NotImplementedError

    def all_names(self) -> list[str]:
        """What it has, for suggestions."""
        return self.names()

    def has(self, name: str) -> bool:
        raise NotImplementedError

    def read(self, chain: Chain) -> Code:
        """The field, as the query refers to it."""
        raise NotImplementedError

    def sql(self) -> str:
        """What FROM says. Ask for it last: it offers only the fields that were read."""
        raise NotImplementedError


class TableSource(Source):
    """A table: a subquery that offers what the query reads, of the project's own rows."""

    def __init__(
        self,
        table: Table,
        alias: str,
        context: Context,
        *,
        condition: str = "",
        group_type_index: int | None = None,
        is_linked: bool = False,
    ):
        super().__init__(alias)
        self.table = table
        self.context = context
        self.conditions = list(filter(None, (table.condition, condition)))
        self.group_type_index = group_type_index
        self.is_linked = is_linked
        self.offered: dict[str, str] = {}
        """SQL → the column's name in the subquery."""
        self.linked: dict[str, tuple[Link, str, TableSource, str]] = {}

    def names(self) -> list[str]:
        return [name for name, field in self.table.fields.items() if field.in_asterisk]

    def all_names(self) -> list[str]:
        links = [name for name, link in self.table.links.items() if not link.hidden]
        return [*self.table.fields, *links]

    def has(self, name: str) -> bool:
        link = self.table.links.get(name)
        return name in self.table.fields or (link is not None and not link.hidden)

    def read(self, chain: Chain) -> Code:
        code = self.inside(chain)
        sql, type = code.sql, code.type
        if self.is_linked and not type.nullable:
            # Where no row is linked, there is NULL and not an empty text or a zero.
            sql, type = f"toNullable({sql})", type.or_null()
        string = code.string
        return Code(self.offer(sql), type, string=string and (lambda: self.offer(string())))

    def key(self, name: str) -> str:
        """The field as it is, for a join to compare with."""
        return self.offer(self.inside([name]).sql)

    def offer(self, sql: str) -> str:
        name = self.offered.setdefault(sql, f"c{len(self.offered) + 1}")
        return f"{self.alias}.{name}"

    def inside(self, chain: Chain) -> Code:
        """The field within the subquery."""
        name, rest = str(chain[0]), chain[1:]
        if name in self.table.links:
            rest = rest or [self.table.links[name].key]
            source = self.link(name)
            if not source.has(str(rest[0])):
                raise source.unresolved(chain, str(rest[0]))
            return source.read(rest)
        return self.read_field(self.table.fields[name], rest)

    def unresolved(self, chain: Chain, name: str) -> QueryError:
        message = f"Unable to resolve field: {'.'.join(map(str, chain))[:200]}"
        place = str(chain[0])
        if close := [f"{place}.{other}" for other in close_names(name, self.all_names())]:
            message += f". Did you mean: {', '.join(close)}?"
        return QueryError(message)

    def read_field(self, field: Field, rest: Chain) -> Code:
        if isinstance(field, Properties):
            return self.read_properties(field, rest)
        sql = self.written(field)
        if isinstance(field, Map):
            return self.read_map(sql, rest)
        if rest:
            raise QueryError(f"Unable to resolve field: {'.'.join(map(str, rest))}")
        if field.type.kind == "datetime" and self.context.timezone != "UTC":
            sql = f"toTimeZone({sql}, {zone(self.context.timezone)})"
        return Code(sql, field.type)

    def written(self, field: Column | Map) -> str:
        if (
            isinstance(field, Column)
            and field.unmoved
            and not any(map(self.has_moved, field.links))
        ):
            return self.filled(field.unmoved, ())
        return self.filled(field.sql, field.links)

    def has_moved(self, link: str) -> bool:
        return self.context.has_rows(TABLES[self.table.links[link].table].physical)

    def read_properties(self, field: Properties, rest: Chain) -> Code:
        text = self.filled(field.text, field.links)
        if not rest:
            return Code(text, JSON)
        json = self.filled(field.json, field.links)
        place = Place(text, json, field.scope, field.skipped, self.group_type_index)
        return read_property(place, rest, self.context)

    def read_map(self, sql: str, rest: Chain) -> Code:
        if not rest:
            return Code(sql, Type("map", nullable=False))
        code = value_at(sql, ".".join(map(str, rest)), self.context)
        return Code(code.sql, Type("text"))

    def filled(self, template: str, links: Sequence[str]) -> str:
        """The SQL of database.py with `{t}` and `{link}` filled in: before any name of the query's
        own is added to it."""
        sql = template.replace("{t}", OWN)
        for name in links:
            source = self.link(name)
            for field in source.table.fields:
                if f"{{{name}}}.{field}" in sql:
                    sql = sql.replace(f"{{{name}}}.{field}", source.key(field))
        return sql

    def link(self, name: str) -> "TableSource":
        if name not in self.linked:
            link = self.table.links[name]
            on = self.inside([link.field]).sql
            source = TableSource(
                TABLES[link.table],
                quoted(name),
                self.context,
                condition=link.condition,
                group_type_index=link.group_type_index,
                is_linked=True,
            )
            self.linked[name] = (link, on, source, source.key(link.key))
        return self.linked[name][2]

    def sql(self) -> str:
        """`(SELECT … FROM … WHERE team_id = …) AS alias`."""
        table = self.table
        columns = ", ".join(f"{sql} AS {name}" for sql, name in self.offered.items()) or "1"
        source, final = table.physical, " FINAL" if table.source.endswith(" FINAL") else ""
        joins = "".join(
            f" LEFT {'' if link.many else 'ANY '}JOIN {other.sql()} ON {on} = {key}"
            for link, on, other, key in self.linked.values()
        )
        conditions = [f"{OWN}.{PROJECT_CONDITION}", *self.conditions]
        where = " AND ".join(f"({part})".replace("{t}", OWN) for part in conditions)
        group_by = f" GROUP BY {table.group_by}".replace("{t}", OWN) if table.group_by else ""
        return (
            f"(SELECT {columns} FROM {source} AS {OWN}{final}{joins} WHERE {where}{group_by})"
            f" AS {self.alias}"
        )


class OutputColumn(NamedTuple):
    """A column of a SELECT."""

    name: str
    """What users call it."""
    alias: str
    """What the SQL calls it."""
    type: Type


class SubquerySource(Source):
    """A SELECT in brackets, or a CTE."""

    def __init__(self, query: str, columns: list[OutputColumn], alias: str, context: Context):
        super().__init__(alias)
        self.query = query
        self.columns = {column.name: column for column in reversed(columns)}
        self.order = list(dict.fromkeys(column.name for column in columns))
        self.context = context

    def names(self) -> list[str]:
        return self.order

    def has(self, name: str) -> bool:
        return name in self.columns

    def read(self, chain: Chain) -> Code:
        column = self.columns[str(chain[0])]
        code = Code(f"{self.alias}.{quoted(column.alias)}", column.type)
        return read_within(code, chain[1:], self.context)

    def sql(self) -> str:
        return f"({self.query}) AS {self.alias}"


class NumbersSource(Source):
    """`numbers(n)` and `numbers(start, n)`."""

    def __init__(self, args: Sequence[str], alias: str):
        super().__init__(alias)
        self.args = args

    def names(self) -> list[str]:
        return ["number"]

    def has(self, name: str) -> bool:
        return name == "number"

    def read(self, chain: Chain) -> Code:
        if len(chain) > 1:
            raise QueryError(f"Unable to resolve field: {'.'.join(map(str, chain))}")
        return Code(f"{self.alias}.number", Type("number", nullable=False))

    def sql(self) -> str:
        return f"(SELECT number FROM numbers({', '.join(self.args)})) AS {self.alias}"


def value_at(map_sql: str, key: str, context: Context) -> Code:
    """A map's value, NULL when it has none."""
    name = context.bind(key, "String")
    return Code(f"if(mapContains({map_sql}, {name}), {map_sql}[{name}], NULL)")


def read_within(code: Code, path: Chain, context: Context) -> Code:
    """What is at the path of a value that is no table's: JSON, a tuple's part or a map's value."""
    if not path:
        return code
    if code.type.kind in ("json", "text"):
        return Code(text_at(code.sql, path, context), Type("text"))
    if code.type.kind == "map":
        return read_within(value_at(code.sql, str(path[0]), context), path[1:], context)
    if code.type.kind in ("tuple", "any"):
        step = path[0] if isinstance(path[0], int) else context.bind(path[0], "String")
        return read_within(Code(f"tupleElement({code.sql}, {step})"), path[1:], context)
    raise QueryError(f"Can not access property {str(path[0])!r} of a {code.type.kind}")
