"""Scenes against a reference, measured in pictures.

files -> measure -> Comparison (quality) -> report
"""

from ralhe.comparison.measure import compare
from ralhe.comparison.quality import Comparison
from ralhe.comparison.report import write_report

__all__ = ["Comparison", "compare", "write_report"]
