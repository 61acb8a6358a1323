"""What is done with the cards, on the office's machine: the only part of the program that opens media.

Nothing that serves or collects reaches this folder; of the command line, three commands do.
"""
