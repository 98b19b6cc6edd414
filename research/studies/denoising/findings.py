"""What else the results show."""

import xarray as xr


def findings(results: xr.Dataset) -> list:
    """None yet."""
    return []
