"""Views: one thin file for each page of the dashboard."""
