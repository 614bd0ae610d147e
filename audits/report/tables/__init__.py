"""The tables of an export: their columns, and how a row becomes cells."""
