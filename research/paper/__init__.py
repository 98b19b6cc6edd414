"""Run the studies in order; report, LaTeX, reference run."""
