"""Networks as any callable `predict: image -> logits`: what readings check of it, and its compiled programs."""

__all__ = ["checks", "memory", "programs"]
