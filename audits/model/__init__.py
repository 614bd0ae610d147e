"""The types that cross the seams between the packages; they import nothing of ours."""
