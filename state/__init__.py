"""The vocabulary and the truth: values, events, reducers, the store. Knows no channel, tool or model."""

STORES = {
    "sqlite": "state.sql.sqlite:SqliteDatabase",
    "postgresql": "state.sql.postgres:PostgresDatabase",
}
HINTS = {"redis": "state.redis_hints:RedisHints"}
