"""Fitting a stream to one scene: latents, synthesis and entropy networks for distortion + lambda * rate."""
