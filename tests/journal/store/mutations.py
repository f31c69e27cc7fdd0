"""Single changes to a journal behind its back, each with the place that verification must name first."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, MetaData, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from tradewind.journal.store.chain import entry_crc

TABLES = ("journal_ledger", "journal_session", "journal_tombstone", "journal_block", "journal_entry")
KEYS = {
    "journal_ledger": ("id",),
    "journal_session": ("id",),
    "journal_tombstone": ("session",),
    "journal_block": ("session", "number"),
    "journal_entry": ("session", "sequence"),
}
Place = tuple[int, int | None, int | None]


class Change(NamedTuple):
    """What was done, and the session, block and entry that are wrong first."""

    what: str
    place: Place


class Vandal:
    """Knows a good journal by heart, changes it, and puts it back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tables = {name: Table(name, MetaData(), autoload_with=engine) for name in TABLES}
        with engine.begin() as connection:
            self._good = {name: self._read(connection, name) for name in TABLES}
        self._sessions = {row["id"]: row for row in self._good["journal_session"]}
        self._block_of = {(row["session"], row["sequence"]): row["block"] for row in self._good["journal_entry"]}

    def disarm(self) -> None:
        """Take away the triggers that refuse changes."""
        with self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars()
                for name in list(names):
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                for name in ("journal_block", "journal_entry"):
                    connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        assert "journal_entry" in inspect(self._engine).get_table_names()

    def change(self, chance: random.Random) -> Change:
        """Change one thing, and say what."""
        while True:
            kind: Callable[[Connection, random.Random], Change | None] = chance.choice(self._kinds())
            try:
                with self._engine.begin() as connection:
                    change = kind(connection, chance)
            except DBAPIError:
                continue  # the database's own constraints refused it
            if change is not None:
                return change

    def restore(self) -> None:
        """Put the good journal back."""
        with self._engine.begin() as connection:
            for name, rows in self._good.items():
                now = self._read(connection, name)
                if now != rows:
                    connection.execute(self._tables[name].delete())
                    if rows:
                        connection.execute(self._tables[name].insert(), rows)

    def _kinds(self) -> list[Callable[[Connection, random.Random], Change | None]]:
        single = [self._update] * 8 + [self._delete] * 4 + [self._insert] * 3 + [self._swap_entries] * 3
        return [*single, self._swap_blocks, self._truncate, self._truncate_head, self._remove_session]

    def _read(self, connection: Connection, name: str) -> list[dict[str, Any]]:
        table = self._tables[name]
        rows = connection.execute(select(table).order_by(*(table.c[key] for key in KEYS[name])))
        return [dict(row) for row in rows.mappings()]

    def _pick(self, chance: random.Random) -> tuple[str, dict[str, Any]]:
        name = chance.choice([name for name in TABLES if self._good[name]])
        return name, chance.choice(self._good[name])

    def _where(self, name: str, row: dict[str, Any]) -> Any:
        table = self._tables[name]
        first, *others = (table.c[key] == row[key] for key in KEYS[name])
        for other in others:
            first &= other
        return first

    def _set(self, connection: Connection, name: str, row: dict[str, Any], values: dict[str, Any]) -> None:
        done = connection.execute(self._tables[name].update().where(self._where(name, row)).values(values))
        assert done.rowcount == 1

    def _update(self, connection: Connection, chance: random.Random) -> Change | None:
        name, row = self._pick(chance)
        column = chance.choice(list(row))
        value = _other(row[column], chance)
        self._set(connection, name, row, {column: value})
        place = getattr(self, f"_updated_{name.removeprefix('journal_')}")(row, column, value)
        return Change(f"{name}.{column} of {_key(name, row)}: {row[column]!r} -> {value!r}", place)

    def _updated_ledger(self, row: dict[str, Any], column: str, value: Any) -> Place:
        if column == "id":
            return (0, None, None)
        return ((row["sessions"] if value > row["sessions"] else max(value, 0)) + 1, None, None)

    def _updated_session(self, row: dict[str, Any], column: str, value: Any) -> Place:
        return (min(row["id"], value) if column == "id" else row["id"], None, None)

    def _updated_tombstone(self, row: dict[str, Any], column: str, value: Any) -> Place:
        return (min(row["session"], value) if column == "session" else row["session"], None, None)

    def _updated_block(self, row: dict[str, Any], column: str, value: Any) -> Place:
        session, number = row["session"], row["number"]
        if column == "session" and value < session and value in self._sessions:
            return (value, number, None)
        if column == "number" and value < 1:
            return (session, value, None)
        return (session, number, None)

    def _updated_entry(self, row: dict[str, Any], column: str, value: Any) -> Place:
        session, sequence = row["session"], row["sequence"]
        if column == "session" and value < session and value in self._sessions:
            return (value, None, sequence)
        if column == "sequence" and value < 1:
            return (session, None, value)
        return (session, row["block"], sequence)

    def _delete(self, connection: Connection, chance: random.Random) -> Change:
        name, row = self._pick(chance)
        connection.execute(self._tables[name].delete().where(self._where(name, row)))
        place: Place = {
            "journal_ledger": lambda: (0, None, None),
            "journal_session": lambda: (row["id"], None, None),
            "journal_tombstone": lambda: (row["session"], None, None),
            "journal_block": lambda: (row["session"], row["number"], None),
            "journal_entry": lambda: (row["session"], row["block"], row["sequence"]),
        }[name]()
        return Change(f"{name} without {_key(name, row)}", place)

    def _insert(self, connection: Connection, chance: random.Random) -> Change | None:
        name, row = self._pick(chance)
        row = dict(row)
        begun = self._good["journal_ledger"][0]["sessions"]
        if name in {"journal_block", "journal_entry"} and chance.random() < 0.2:
            row["session"] = chance.choice(
                [-1, begun + 3, *(one["session"] for one in self._good["journal_tombstone"])]
            )
            connection.execute(self._tables[name].insert(), row)
            return Change(f"{name} with {_key(name, row)}", (row["session"], None, None))
        if name == "journal_ledger":
            row["id"] = chance.choice([-1, 0, 2, 99])
            place: Place = (0, None, None)
        elif name in {"journal_session", "journal_tombstone"}:
            key = KEYS[name][0]
            row[key] = chance.choice([-3, 0, *range(1, len(self._sessions) + 9)])
            place = (row[key], None, None)
        elif name == "journal_block":
            last = self._sessions[row["session"]]["last_block"]
            row["number"] = chance.choice([-1, 0, last + 1, last + 5])
            place = (row["session"], row["number"], None)
        else:
            last = self._sessions[row["session"]]["entries"]
            row["sequence"] = chance.choice([-1, 0, last + 1, last + 5])
            row["block"] = chance.choice([row["block"], self._sessions[row["session"]]["last_block"]])
            row["crc"] = entry_crc(*(row[key] for key in ("session", "sequence", "block", "bar", "kind", "payload")))
            place = (row["session"], None, row["sequence"])
        connection.execute(self._tables[name].insert(), row)
        return Change(f"{name} with {_key(name, row)}", place)

    def _swap_entries(self, connection: Connection, chance: random.Random) -> Change | None:
        first, second = chance.sample(self._good["journal_entry"], 2)
        columns = chance.choice(
            [["payload"], ["kind"], ["bar"], ["payload", "kind", "bar"], ["payload", "kind", "bar", "crc"]]
        )
        if all(first[column] == second[column] for column in columns):
            return None
        for one, other in ((first, second), (second, first)):
            self._set(connection, "journal_entry", one, {column: other[column] for column in columns})
        session, sequence = min((one["session"], one["sequence"]) for one in (first, second))
        what = f"{columns} of entries {_key('journal_entry', first)} and {_key('journal_entry', second)}"
        return Change(f"swapped {what}", (session, self._block_of[session, sequence], sequence))

    def _swap_blocks(self, connection: Connection, chance: random.Random) -> Change | None:
        first, second = chance.sample(self._good["journal_block"], 2)
        if first["session"] != second["session"]:
            return None
        self._set(connection, "journal_block", first, {"number": -9})
        self._set(connection, "journal_block", second, {"number": first["number"]})
        self._set(connection, "journal_block", {**first, "number": -9}, {"number": second["number"]})
        number = min(first["number"], second["number"])
        return Change(f"swapped blocks {first['number']} and {second['number']}", (first["session"], number, None))

    def _cut(self, connection: Connection, chance: random.Random) -> dict[str, Any]:
        block = chance.choice(self._good["journal_block"])
        entry, row = self._tables["journal_entry"], self._tables["journal_block"]
        for table, number in ((entry, entry.c.block), (row, row.c.number)):
            connection.execute(table.delete().where(table.c.session == block["session"], number >= block["number"]))
        return block

    def _truncate(self, connection: Connection, chance: random.Random) -> Change:
        block = self._cut(connection, chance)
        return Change(f"cut off from {_key('journal_block', block)}", (block["session"], block["number"], None))

    def _truncate_head(self, connection: Connection, chance: random.Random) -> Change:
        """Also correct the session's row, as far as it shows."""
        block = self._cut(connection, chance)
        session, number = block["session"], block["number"]
        kept = [row for row in self._good["journal_block"] if row["session"] == session and row["number"] < number]
        head = {
            "last_block": number - 1,
            "entries": sum(row["entries"] for row in kept),
            "last_bar": kept[-1]["last_bar"] if kept else None,
            "head_hash": block["previous_hash"],
        }
        self._set(connection, "journal_session", {"id": session}, head)
        return Change(f"cut off with its row from {_key('journal_block', block)}", (session, None, None))

    def _remove_session(self, connection: Connection, chance: random.Random) -> Change:
        session = chance.choice(list(self._sessions))
        for name, key in (("journal_session", "id"), ("journal_block", "session"), ("journal_entry", "session")):
            table = self._tables[name]
            connection.execute(table.delete().where(table.c[key] == session))
        return Change(f"without session {session}", (session, None, None))


def _key(name: str, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key] for key in KEYS[name])


def _other(value: Any, chance: random.Random) -> Any:
    """Return a value of the same type that differs."""
    if value is None:
        return chance.randrange(1, 10**6)
    if isinstance(value, int):
        flipped = value ^ (1 << chance.randrange(40))
        further = value + chance.randrange(1, 10**9)
        options = [value + 1, value - 1, -value - 1, further, flipped, chance.randrange(-5, 12)]
        return chance.choice([option for option in options if option != value])
    position = chance.randrange(len(value) + 1)
    edits = [
        value + " ",
        value[:position] + chance.choice("0aé\u2028}") + value[position:],
        value[:-1],
        value.swapcase(),
    ]
    return chance.choice([edit for edit in edits if edit != value])
