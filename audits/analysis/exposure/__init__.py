"""Who can publish a package: ways into jobs, what jobs hold, and the paths from one to the other."""
