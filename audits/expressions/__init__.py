"""GitHub's expression language: syntax, evaluation, and glob patterns."""
