"""Sweeps: one study over a grid of settings, every point a process and a run folder of its own.

    DIR/sweep.json       the config, the grid, and where it is run from
    DIR/manifest.jsonl   one argv a line; everything else is found from here
    DIR/runs/NAME/       the run folder of each point (`research.runs.store`)
    DIR/logs/            i.log and i.exit of line i (from 0); jobs.jsonl and sweep.sh where Slurm runs them

A sweep is many whole studies, so that each has the bits it has alone. What differs only in a number of networks or
restarts needs no sweep: the studies' own configs count them, and compute them together as one population.
"""
