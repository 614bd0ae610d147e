"""What ``release-audit init`` writes: the lesson's release workflow for a repository's own packages."""
