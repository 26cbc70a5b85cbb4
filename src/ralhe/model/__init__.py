"""The torch side of what the core evaluates: entropy networks, synthesis, transform, latents."""
