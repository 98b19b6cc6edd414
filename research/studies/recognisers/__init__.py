"""Recognisers: do small networks read digits as well as the documents say?"""
