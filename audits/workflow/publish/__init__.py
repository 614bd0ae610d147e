"""Finds the steps that publish packages, with registry, channel and credential."""
