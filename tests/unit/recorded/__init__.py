"""What other tools answered, recorded once; the questions can be generated again."""
