"""Views of our own making, for scenes that come without cameras."""

from ralhe.viewpoints.kind import Kind
from ralhe.viewpoints.opening import opening
from ralhe.viewpoints.placement import own_views, place_views
from ralhe.viewpoints.turntable import turntable

__all__ = ["Kind", "opening", "own_views", "place_views", "turntable"]
