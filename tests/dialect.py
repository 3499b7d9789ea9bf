"""What somebody with a console does to the tables, in the words of the database at hand."""

import re

from kernel.storage.database import on_postgresql


def here(statement: str) -> str:
    """The statement as this database writes bytes; it is thought for SQLite."""
    if not on_postgresql():
        return statement
    changes = {
        r"x'([0-9a-f]*)'": r"'\\x\1'::bytea",
        r"zeroblob\((\d+)\)": r"decode(repeat('00', \1), 'hex')",
        r"replace\(data, (.*?)\) W": r"convert_to(replace(encode(data, 'escape'), \1), 'UTF8') W",
        r"CAST\((.*?) AS TEXT\)": r"convert_from(\1, 'UTF8')",
        r"rowid": "ctid",
        r"DROP TRIGGER (\w+)_no_(\w+)": r"DROP TRIGGER \1_no_\2 ON \1",
    }
    for pattern, there in changes.items():
        statement = re.sub(pattern, there, statement)
    return statement
