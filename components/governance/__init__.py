"""What is kept about the programme itself, on the screen."""
