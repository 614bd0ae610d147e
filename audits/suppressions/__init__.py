"""Waivers, ignore comments, and zizmor's configuration of ignored rules."""
