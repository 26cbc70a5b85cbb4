"""Codecs of other people, run as their users run them."""
