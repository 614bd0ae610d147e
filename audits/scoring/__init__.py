"""Scores, grades, their policy, and the checklist of the lesson."""
