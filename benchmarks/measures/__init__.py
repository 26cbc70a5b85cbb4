"""What is measured of a codec."""
