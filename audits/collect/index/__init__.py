"""Collects evidence about packages from PyPI and other package registries."""
