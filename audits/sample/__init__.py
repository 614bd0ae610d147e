"""An invented organization that ships with the program, read by the same pipeline as any other.

Its repositories, releases and settings are made up; ``states/<date>`` holds the files that a
repository changed on that day.
"""
