"""Designs of papers, built here to compare with: no part of the product, nothing of them is shipped."""
