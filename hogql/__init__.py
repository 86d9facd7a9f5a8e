"""The query language: parse, resolve, guard, print."""
