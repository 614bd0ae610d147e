"""The revisions of the schema: one file each, named after its revision."""
