"""What leadership sees first: verdict, changes, obstacles, and the numbers that matter."""
