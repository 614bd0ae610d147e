"""Workflow files, read into the model: parsing, publications and the way a release takes."""
