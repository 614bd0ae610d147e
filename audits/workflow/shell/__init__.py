"""Reads the commands of shell scripts in workflows."""
