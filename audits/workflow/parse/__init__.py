"""Parses workflow, action and metadata files into the model."""
