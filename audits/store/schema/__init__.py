"""The tables of the store, their types and codes."""
