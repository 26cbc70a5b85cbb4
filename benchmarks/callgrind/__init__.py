"""The decoder core under callgrind: a count of instructions that no other work on the machine changes."""
