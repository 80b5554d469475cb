"""Model tests: lock-free code under relacy (docs/models.md)."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//bazel:copts.bzl", "HEDDLE_TEST_COPTS")

# Hundreds of thousands of executions want an optimised build. glibc's checks of
# longjmp, by which relacy changes stacks, are for those who have one stack.
HEDDLE_MODEL_COPTS = HEDDLE_TEST_COPTS + [
    "-O2",
    "-U_FORTIFY_SOURCE",
]

def heddle_model_test(name, srcs, deps, size = "medium"):
    """Declares a test that runs models.

    Args:
      name: ends with _model_test
      srcs: sources that include testing/model/model.h
      deps: libraries under test
      size: a test's size
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs,
        copts = HEDDLE_MODEL_COPTS,
        # Its threads are ucontexts of its own on stacks that no sanitizer knows
        # of, and it replaces operator new. The code under test is run under the
        # sanitizers by its other tests.
        tags = [
            "noasan",
            "nomsan",
            "notsan",
        ],
        deps = deps + [
            "//testing/model",
            "@com_google_googletest//:gtest_main",
        ],
    )
