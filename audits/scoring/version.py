"""The version of the scoring policy, apart from the rules: it names a score without loading them."""

POLICY = "v2026-2"
"""The policy's version, ``v<year>-<n>``. `audits.scoring.policy` makes a digest of the rules, and a test
holds that a change of them comes with a new version."""
