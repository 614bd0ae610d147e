"""Tests of the dashboard: pure pieces, views through the router, and a real browser."""
