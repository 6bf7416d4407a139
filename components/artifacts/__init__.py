"""Model files: are they what was signed, and is there a way back?"""
