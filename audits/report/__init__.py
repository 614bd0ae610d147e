"""Writes audits as text and files: terminal, Markdown, CSV, JSON, SARIF."""
