"""The store on SQL: one set of transactions, run by SQLite or PostgreSQL. See `database` for how."""
