"""How a claim is measured and judged: intervals, claims, verdicts."""
