"""Types that all packages share; they import no other package of this project."""
