"""Plugins: found, ordered, loaded, switched per organ and phase, and isolated when they fail."""
