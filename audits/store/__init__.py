"""The store: a SQL database of scans, whose rows are valid for intervals of scans."""
