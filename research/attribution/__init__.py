"""What each pixel means to a network: causal index, saliency, null models, agreement of maps."""
