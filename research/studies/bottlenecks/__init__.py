"""Bottlenecks: can a digit pass through two neurons?"""
