"""Other analysers, used as libraries behind our own results."""
