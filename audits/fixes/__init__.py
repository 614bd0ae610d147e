"""Fixes as exact text changes, and links to the pages that close a finding."""
