"""storage: the log, guarded by triggers, and the search index."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BlobField,
    CharField,
    CompositeKey,
    Database,
    Model,
    PostgresqlDatabase,
    SmallIntegerField,
    TextField,
)
from playhouse.migrate import SchemaMigrator

POSITION_ONCE = (
    "WHEN OLD.position IS NOT NULL OR NEW.position IS NULL OR OLD.id <> NEW.id "
    "OR OLD.kind <> NEW.kind OR OLD.ref <> NEW.ref OR OLD.data <> NEW.data "
    "OR OLD.hash <> NEW.hash"
)
GUARDED = (("log_leaf", POSITION_ONCE), ("log_node", ""), ("log_checkpoint", ""))


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables, their guards and the index."""

    class LogCheckpoint(Model):
        origin = CharField()
        size = BigIntegerField()
        note = TextField()
        created = TextField()

        class Meta:
            database = db
            table_name = "log_checkpoint"
            indexes = ((("origin", "size"), True),)

    db.create_tables([LogCheckpoint])

    class LogLeaf(Model):
        kind = CharField(max_length=40)
        ref = CharField(index=True)
        data = BlobField()
        hash = BlobField()
        position = BigIntegerField(unique=True, null=True)

        class Meta:
            database = db
            table_name = "log_leaf"

    db.create_tables([LogLeaf])

    class LogNode(Model):
        level = SmallIntegerField()
        position = BigIntegerField()
        hash = BlobField()

        class Meta:
            database = db
            table_name = "log_node"
            primary_key = CompositeKey("level", "position")

    db.create_tables([LogNode])

    class SearchEntry(Model):
        id = BigIntegerField(primary_key=True)
        plugin = CharField(max_length=60)
        kind = CharField(max_length=60)
        uid = CharField(max_length=60)
        organ = CharField(max_length=60)
        title = TextField()
        summary = TextField()
        time = TextField()

        class Meta:
            database = db
            table_name = "search_entry"
            indexes = ((("kind", "uid"), True),)

    db.create_tables([SearchEntry])

    if isinstance(db, PostgresqlDatabase):
        _on_postgresql(migrator)
    else:
        _on_sqlite(migrator)


def _on_sqlite(migrator: SchemaMigrator) -> None:
    # Words are cut into tokens by kernel.storage.words; "_" stands for a gap between them. The
    # text itself is not stored again, because an index that can be read is one more place to leak.
    migrator.migrate(
        migrator.sql(
            "CREATE VIRTUAL TABLE search_text USING fts5("
            "title, body, scope, content='', contentless_delete=1, "
            "tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")"
        )
    )
    for table, change in GUARDED:
        migrator.migrate(
            migrator.sql(_refuse(table, "UPDATE", change)), migrator.sql(_refuse(table, "DELETE"))
        )


def _refuse(table: str, event: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
    )


def _on_postgresql(migrator: SchemaMigrator) -> None:
    statements = [
        'CREATE TABLE search_text (id bigint PRIMARY KEY, title text COLLATE "C" NOT NULL, '
        'body text COLLATE "C" NOT NULL, terms text[] COLLATE "C" NOT NULL)',
        "CREATE INDEX search_text_terms ON search_text USING gin (terms)",
        "CREATE FUNCTION juyan_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is insert-only', "
        "ERRCODE = 'restrict_violation'; END $$",
    ]
    for table, change in GUARDED:
        when = change and f"WHEN ({change.removeprefix('WHEN ')})"
        statements += [
            _refuse_there(table, "UPDATE", f"FOR EACH ROW {when}"),
            _refuse_there(table, "DELETE", "FOR EACH ROW"),
            _refuse_there(table, "TRUNCATE", "FOR EACH STATEMENT"),
        ]
    migrator.migrate(*(migrator.sql(statement) for statement in statements))


def _refuse_there(table: str, event: str, when: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} {when} "
        "EXECUTE FUNCTION juyan_insert_only()"
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    """Take all of it away."""
    migrator.migrate(migrator.drop_table("search_text"))
    migrator.migrate(migrator.drop_table("search_entry"))
    migrator.migrate(migrator.drop_table("log_node"))
    migrator.migrate(migrator.drop_table("log_leaf"))
    migrator.migrate(migrator.drop_table("log_checkpoint"))
    if isinstance(db, PostgresqlDatabase):
        migrator.migrate(migrator.sql("DROP FUNCTION juyan_insert_only()"))
