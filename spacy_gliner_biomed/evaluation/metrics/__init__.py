"""What is right and what is wrong: five ways to match mentions, their scores with intervals, and the kinds of errors."""
