"""Collects repositories, settings and references from GitHub's API."""
