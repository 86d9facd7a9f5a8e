"""What the tables of hogql/database.py are made of. `{t}` in SQL is the row's own table."""

from dataclasses import dataclass, field

from hogql.types import Type


@dataclass(frozen=True, slots=True)
class Column:
    sql: str
    type: Type
    links: tuple[str, ...] = ()
    """Which of the table's links the SQL speaks of, as `{link}`."""
    in_asterisk: bool = True
    unmoved: str = ""
    """The SQL while the links' tables have no rows of the project: much quicker, since neither the
    join nor the column that it goes by is read."""


@dataclass(frozen=True, slots=True)
class Properties:
    """An object kept as text, and again as a JSON column for quick reading."""

    text: str
    json: str
    scope: str
    """Whose property definitions say of what type a property is: `event`, `person` or `group`."""
    skipped: frozenset[str] = frozenset()
    """What the JSON column leaves out."""
    links: tuple[str, ...] = ()
    in_asterisk: bool = True


@dataclass(frozen=True, slots=True)
class Map:
    """A map of texts."""

    sql: str
    links: tuple[str, ...] = ()
    in_asterisk: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """Another table's row that belongs to this one's, joined when a query speaks of it."""

    table: str
    field: str
    """Of this table: equals the other's `key`."""
    key: str
    many: bool = False
    """Several rows can belong to one of this table."""
    condition: str = ""
    """On the other's rows."""
    group_type_index: int | None = None
    hidden: bool = False


Field = Column | Properties | Map


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    source: str
    """The table of the store, with FINAL where only the newest version of a row counts."""
    fields: dict[str, Field]
    condition: str = ""
    group_by: str = ""
    links: dict[str, Link] = field(default_factory=dict)
    hidden: bool = False
    """For links only."""
    is_virtual: bool = False
    """Nothing is stored: hogql/compiler/cohort_people.py says what stands for it."""

    @property
    def physical(self) -> str:
        return self.source.removesuffix(" FINAL")


def column(name: str, type: Type, **options) -> Column:
    return Column(f"{{t}}.{name}", type, **options)
