"""Computes how far each package is on its way to trusted publishing."""
