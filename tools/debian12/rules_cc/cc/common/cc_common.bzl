"""@rules_cc//cc/common:cc_common.bzl for Bazel 4.2, which has it built in."""

load(":native.bzl", "native_cc_common")

cc_common = native_cc_common
