"""The networks: Flax NNX modules, called on one image, returning (logits, activations); one file each.

A config is a dataclass with `build(rngs)`, which makes the module, and `label`, which says what figures call it.
A network of your own needs nothing else: its config may stand in any package.
"""
