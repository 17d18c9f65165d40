"""The tables of a board's cache.

A segment is one log file, by its path as the file system has it, which need not be text; it has what the log said so
far (`facts`), where its reading goes on (`state`), and columns in chunks. `run_id` is the log's word, `run` the key of
the run that it is of. A run is what its segments make together, as the page shows it.
"""

from __future__ import annotations

import sqlite3
import time

VERSION = 10
"""Another number: a cache is thrown away and made anew."""

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    stamp TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    told INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    run TEXT NOT NULL,
    began REAL NOT NULL,
    open INTEGER NOT NULL,
    state TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE INDEX segment_of_id ON segment (run_id);
CREATE INDEX segment_of_run ON segment (run, began);
CREATE TABLE run (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    project TEXT NOT NULL,
    entity TEXT NOT NULL,
    started REAL NOT NULL,
    state TEXT NOT NULL,
    changed INTEGER NOT NULL,
    row TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX run_of_id ON run (id);
CREATE INDEX run_changed ON run (changed);
CREATE TABLE gone (key TEXT PRIMARY KEY, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE chunk (
    segment INTEGER NOT NULL,
    name INTEGER NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    rows BLOB NOT NULL,
    numbers BLOB NOT NULL
);
CREATE INDEX chunk_of_column ON chunk (segment, name, first);
CREATE TABLE value (
    segment INTEGER NOT NULL,
    name INTEGER NOT NULL,
    row INTEGER NOT NULL,
    step INTEGER NOT NULL,
    json TEXT NOT NULL
);
CREATE INDEX value_of_name ON value (segment, name);
CREATE TABLE console (
    segment INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time REAL,
    text TEXT NOT NULL,
    PRIMARY KEY (segment, number)
) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Makes the tables where they are missing or of another version."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    # Another board may have made them meanwhile
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found != VERSION:
        old = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in old:
            connection.execute(f'DROP TABLE "{table}"')
        for statement in _TABLES.split(";\n"):
            connection.execute(statement)
        # A page that saw an older cache must find all of this one newer
        connection.execute("INSERT INTO meta VALUES ('version', ?), ('base', ?)", [int(time.time() * 1000)] * 2)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
