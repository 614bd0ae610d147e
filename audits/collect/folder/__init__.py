"""Collects repositories from folders and bare clones on disk, without running git."""
