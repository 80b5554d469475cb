"""Compile options of heddle's own targets: the warnings that both compilers share.

That they are errors is said in .bazelrc, for this repository alone: a workspace
that depends on heddle may have a newer compiler, which warns of more.
"""

HEDDLE_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
]

# For the tests only.
HEDDLE_TEST_COPTS = HEDDLE_COPTS
