"""What all figures share: style, tiles of images, labels, animation."""
