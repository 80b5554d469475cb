"""heddle_cc_test: a cc_test, and the same under each sanitizer.

    load("@heddle//testing/sanitizer:heddle_cc_test.bzl", "heddle_cc_test")

    heddle_cc_test(
        name = "queue_test",
        srcs = ["queue_test.cc"],
        deps = [":queue", "@heddle", "@com_google_googletest//:gtest_main"],
    )

makes queue_test, queue_test_asan and queue_test_tsan. docs/sanitizer_tests.md
says more.
"""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load(":sanitized_test.bzl", "sanitized_test")
load(":sanitizers.bzl", "SANITIZERS")

# What of a cc_test's attributes is about running it, or who may: the variants
# have them too.
_PASSED_ON = [
    "args",
    "compatible_with",
    "data",
    "deprecation",
    "env",
    "env_inherit",
    "exec_compatible_with",
    "exec_properties",
    "flaky",
    "local",
    "restricted_to",
    "shard_count",
    "size",
    "timeout",
    "visibility",
]

def heddle_cc_test(
        name,
        sanitizers = ["asan", "tsan"],
        tags = [],
        target_compatible_with = [],
        variant_tags = [],
        **kwargs):
    """Declares the cc_test `name`, and `name`_asan and so on.

    Args:
      name: the cc_test
      sanitizers: any of asan, msan (under clang alone), tsan, ubsan
      tags: of all; noasan leaves out asan's variant, and so on
      target_compatible_with: of all
      variant_tags: of the variants; they have sanitizer_variant and the
        sanitizer's name as well
      **kwargs: as of a cc_test
    """
    cc_test(
        name = name,
        tags = tags,
        target_compatible_with = target_compatible_with,
        **kwargs
    )
    passed_on = {key: kwargs[key] for key in _PASSED_ON if key in kwargs}
    for sanitizer in sanitizers:
        if sanitizer not in SANITIZERS:
            fail("heddle_cc_test %s: there is no sanitizer %s; there are %s" %
                 (name, repr(sanitizer), ", ".join(sorted(SANITIZERS))))
        if "no" + sanitizer in tags:
            continue
        compatible = target_compatible_with
        if SANITIZERS[sanitizer].only_clang:
            compatible = compatible + select({
                str(Label("//testing/sanitizer:clang")): [],
                "//conditions:default": [str(Label("//testing/sanitizer:only_clang"))],
            })
        sanitized_test(
            name = "%s_%s" % (name, sanitizer),
            testonly = kwargs.get("testonly", True),
            clang = select({
                str(Label("//testing/sanitizer:clang")): True,
                "//conditions:default": False,
            }),
            sanitizer = sanitizer,
            tags = tags + variant_tags + [
                sanitizer,
                "sanitizer_variant",
            ],
            target_compatible_with = compatible,
            test = ":" + name,
            **passed_on
        )
