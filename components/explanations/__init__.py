"""Stored explanations: are they what the model says, and what do they say of a score?"""
