"""What names mean at a place in a query."""

from dataclasses import dataclass, field

from hogql import ast
from hogql.compiler.sources import Source
from hogql.errors import QueryError, close_names
from hogql.types import Type


@dataclass(slots=True)
class CTE:
    """A named part of a query, and the names that it knows itself."""

    node: ast.CTE
    ctes: "dict[str, CTE]"


@dataclass(slots=True)
class Scope:
    """One SELECT's."""

    ctes: dict[str, CTE] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    """By the name they go by in the query."""
    aliases: dict[str, Type] = field(default_factory=dict)
    lambdas: list[list[str]] = field(default_factory=list)
    windows: set[str] = field(default_factory=set)

    def add(self, name: str, source: Source, node: ast.Node) -> None:
        if name in self.sources:
            raise QueryError(
                f'Already have joined a table called "{name}". Can\'t redefine.', node=node
            )
        self.sources[name] = source

    def source_of(self, name: str, node: ast.Node) -> Source | None:
        """The one source that has a field of that name."""
        found = [source for source in self.sources.values() if source.has(name)]
        if len(found) > 1:
            raise QueryError(
                f"Ambiguous query. Found multiple sources for field: {name}. "
                f"Put the table's name before it, as in {next(iter(self.sources))}.{name}.",
                node=node,
            )
        return found[0] if found else None

    def name_of_events(self, node: ast.Node) -> str | None:
        """What the one source with events goes by."""
        named = [name for name, source in self.sources.items() if source.has("elements_chain")]
        if len(named) > 1 or not self.sources:
            raise QueryError("matchesAction needs events in FROM, and only once", node=node)
        return named[0] if named else None

    def is_lambda_argument(self, name: str) -> bool:
        return any(name in names for names in self.lambdas)

    def unresolved(self, node: ast.Field) -> QueryError:
        field = ".".join(map(str, node.chain))
        message = f"Unable to resolve field: {field[:200]}"
        if close := self.close_to(node.chain):
            message += f". Did you mean: {', '.join(close)}?"
        if self.sources:
            message += f"{'' if close else '.'} Tables referenced: {', '.join(self.sources)}."
        return QueryError(message, node=node)

    def close_to(self, chain: list[str | int]) -> list[str]:
        """Names that the field may have been meant to have."""
        name, known = str(chain[0]), [*self.aliases, *self.ctes]
        if name in self.sources and len(chain) > 1:
            known = [f"{name}.{field}" for field in self.sources[name].all_names()]
            name = f"{name}.{chain[1]}"
        else:
            for source in self.sources.values():
                known += source.all_names()
            known += self.sources
        return close_names(name, known)
