"""The journal: sessions, blocks, entries, and the triggers that keep them as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_GUARDED = ("journal_block", "journal_entry")


def upgrade() -> None:
    """Create the tables of an empty journal."""
    _create_session_tables()
    _create_chain_tables()
    op.create_table(
        "journal_command",
        sa.Column("id", _NUMBER, primary_key=True),
        _number("session", index=True),
        _text("command"),
        _text("argument"),
        _number("posted_at"),
        sa.Column("sequence", _NUMBER),
        sqlite_strict=True,
    )
    ledger = op.create_table("journal_ledger", _key("id"), _number("sessions"), sqlite_strict=True)
    op.bulk_insert(ledger, [{"id": 1, "sessions": 0}])
    (_guard_sqlite if op.get_bind().dialect.name == "sqlite" else _guard_postgresql)()


def _create_session_tables() -> None:
    op.create_table(
        "journal_session",
        _key("id"),
        _text("name"),
        _text("header"),
        _number("started_at"),
        _text("identity"),
        _text("status"),
        sa.Column("ended_at", _NUMBER),
        _number("last_block"),
        sa.Column("last_bar", _NUMBER),
        _number("entries"),
        _text("head_hash"),
        _text("seal"),
        sqlite_strict=True,
    )
    op.create_table(
        "journal_heartbeat",
        _key("session"),
        _number("pid"),
        _number("beaten_at"),
        _text("status"),
        sqlite_strict=True,
    )
    op.create_table(
        "journal_tombstone",
        _key("session"),
        _text("name"),
        _number("started_at"),
        _number("ended_at"),
        _number("pruned_at"),
        _number("last_block"),
        _number("entries"),
        _text("head_hash"),
        _text("seal"),
        sqlite_strict=True,
    )


def _create_chain_tables() -> None:
    op.create_table(
        "journal_block",
        _key("session"),
        _key("number"),
        _number("first_bar"),
        _number("last_bar"),
        _number("entries"),
        _number("committed_at"),
        _text("previous_hash"),
        _text("hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journal_entry",
        _key("session"),
        _key("sequence"),
        _number("block"),
        _number("bar"),
        _text("kind"),
        _text("payload"),
        _number("crc"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, primary_key=True, autoincrement=False)


def _number(name: str, *, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, nullable=False, index=index)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _guard_sqlite() -> None:
    for table in _GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "  # noqa: S608 - a constant's name
            "WHEN NOT EXISTS (SELECT 1 FROM journal_tombstone WHERE session = OLD.session) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION journal_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM journal_tombstone WHERE session = OLD.session) "
        "THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in _GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_guard BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION journal_guard()"
        )
