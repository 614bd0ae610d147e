"""The catalog of actions and commands that upload packages."""
