"""What a plugin may rely on: explainers, measures, their options and their context. No registry, no threads."""
