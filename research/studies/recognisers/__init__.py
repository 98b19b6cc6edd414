"""Recognisers: are small networks as accurate as the documents say?"""
