"""Collectors: the only place where the network and other people's files are read."""
