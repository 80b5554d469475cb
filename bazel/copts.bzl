"""Compile options of heddle's own targets: both compilers' warnings, as errors."""

HEDDLE_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Werror",
]

# For the tests only.
HEDDLE_TEST_COPTS = HEDDLE_COPTS
