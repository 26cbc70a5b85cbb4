"""The exceptions this package raises on purpose. Each message is one line that names the mend."""


class RalheError(Exception):
    """Base of every error raised on purpose by this package."""


class SceneError(RalheError):
    """A scene, or a file that should hold one, cannot be used."""


class BitstreamError(RalheError):
    """A .ralhe stream is truncated, corrupt, hostile, or of a version this decoder does not know."""


class RateError(RalheError):
    """No stream of the requested size can be made of the scene."""


class CameraError(RalheError):
    """A camera, a photo or a file of cameras cannot be used."""
